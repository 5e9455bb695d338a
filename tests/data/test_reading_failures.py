"""Damaged archives, pipes and devices end in one line that names the file."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nearfar.api._embedding_files import read_embeddings
from nearfar.data import open_source


@pytest.mark.parametrize("ending", ["npz", "npy", "csv.gz", "safetensors", "parquet", "xlsx"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x1f\x8b\x08\x00" + b"\xff" * 40])
def test_a_file_of_another_content_is_named(tmp_path: Path, ending: str, content: bytes) -> None:
    file = tmp_path / f"data.{ending}"
    file.write_bytes(content)
    for read in (open_source, read_embeddings):
        with pytest.raises((ValueError, TypeError, OSError, ImportError), match="data") as error:
            read(file)
        assert len(str(error.value)) < 1_000


def test_an_archive_with_a_damaged_member_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.npz"
    np.savez_compressed(file, x=np.random.default_rng(0).standard_normal((400, 5)))
    content = bytearray(file.read_bytes())
    content[200:300] = bytes(100)
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"rows\.npz"):
        open_source(file).read(range(2))
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00v\x00{'descr")
    with pytest.raises(ValueError, match=r"rows\.npz"):
        open_source(file)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes in the file system")
def test_pipes_and_devices_are_refused_before_they_are_read(tmp_path: Path) -> None:
    pipe = tmp_path / "rows.csv"
    os.mkfifo(pipe)
    for path, kind in ((pipe, "a pipe"), (Path("/dev/zero"), "a device")):
        for read in (open_source, read_embeddings):
            with pytest.raises(ValueError, match=f"must be a file or a folder, but is {kind}"):
                read(path)

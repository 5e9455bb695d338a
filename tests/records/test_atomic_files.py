"""Files that are whole or as before, with the permissions of new files, and no leftovers."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from nearfar._platform import lock
from nearfar.records import replace_atomically, write_text


@pytest.mark.skipif(sys.platform == "win32", reason="has no mask of permissions")
@pytest.mark.parametrize("mask", [0o077, 0o022, 0o002])
def test_permissions_follow_the_mask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write_text(tmp_path / "a.json", "{}")
    finally:
        os.umask(before)
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o666 & ~mask


def test_what_a_killed_process_left_is_removed_and_what_another_writes_is_kept(
    tmp_path: Path,
) -> None:
    pytest.importorskip("fcntl")
    left, written, other = (
        tmp_path / name for name in (".a.json.12.part", ".a.json.34.part", ".b.json.56.part")
    )
    for path in (left, written, other):
        path.write_text("half")
    with lock(written):
        write_text(tmp_path / "a.json", "{}")
    assert sorted(tmp_path.iterdir()) == sorted([written, other, tmp_path / "a.json"])


def test_a_failure_keeps_the_file_and_names_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_text(path, "before")

    def full(part: Path) -> None:
        part.write_text("ha")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=r"cannot write .*a\.json: No space left"):
        replace_atomically(path, full)
    assert path.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]

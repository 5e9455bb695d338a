"""The modality that a look at the data finds is among those told from the names of files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nearfar.data import modality_of
from nearfar.data._possible_kinds import possible_kinds

FOLDERS = {
    "photos": ["cat.jpg", "dog.png"],
    "recordings": ["a.wav", "b.flac", "cover.jpg"],
    "both": ["a.wav", "b.jpg", "c.jpg"],
    "tables": ["a.csv", "b.csv"],
    "texts": ["a.txt", "b.txt"],
    "nothing": [],
    "other": ["a.xyz"],
}


@pytest.mark.parametrize("name", FOLDERS)
def test_of_a_folder(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    for file in FOLDERS[name]:
        (folder / file).write_text("a,b\n1,2\n3,4\n")
    assert modality_of(str(folder)) in possible_kinds(folder)


@pytest.mark.parametrize(
    "name",
    [
        *("a.png", "a.TIF", "a.wav", "a.mp3", "a.txt", "a.csv", "a.tsv", "a.jsonl", "a.csv.gz"),
        *("a.edges", "a.edgelist", "a.graphml", "photos", "a.jpg.gz", "train-images-idx3-ubyte"),
    ],
)
def test_of_a_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("a,b\n1,2\n3,4\n")
    try:
        found = modality_of(str(path))
    except (TypeError, ValueError):
        return  # it is refused anyway
    assert found in possible_kinds(path)


@pytest.mark.parametrize("shape", [(9, 4), (9, 8, 8), (9, 8, 8, 3)])
def test_of_arrays(shape: tuple[int, ...], tmp_path: Path) -> None:
    for name in ("a.npy", "a.npz"):
        path = tmp_path / name
        np.save(path, np.zeros(shape)) if name == "a.npy" else np.savez(path, x=np.zeros(shape))
        assert modality_of(str(path)) in possible_kinds(path)

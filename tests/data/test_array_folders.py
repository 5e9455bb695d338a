"""Folders of .npy files: one sample per file, one array with its labels, or named arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nearfar.data import modality_of, open_labeled, open_source
from nearfar.data._array_files import array_ending
from nearfar.data._possible_kinds import possible_kinds
from tests.data.pictures import fill

RANDOM = np.random.default_rng(0)


def saved(folder: Path, *shapes: tuple[int, ...], dtype: Any = np.float32) -> list[np.ndarray]:
    folder.mkdir(parents=True, exist_ok=True)
    arrays = [RANDOM.random(shape).astype(dtype) for shape in shapes]
    for row, array in enumerate(arrays):
        np.save(folder / f"{row:03d}.npy", array)
    return arrays


@pytest.mark.parametrize(
    ("shape", "described"),
    [
        ((16, 12), "images: 9 grey images 12×16"),
        ((16, 12, 3), "images: 9 colour images 12×16"),
        ((3, 16, 12), "images: 9 colour images 12×16"),
        ((30,), "vectors: 9 vectors of 30 features"),
    ],
)
def test_files_of_one_shape_are_one_array(
    tmp_path: Path, shape: tuple[int, ...], described: str
) -> None:
    arrays = saved(tmp_path, *[shape] * 9)
    assert array_ending(tmp_path) == ".arrays"
    source = open_source(tmp_path)
    assert f"{source.modality}: {source.describe()}" == described
    assert [source.identify(row) for row in (0, 8)] == ["000.npy", "008.npy"]
    whole = open_source(np.stack(arrays))
    for name, value in vars(source.read([3]).inputs).items() if shape != (30,) else ():
        np.testing.assert_array_equal(value, vars(whole.read([3]).inputs)[name])
    assert source.modality in possible_kinds(tmp_path)
    size = "×".join(map(str, shape))
    assert source.notes[0].startswith(f"9 arrays of {size}, one per file")
    assert ("`modality`='sequences' reads each as a series" in source.notes[0]) == (len(shape) < 3)


@pytest.mark.parametrize(
    ("shapes", "described"),
    [
        ([(40,), (52,), (47,)], "3 series of 40 to 52 steps"),
        ([(40, 3), (52, 3), (47, 3)], "3 series of 40 to 52 steps in 3 channels"),
        ([(3, 40), (3, 52), (3, 47)], "3 series of 40 to 52 steps in 3 channels"),
    ],
)
def test_files_of_different_lengths_are_series(
    tmp_path: Path, shapes: list[tuple[int, ...]], described: str
) -> None:
    arrays = saved(tmp_path, *shapes)
    source = open_source(tmp_path, modality="sequences", scale=(1.0,) * (len(shapes[0]) * 2 - 1))
    assert modality_of(tmp_path) == "sequences"
    assert source.describe() == described
    read = source.read([1]).inputs.values[0].numpy()
    expected = np.atleast_2d(arrays[1].T if shapes[0][-1] == 3 else arrays[1])
    np.testing.assert_allclose(read[:, : expected.shape[1]], expected, rtol=1e-6)
    assert source.identify(1) == "001.npy"
    np.save(tmp_path / "003.npy", np.zeros(4 if len(shapes[0]) == 1 else (shapes[0][0], 3)))


def test_one_shape_can_be_series_or_audio(tmp_path: Path) -> None:
    saved(tmp_path, *[(900,)] * 4)
    assert open_source(tmp_path, modality="sequences").describe() == "4 series of 900 steps"
    sounds = open_source(tmp_path, sample_rate=1_000)
    assert (sounds.modality, sounds.identify(2)) == ("sequences", "002.npy")


def test_pictures_of_several_sizes_are_images(tmp_path: Path) -> None:
    arrays = saved(tmp_path, (16, 12), (20, 14), (18, 18))
    source = open_source(tmp_path)
    assert source.describe() == "3 grey images 12×16 to 18×18 (of 3 inspected)"
    assert source.identify(1) == "001.npy"
    batch = source.read([1]).inputs
    np.testing.assert_allclose(batch.pixels[0, 0, :20, :14].numpy(), arrays[1], atol=1e-6)


@pytest.mark.parametrize(
    "shapes",
    [[(16, 16), (16, 16), (64,)], [(4, 5, 3), (5, 5)], [(2, 3, 4, 5), (2, 3, 4, 6)], [(9,), ()]],
)
def test_shapes_without_anything_in_common_are_refused(
    tmp_path: Path, shapes: list[tuple[int, ...]]
) -> None:
    saved(tmp_path, *shapes)
    with pytest.raises(ValueError, match=r"one number of axes.* got 2 shapes: .*000\.npy"):
        open_source(tmp_path)


def test_class_folders_and_a_split_are_labels(tmp_path: Path) -> None:
    for place in ("a", "b"):
        saved(tmp_path / "plain" / place, *[(8, 9)] * 4)
        for part in ("train", "test"):
            saved(tmp_path / "split" / part / place, *[(8, 9)] * 3)
    plain = open_labeled(tmp_path / "plain")
    assert (plain.class_names, plain.train_labels.tolist()) == (("a", "b"), [0] * 4 + [1] * 4)
    split = open_labeled(tmp_path / "split")
    assert split.test is not None
    assert (len(split.train), len(split.test)) == (6, 6)
    assert split.train.identify(4) == "train/b/001.npy"
    assert len(open_source(tmp_path / "split", split="all")) == 12
    assert "6 of them are a test set" in open_source(tmp_path / "split").notes[0]


def test_one_array_with_labels_is_that_array(tmp_path: Path) -> None:
    values, labels = RANDOM.random((30, 7)), np.arange(30) % 3
    np.save(tmp_path / "measured.npy", values)
    (tmp_path / "README.md").write_text("what it is")
    assert open_source(tmp_path).describe() == "30 vectors of 7 features"
    np.save(tmp_path / "labels.npy", labels)
    found = open_labeled(tmp_path)
    assert found.train_labels.tolist() == labels.tolist()
    assert found.train.identify(3) == "row 3"
    for part in ("x_train", "x_test"):
        np.save(tmp_path / f"{part}.npy", values)
    (tmp_path / "measured.npy").unlink()
    assert len(open_source(tmp_path, split="all")) == 60
    only = tmp_path / "only"
    only.mkdir()
    np.savez(only / "set.npz", x=values, y=labels)
    (only / "labels.csv").write_text("label\n1\n")
    assert open_labeled(only).train_labels.tolist() == labels.tolist()


def test_other_folders_stay_what_they_are(tmp_path: Path) -> None:
    fill(tmp_path / "pictures", 5)
    saved(tmp_path / "pictures" / "features", (4,), (4,))
    assert modality_of(tmp_path / "pictures") == "images"
    empty = tmp_path / "empty"
    empty.mkdir()
    assert array_ending(empty) == ""
    with pytest.raises(ValueError, match="which is empty"):
        open_source(empty)


def test_a_damaged_file_and_a_pickle_are_named(tmp_path: Path) -> None:
    saved(tmp_path, *[(8, 9)] * 3)
    (tmp_path / "001.npy").write_bytes(b"no array")
    with pytest.raises((TypeError, ValueError), match=r"001\.npy in .* (is damaged|contains)"):
        open_source(tmp_path)
    np.save(tmp_path / "001.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(TypeError, match=r"001\.npy in .* contains Python objects"):
        open_source(tmp_path)

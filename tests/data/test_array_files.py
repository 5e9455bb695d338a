"""Arrays in files, and what is refused there."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from nearfar.data import open_labeled, open_source

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 10, 10), dtype=np.uint8)


class Dangerous:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('unpickled')",))


def test_npy_files_are_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", PIXELS)
    source = open_source(tmp_path / "images.npy")
    assert torch.equal(source.read([3, 1]).inputs.pixels[:, 0], torch.from_numpy(PIXELS[[3, 1]]))
    assert (source.name, len(source)) == ("images", 12)


@pytest.mark.parametrize("key", ["x", "images", "data", "x_train", "train_images", "whatever"])
def test_npz_files_give_their_images(tmp_path: Path, key: str) -> None:
    np.savez(tmp_path / "set.npz", **{key: PIXELS, "y": np.arange(12)})
    assert torch.equal(
        open_source(tmp_path / "set.npz").read([0]).inputs.pixels[0, 0], torch.from_numpy(PIXELS[0])
    )


def test_an_npz_file_with_two_candidates_lists_its_keys(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", left=PIXELS, right=PIXELS)
    with pytest.raises(
        ValueError, match=r"the array of images .* is ambiguous.* left \(uint8 \(12, 10, 10\)"
    ):
        open_source(tmp_path / "set.npz")


def test_the_official_split_of_an_npz_file_is_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "mnist.npz"
    labels = np.arange(12) % 3
    np.savez(path, x_train=PIXELS, y_train=labels, x_test=PIXELS[:6], y_test=labels[:6])
    assert [len(open_source(path, split=split)) for split in ("train", "test", "all")] == [
        12,
        6,
        18,
    ]
    data = open_labeled(path)
    assert data.test is not None
    assert data.test_labels is not None
    assert (len(data.test), data.test_labels.tolist()) == (6, [0, 1, 2, 0, 1, 2])


def test_the_test_part_of_a_file_is_mapped_as_its_training_part(tmp_path: Path) -> None:
    values = np.linspace(-1, 1, 12 * 100).reshape(12, 10, 10)
    np.savez(tmp_path / "wide.npz", x_train=values, x_test=values[:4])
    np.savez(tmp_path / "unit.npz", x_train=values.clip(0, 1), x_test=values[:4])
    wide, unit = (
        open_source(tmp_path / name, split="test").read(range(4)).inputs.pixels[:, 0].numpy()
        for name in ("wide.npz", "unit.npz")
    )
    assert np.abs(wide - (values[:4] + 1) / 2).max() < 1e-6
    assert np.abs(unit - values[:4].clip(0, 1)).max() < 1e-6  # outside the range of training


def test_pickles_and_object_arrays_are_refused_and_never_opened(tmp_path: Path) -> None:
    objects = np.array([Dangerous(), None], dtype=object)
    np.save(tmp_path / "objects.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "objects.npz", x=objects)
    (tmp_path / "pickle.npy").write_bytes(pickle.dumps(Dangerous()))
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps(Dangerous()))
    (tmp_path / "images.pkl").write_bytes(pickle.dumps(Dangerous()))
    (tmp_path / "images.pt").write_bytes(pickle.dumps(Dangerous()))
    for name in (
        "objects.npy",
        "objects.npz",
        "pickle.npy",
        "pickle.npz",
        "images.pkl",
        "images.pt",
    ):
        with pytest.raises(TypeError, match=rf"{name} .*pickle"):
            open_source(tmp_path / name)


@pytest.mark.parametrize("name", ["images.npy", "images.npz"])
def test_a_file_cut_short_is_damaged(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    (np.save if name.endswith("y") else np.savez)(path, PIXELS)
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(ValueError, match="is damaged"):
        open_source(path)


@pytest.mark.parametrize("name", ["images.npy", "images.npz"])
def test_an_empty_file_is_damaged(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(ValueError, match="is damaged"):
        open_source(tmp_path / name)


def test_an_array_of_length_zero_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "none.npy", PIXELS[:0])
    with pytest.raises(ValueError, match="images must not be empty, got an array of shape 0×10×10"):
        open_source(tmp_path / "none.npy")


def test_labels_of_an_npz_file_are_for_evaluation_alone(tmp_path: Path) -> None:
    names = np.array(["cat", "dog"] * 6)
    np.savez(tmp_path / "set.npz", x=PIXELS, y=names[:, None])
    data = open_labeled(tmp_path / "set.npz")
    assert data.class_names == ("cat", "dog")
    assert data.train_labels.tolist() == [0, 1] * 6
    assert data.test is None
    assert not hasattr(open_source(tmp_path / "set.npz").read([0]), "labels")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(5), "one per sample, 12 in"),
        (np.zeros(12, int), "at least 2 classes, got 1"),
        (np.arange(24).reshape(12, 2), "one per sample, 12 in"),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    tmp_path: Path, labels: np.ndarray, message: str
) -> None:
    np.savez(tmp_path / "set.npz", x=PIXELS, y=labels)
    with pytest.raises(ValueError, match=message):
        open_labeled(tmp_path / "set.npz")


def test_a_file_without_labels_says_how_to_name_them(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", PIXELS)
    with pytest.raises(ValueError, match="contains no labels: name them y"):
        open_labeled(tmp_path / "images.npy")

"""Labels from lists, arrays, tensors, frames, files and columns: the same classes on every road."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nearfar.data import open_labeled
from nearfar.data._class_labels import read_classes
from nearfar.data._label_files import read_labels

X = np.random.default_rng(0).normal(size=(12, 3))
WORDS = ["cat", "dog", "eel"] * 4
NUMBERS = [10, 2, 3] * 4

LIKE_WORDS: dict[str, Callable[[Any, Any], Any]] = {
    "list": lambda pd, pl: WORDS,
    "tuple": lambda pd, pl: tuple(WORDS),
    "array": lambda pd, pl: np.array(WORDS),
    "objects": lambda pd, pl: np.array(WORDS, dtype=object),
    "bytes": lambda pd, pl: np.array(WORDS, dtype="S"),
    "column": lambda pd, pl: np.array(WORDS)[:, None],
    "with blanks": lambda pd, pl: [f" {word} " for word in WORDS],
    "pandas": lambda pd, pl: pd.Series(WORDS, index=range(5, 17)),
    "pandas categorical": lambda pd, pl: pd.Series(WORDS).astype("category"),
    "categorical": lambda pd, pl: pd.Categorical(WORDS),
    "pandas frame": lambda pd, pl: pd.DataFrame({"y": WORDS}),
    "polars": lambda pd, pl: pl.Series(WORDS),
    "polars categorical": lambda pd, pl: pl.Series(WORDS, dtype=pl.Categorical),
    "polars frame": lambda pd, pl: pl.DataFrame({"y": WORDS}),
}
LIKE_NUMBERS: dict[str, Callable[[Any, Any], Any]] = {
    "list": lambda pd, pl: NUMBERS,
    "whole floats": lambda pd, pl: np.array(NUMBERS, dtype=float),
    "tensor": lambda pd, pl: torch.tensor(NUMBERS),
    "half tensor": lambda pd, pl: torch.tensor(NUMBERS, dtype=torch.bfloat16)[:, None],
    "list of tensors": lambda pd, pl: list(torch.tensor(NUMBERS)),
    "text": lambda pd, pl: [str(number) for number in NUMBERS],
    "text of floats": lambda pd, pl: [f"{number}.0" for number in NUMBERS],
    "pandas": lambda pd, pl: pd.Series(NUMBERS).astype("Int64"),
    "pandas after a merge": lambda pd, pl: pd.Series(NUMBERS, dtype=float),
    "polars": lambda pd, pl: pl.Series(NUMBERS),
    "unsigned": lambda pd, pl: np.array(NUMBERS, dtype=np.uint8),
}


@pytest.fixture(scope="module")
def frames() -> tuple[Any, Any]:
    return pytest.importorskip("pandas"), pytest.importorskip("polars")


@pytest.mark.parametrize("kind", LIKE_WORDS)
def test_words_of_any_origin(frames: tuple[Any, Any], kind: str) -> None:
    data = open_labeled(X, labels=LIKE_WORDS[kind](*frames))
    assert data.class_names == ("cat", "dog", "eel")
    assert data.train_labels.tolist() == [0, 1, 2] * 4


@pytest.mark.parametrize("kind", LIKE_NUMBERS)
def test_whole_numbers_of_any_origin(frames: tuple[Any, Any], kind: str) -> None:
    data = open_labeled(X, labels=LIKE_NUMBERS[kind](*frames))
    assert data.class_names == ("2", "3", "10")
    assert data.train_labels.tolist() == [2, 0, 1] * 4


def test_truth_values_are_classes() -> None:
    for labels in ([True, False] * 6, np.array([True, False] * 6), ["True", "False"] * 6):
        assert open_labeled(X, labels=labels).class_names == ("False", "True")


def test_blanks_that_split_a_class_are_noted() -> None:
    data = open_labeled(X, labels=["good", "good ", "bad"] * 4)
    assert data.class_names == ("bad", "good")
    assert data.notes == ("3 labels are 2 classes without the blanks around them: 'good '",)
    assert open_labeled(X, labels=WORDS).notes == ()


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, "", "  "])
def test_a_missing_label_is_an_error_that_names_the_sample(missing: Any) -> None:
    labels = [*WORDS[:5], missing, *WORDS[6:]]
    with pytest.raises(ValueError, match=r"labels must be given .* none in 1 of 12: row 5"):
        open_labeled(X, labels=labels)


def test_missing_labels_of_frames_are_errors(frames: tuple[Any, Any]) -> None:
    pandas, polars = frames
    for labels in (
        pandas.Series([*NUMBERS[:5], None, *NUMBERS[6:]]),
        pandas.Series([*NUMBERS[:5], None, *NUMBERS[6:]], dtype="Int64"),
        pandas.Series([*WORDS[:5], None, *WORDS[6:]], dtype="category"),
        polars.Series([*WORDS[:5], None, *WORDS[6:]]),
    ):
        with pytest.raises(ValueError, match="none in 1 of 12: row 5"):
            open_labeled(X, labels=labels)


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([0.5, 1.0] * 6, TypeError, "words or whole numbers, got 0.5 at row 0"),
        ([1, "a"] * 6, TypeError, "all words or all whole numbers, got 'a' at row 1"),
        ([1j, 2j] * 6, TypeError, "words or whole numbers"),
        (np.eye(12), ValueError, r"one per sample, 12 in array, got shape \(12, 12\)"),
        (WORDS[:7], ValueError, "one per sample, 12 in array, got 7"),
        (["a"] * 12, ValueError, "at least 2 classes, got 1"),
    ],
)
def test_what_holds_no_classes_is_refused(
    labels: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        open_labeled(X, labels=labels)


def test_identifiers_beyond_64_bits_are_words() -> None:
    large = [10**30, 10**30 + 1]
    assert read_classes(large).values.tolist() == [str(number) for number in large]
    assert read_classes([str(number) for number in large]).values.tolist() == list(map(str, large))
    assert read_classes(["007", "7"]).values.tolist() == ["007", "7"]


def test_labels_from_files(tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", np.array(WORDS))
    np.savez(tmp_path / "y.npz", labels=np.array(WORDS), other=np.zeros(12))
    (tmp_path / "y.txt").write_text("\n".join(WORDS) + "\n")
    named = "".join(f"f{i},{word}\n" for i, word in enumerate(WORDS))
    (tmp_path / "y.csv").write_text("file,label\n" + named)
    (tmp_path / "one.csv").write_text("\n".join(WORDS))
    (tmp_path / "y.jsonl").write_text("\n".join(json.dumps({"label": word}) for word in WORDS))
    np.save(tmp_path / "x.npy", X)
    for name in ("y.npy", "y.npz", "y.txt", "y.csv", "one.csv", "y.jsonl"):
        for path in (tmp_path / name, str(tmp_path / name)):
            data = open_labeled(tmp_path / "x.npy", labels=path)
            assert data.train_labels.tolist() == [0, 1, 2] * 4, name
    with pytest.raises(FileNotFoundError, match=r"`labels`: no file .*nowhere\.npy"):
        open_labeled(X, labels=str(tmp_path / "nowhere.npy"))
    np.savez(tmp_path / "two.npz", a=np.array(WORDS), b=np.array(WORDS))
    with pytest.raises(ValueError, match=r"two\.npz must have one array or one called y.*got a, b"):
        read_labels(tmp_path / "two.npz")


def test_a_column_with_the_name_of_a_file_is_a_column(tmp_path: Path) -> None:
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("text", "kind.txt"), *((f"a {w}", w) for w in WORDS)])
    assert open_labeled(tmp_path / "t.csv", labels="kind.txt").class_names == ("cat", "dog", "eel")


@given(labels=st.lists(st.integers(-9, 9), min_size=2, max_size=9))
@settings(max_examples=50, deadline=None)
def test_numbers_and_their_names_are_the_same_classes(labels: list[int]) -> None:
    expected = read_classes(labels).values
    for other in (
        [float(label) for label in labels],
        [f" {label}" for label in labels],
        np.array(labels, dtype=np.float16),
        torch.tensor(labels),
    ):
        np.testing.assert_array_equal(read_classes(other).values, expected)


@pytest.mark.parametrize(
    "ending", [".npy", ".npz", ".mat", ".h5", ".safetensors", "-idx1-ubyte.gz"]
)
def test_labels_are_read_from_every_file_of_arrays(tmp_path: Path, ending: str) -> None:
    values, path = np.array(NUMBERS, dtype=np.uint8), tmp_path / f"classes{ending}"
    write_array(path, values)
    assert read_classes(read_labels(path).values).values.tolist() == NUMBERS
    labeled = open_labeled(X, labels=str(path), modality="vectors")
    assert labeled.class_names == ("2", "3", "10")


def write_array(path: Path, values: Any) -> None:
    if path.suffix == ".npy":
        np.save(path, values)
    elif path.suffix == ".npz":
        np.savez(path, y=values, more=values[:3])
    elif path.suffix == ".mat":
        pytest.importorskip("scipy.io").savemat(path, {"labels": values})
    elif path.suffix == ".h5":
        with pytest.importorskip("h5py").File(path, "w") as file:
            file["target"] = values
    elif path.suffix == ".safetensors":
        pytest.importorskip("safetensors.numpy").save_file({"y": values}, path)
    else:
        path.write_bytes(gzip.compress(b"\0\0\x08\x01" + len(values).to_bytes(4) + bytes(values)))

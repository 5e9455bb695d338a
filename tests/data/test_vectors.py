"""Vectors from arrays, files and tables: what is read, what is refused and how it is said."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nearfar.data import VectorSource, open_labeled, open_source

X = np.random.default_rng(0).normal(size=(30, 4))
Y = np.arange(30) % 3


def opened(spec: Any, **options: Any) -> VectorSource:
    source = open_source(spec, modality="vectors", **options)
    assert isinstance(source, VectorSource)
    return source


@pytest.mark.parametrize(
    "dtype", [np.float16, np.float32, np.float64, np.int8, np.uint64, np.bool_]
)
def test_rows_are_read_as_they_are(dtype: type) -> None:
    array = np.abs(X * 3).astype(dtype)
    source = opened(array)
    read = source.read([4, 1])
    assert isinstance(read.inputs, torch.Tensor)
    np.testing.assert_array_equal(read.inputs.numpy(), array[[4, 1]].astype(np.float64))
    assert read.inputs.dtype == (
        torch.float32 if dtype in (np.float16, np.float32) else torch.float64
    )
    assert read.samples.tolist() == [4, 1]


def test_an_array_with_two_axes_and_a_tensor_are_vectors_unasked() -> None:
    assert isinstance(open_source(X), VectorSource)
    assert open_source(torch.from_numpy(X).bfloat16()).describe() == "30 vectors of 4 features"


def test_views_of_memory_with_odd_strides_are_read() -> None:
    turned = np.asfortranarray(X)[::-2]
    read = opened(turned).read(range(15)).inputs
    assert isinstance(read, torch.Tensor)
    np.testing.assert_array_equal(read.numpy(), X[::-2])


def test_a_constant_column_is_noted() -> None:
    array = X.copy()
    array[:, 2] = 7
    assert opened(array).notes == ("1 constant column: 2",)
    assert opened(X).notes == ()


def test_the_fingerprint_follows_the_values() -> None:
    changed = X.copy()
    changed[3, 3] += 1
    assert opened(X).fingerprint == opened(X.copy()).fingerprint != opened(changed).fingerprint


@pytest.mark.parametrize(
    ("array", "error", "message"),
    [
        (np.zeros(5), ValueError, "vectors must be N×D, got shape 5"),
        (np.zeros((5, 2, 2)), ValueError, "vectors must be N×D, got shape 5×2×2"),
        (np.zeros((0, 3)), ValueError, "must not be empty, got an array of shape 0×3"),
        (np.zeros((3, 0)), ValueError, "must not be empty, got an array of shape 3×0"),
        (np.array([["a", "b"]]), TypeError, "must be real numbers, got <U1"),
        (np.zeros((2, 2), complex), TypeError, "must be real numbers, got complex128"),
        (np.array([[1, None]]), TypeError, "must be real numbers, got object"),
    ],
)
def test_what_holds_no_vectors_is_refused(
    array: np.ndarray, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        opened(array)


@pytest.mark.parametrize(("value", "said"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_a_value_that_is_not_finite_is_refused_with_its_row(value: float, said: str) -> None:
    array = X.copy()
    array[17, 2] = value
    message = rf"values must be finite, got {said} in row 17, column 2$"
    with pytest.raises(ValueError, match=message):
        opened(array)
    array[20, 0] = value
    with pytest.raises(ValueError, match=r"in row 17, column 2 \(2 such rows\)$"):
        opened(array)


def test_a_npy_file_is_mapped_and_a_npz_file_has_its_official_split(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", X)
    source = opened(tmp_path / "v.npy")
    assert isinstance(source._array, np.memmap)
    assert source.name == "v"
    np.savez(tmp_path / "v.npz", x=X[:20], y=Y[:20], x_test=X[20:], y_test=Y[20:])
    assert len(open_source(tmp_path / "v.npz")) == 20
    assert len(open_source(tmp_path / "v.npz", split="test")) == 10
    everything = open_source(tmp_path / "v.npz", split="all")
    read = everything.read([25, 3]).inputs
    assert isinstance(read, torch.Tensor)
    np.testing.assert_array_equal(read.numpy(), X[[25, 3]])
    data = open_labeled(tmp_path / "v.npz")
    assert data.test is not None
    assert data.test_labels is not None
    assert data.train_labels.tolist() == Y[:20].tolist()
    assert data.test_labels.tolist() == Y[20:].tolist()


def test_the_only_matrix_of_a_npz_file_is_found(tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", measured=X, labels=Y)
    assert opened(tmp_path / "v.npz").dim == 4
    np.savez(tmp_path / "w.npz", a=X, b=X)
    with pytest.raises(
        ValueError, match=r"the array of vectors in w.npz is ambiguous.* a \(float64"
    ):
        opened(tmp_path / "w.npz")


def test_a_test_set_of_other_columns_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", x=X, x_test=X[:, :3])
    with pytest.raises(ValueError, match="x_test must have the 4 columns of x, got 3"):
        open_source(tmp_path / "v.npz", split="test")


def table(path: Path, *, separator: str = ",", header: bool = True) -> Path:
    lines = [separator.join(["id", "a", "b", "kind"])] if header else []
    for i in range(12):
        lines.append(separator.join([str(i), f"{X[i, 0]:.6f}", f"{X[i, 1]:.6f}", "uv"[i % 2]]))
    text = "\n".join(lines) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz"])
def test_columns_of_numbers_are_the_features_of_a_table(tmp_path: Path, name: str) -> None:
    path = table(tmp_path / name, separator="\t" if ".tsv" in name else ",")
    source = opened(path, exclude=("id",))
    assert source.columns == ("a", "b")
    assert source.name == "t"
    assert source.notes == ("1 non-numeric column ignored: kind",)
    read = source.read(range(12)).inputs
    assert isinstance(read, torch.Tensor)
    np.testing.assert_allclose(read.numpy(), X[:12, :2], atol=1e-6)


def test_a_table_without_names_is_numbered(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("1,2\n3,4\n5,7\n")
    source = opened(path)
    assert source.columns == ("0", "1")
    assert len(source) == 3


def test_a_column_of_a_table_can_hold_the_labels(tmp_path: Path) -> None:
    data = open_labeled(
        table(tmp_path / "t.csv"), labels="kind", modality="vectors", exclude=("id",)
    )
    assert data.class_names == ("u", "v")
    assert data.train_labels.tolist() == [0, 1] * 6
    assert isinstance(data.train, VectorSource)
    assert data.train.columns == ("a", "b")
    with pytest.raises(
        ValueError, match="contains no labels: name the array y, or specify a table's column"
    ):
        open_labeled(tmp_path / "t.csv", modality="vectors")


def test_a_parquet_table_is_read(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {"a": X[:, 0], "b": (X[:, 1] > 0), "kind": [str(y) + "!" for y in Y]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    source = opened(tmp_path / "t.parquet")
    assert source.columns == ("a", "b")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(ValueError, match=r"bad.parquet is damaged"):
        opened(tmp_path / "bad.parquet")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "t.csv is empty"),
        ("a,b\n1,2\n3\n4\n", "more than half of the file is damaged: 2 of 3 lines"),
        (
            "a,b\n1,2\n3,\n4,5\n",
            "column b must contain a number in each row, got '' in row 1; `exclude`='b'",
        ),
        (
            "a,b\n1,2\n3,x\n4,5\n",
            "column b must contain a number in each row, got 'x' in row 1; `exclude`='b'",
        ),
        ("a,a\n1,2\n", "must have distinct names, got 'a' twice"),
        ("a,b\nu,v\n", "t.csv has no numeric column"),
        ("a,b\n1,nan\n2,3\n", "column b must contain a number in each row, got 'nan' in row 0"),
    ],
)
def test_a_broken_table_is_refused_with_the_place(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        opened(tmp_path / "t.csv")


def test_an_unknown_column_is_refused_with_the_nearest(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv")
    with pytest.raises(ValueError, match=r"no column 'kint' \(did you mean 'kind'\?\)"):
        opened(path, exclude=("kint",))
    with pytest.raises(ValueError, match="an array has no column 'kind'"):
        opened(X, exclude=("kind",))
    np.save(tmp_path / "v.npy", X)
    with pytest.raises(ValueError, match=r"v.npy has no named columns, got kind"):
        opened(tmp_path / "v.npy", exclude=("kind",))


def test_files_that_are_damaged_or_hold_objects_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "o.npy", np.array([[1, "a"]], dtype=object), allow_pickle=True)
    with pytest.raises(TypeError, match="which is never loaded"):
        opened(tmp_path / "o.npy")
    np.save(tmp_path / "short.npy", X)
    content = (tmp_path / "short.npy").read_bytes()
    (tmp_path / "short.npy").write_bytes(content[:-50])
    with pytest.raises(ValueError, match=r"short.npy is damaged"):
        opened(tmp_path / "short.npy")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ValueError, match=r"bad.npz is damaged"):
        opened(tmp_path / "bad.npz")
    (tmp_path / "v.xlsx").write_bytes(b"?")
    with pytest.raises(ValueError, match="must be a file of vectors"):
        opened(tmp_path / "v.xlsx")


def test_an_array_has_no_official_test_set() -> None:
    with pytest.raises(ValueError, match="an array has no official test set"):
        open_source(X, split="test")


LISTS = np.random.default_rng(3).normal(size=(8, 3))


def frame_of_lists(package: str) -> Any:
    table = pytest.importorskip(package)
    columns = {"word": list("abcdefgh"), "embedding": LISTS.tolist(), "label": [0, 1] * 4}
    return getattr(table, "DataFrame", getattr(table, "table", None))(columns)


@pytest.mark.parametrize("package", ["pandas", "polars", "pyarrow"])
def test_a_column_of_lists_is_vectors(package: str) -> None:
    data = open_labeled(frame_of_lists(package))
    np.testing.assert_array_equal(data.train.read(range(8)).inputs.numpy(), LISTS)
    assert data.train_labels.tolist() == [0, 1] * 4
    chosen = "vectors are the lists in column embedding"
    assert data.train.notes == (chosen, "1 column ignored: word")


def test_lists_next_to_numbers_are_features_or_chosen_by_key(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    path = tmp_path / "a.parquet"
    pd.DataFrame({"size": np.arange(8) * 0.5, "v": LISTS.tolist()}).to_parquet(path)
    assert open_source(path, modality="vectors").columns == ("size", "v_0", "v_1", "v_2")
    chosen = open_source(path, modality="vectors", key="v")
    np.testing.assert_array_equal(chosen.read([5]).inputs[0].numpy(), LISTS[5])
    with pytest.raises(ValueError, match="`key` must be a column of lists"):
        open_source(path, modality="vectors", key="size")


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        ([[1.0, 2.0], [3.0]], "must have 2 numbers, got 1 in row 1"),
        ([[1.0, 2.0], None], "must have 2 numbers, got None in row 1"),
        ([[1.0, 2.0], ["a", "b"]], "only numbers"),
        ([[1.0, 2.0], [3.0, None]], "only numbers"),
    ],
)
def test_lists_that_are_no_vectors_are_refused(lists: list[Any], words: str) -> None:
    pd = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match=words):
        open_source(pd.DataFrame({"v": pd.Series(lists, dtype=object)}), modality="vectors")


def test_several_columns_of_lists_are_ambiguous() -> None:
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame({"a": LISTS.tolist(), "b": LISTS.tolist()})
    with pytest.raises(ValueError, match=r"ambiguous.*a, b.*`key`"):
        open_source(table, modality="vectors")

"""Numbers of tables: decimal marks, precision, and which columns are features."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nearfar.data import VectorSource, open_labeled, open_source

X = np.random.default_rng(0).normal(size=(30, 4)).round(3)


def table(path: Path, columns: dict[str, Any], *, delimiter: str = ",", decimal: str = ".") -> Path:
    rows = [list(columns), *zip(*columns.values(), strict=True)]
    lines = [delimiter.join(str(cell).replace(".", decimal) for cell in row) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def features(**more: Any) -> dict[str, Any]:
    return {**dict(zip("abcd", X.T.tolist(), strict=True)), **more}


def opened(spec: Any, **options: Any) -> VectorSource:
    source = open_source(spec, modality="vectors", **options)
    assert isinstance(source, VectorSource)
    return source


def values(source: VectorSource) -> np.ndarray:
    read = source.read(range(len(source))).inputs
    assert isinstance(read, torch.Tensor)
    return read.numpy()


def test_decimal_commas_are_read_when_they_are_given(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", features(), delimiter=";", decimal=",")
    with pytest.raises(ValueError, match=r"decimal comma, such as .*: set `decimal`=','"):
        opened(path)
    np.testing.assert_array_equal(values(opened(path, decimal=",")), X)
    path.write_text("\n".join(path.read_text().splitlines()[1:]))  # without names
    with pytest.raises(ValueError, match="decimal comma"):
        opened(path)
    np.testing.assert_array_equal(values(opened(path, decimal=",")), X)
    with pytest.raises(ValueError, match=r"`decimal` must be '\.' or ','"):
        opened(path, decimal="·")


@pytest.mark.parametrize("cell", ["1,234", "1,234.5", "1.234,5", "1.234.567", "1 234", "12'345"])
def test_separators_of_thousands_are_refused(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a;b\n" + f"{cell};1.5\n2;2.5\n{cell};0.5\n")
    with pytest.raises(ValueError, match=r"column a must .* without separators of thousands"):
        opened(path)


def test_columns_with_different_decimal_marks_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a;b\n1,5;2.5\n2,5;3.5\n")
    with pytest.raises(ValueError, match="column a has decimal commas, such as 1,5, and other"):
        opened(path)
    assert opened(path, decimal=".").columns == ("b",)


@pytest.mark.parametrize("delimiter", [",", " ", "\t"])
def test_names_in_a_comment_as_numpy_writes_them(tmp_path: Path, delimiter: str) -> None:
    names = delimiter.join("abcd")
    np.savetxt(tmp_path / "t.csv", X, delimiter=delimiter, header=f"made by a test\n{names}")
    source = opened(tmp_path / "t.csv")
    assert source.columns == tuple("abcd")
    np.testing.assert_allclose(values(source), X)


@pytest.mark.parametrize("cell", ["1_0", "１２", "0x10", "1e", "--1", "1.2.3"])
def test_what_only_python_reads_as_a_number_is_text(tmp_path: Path, cell: str) -> None:
    path = table(tmp_path / "t.csv", features(e=[cell] * 30))
    assert opened(path).columns == tuple("abcd")
    assert opened(path).notes == ("1 non-numeric column ignored: e",)


@pytest.mark.parametrize("road", ["csv", "jsonl", "parquet", "array"])
def test_whole_numbers_are_never_rounded(tmp_path: Path, road: str) -> None:
    ids = [2**53 + 1 + i for i in range(3)]
    spec: Any = tmp_path / f"t.{road}"
    if road == "csv":
        table(spec, {"a": [1, 3, 2], "code": ids})
    elif road == "jsonl":
        spec.write_text("\n".join(json.dumps({"a": a, "code": i}) for a, i in enumerate(ids)))
    elif road == "parquet":
        arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(arrow.table({"a": [1, 3, 2], "code": ids}), spec)
    else:
        spec = np.array([[1, i] for i in ids])
    with pytest.raises(ValueError, match=r"whole numbers above 2\^53"):
        opened(spec)
    if road != "array":
        assert opened(spec, exclude=("code",)).columns == ("a",)
    exact = np.array([[1, 2**60], [2, 2**61]])
    assert values(opened(exact)).tolist() == exact.tolist()


def test_row_numbers_and_labels_are_left_out_with_a_note(tmp_path: Path) -> None:
    count = {"": range(30)}
    for columns, said in (
        ({**count, **features()}, "row numbers: Unnamed: 0"),
        ({**features(), "id": range(1, 31)}, "row numbers: id"),
        (features(label=[i % 3 for i in range(30)]), "labels: label"),
        (features(Target=[i % 3 for i in range(30)]), "labels: Target"),
    ):
        source = opened(table(tmp_path / "t.csv", columns))
        assert source.columns == tuple("abcd")
        assert source.notes == (f"1 column left out as {said}; `include` keeps them",)
    path = tmp_path / "t.csv"
    kept = opened(table(path, features(label=[i % 3 for i in range(30)])), include=("label",))
    assert kept.columns == (*"abcd", "label")
    assert kept.notes == ()
    with pytest.raises(ValueError, match=r"no column 'lable' \(did you mean 'label'\?\)"):
        opened(path, include=("lable",))


def test_a_shuffled_index_is_no_feature_and_coordinates_are(tmp_path: Path) -> None:
    order = np.random.default_rng(0).permutation(30).tolist()
    assert opened(table(tmp_path / "t.csv", {"": order, **features()})).columns == tuple("abcd")
    columns = dict(zip("xyz", X.T.tolist(), strict=False))
    assert opened(table(tmp_path / "t.csv", columns)).columns == tuple("xyz")
    timed = opened(table(tmp_path / "t.csv", {"t": range(30), **features()}))
    assert timed.columns == tuple("abcd")
    assert timed.notes == ("1 column left out as row numbers: t; `include` keeps them",)
    timed = opened(table(tmp_path / "t.csv", {**features(), "t": range(30)}))
    assert timed.columns == (*"abcd", "t")
    assert timed.notes == ("1 feature counting the rows: t; `exclude` leaves them out",)


def test_labels_of_a_table_are_found_by_name(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", features(label=["u", "v", "w"] * 10))
    data = open_labeled(path, modality="vectors")
    assert data.class_names == ("u", "v", "w")
    assert isinstance(data.train, VectorSource)
    assert data.train.columns == tuple("abcd")


def test_truth_values_and_mostly_missing_columns_are_noted(tmp_path: Path) -> None:
    path = table(
        tmp_path / "t.csv", features(on=[i % 2 == 0 for i in range(30)], e=["", "NA", 1] * 10)
    )
    source = opened(path)
    assert source.columns == (*"abcd", "on")
    assert source.notes == (
        "1 column ignored, as most entries are missing: e",
        "1 column of true and false read as 1 and 0: on",
    )


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    reordered = {name: features()[name] for name in "dbca"}
    path = table(tmp_path / "t.csv", {**reordered, "extra": X[:, 0].tolist()})
    source = opened(path, columns=tuple("abcd"))
    np.testing.assert_array_equal(values(source), X)
    assert source.notes == (
        "1 further column of t.csv ignored: extra",
        "columns of t.csv reordered by name, as in the run",
    )
    with pytest.raises(ValueError, match="it lacks e, f and has d, b, c, extra as other columns"):
        opened(path, columns=("a", "e", "f"))


def test_features_of_frames(tmp_path: Path) -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    arrow = pytest.importorskip("pyarrow")
    for frame in (
        pandas.DataFrame(features()),
        polars.DataFrame(features()),
        arrow.table(features()),
    ):
        assert isinstance(open_source(frame), VectorSource)
        source = opened(frame)
        assert source.columns == tuple("abcd")
        np.testing.assert_array_equal(values(source), X)
    holes = pandas.DataFrame(features(a=[None, *X[1:, 0]]))
    with pytest.raises(ValueError, match="column a must contain a number in each row, got None"):
        opened(holes)


def test_large_offsets_keep_their_differences(tmp_path: Path) -> None:
    import nearfar

    offset = {name: [1e9 + v for v in column] for name, column in features().items()}
    path = table(tmp_path / "t.csv", offset)
    run = nearfar.pretrain(
        "vicreg", str(path), modality="vectors", epochs=1, batch_size=8, out=tmp_path / "run"
    )
    plain = run.views.plain(opened(path).read(range(30)).inputs)
    assert isinstance(plain, torch.Tensor)
    expected = (X - X.mean(0)) / X.std(0)
    np.testing.assert_allclose(plain.numpy(), expected, atol=1e-4)

"""The same texts, labels, pairs and vectors give the same samples, whatever file they come in."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nearfar.data import open_labeled, open_source, sides
from nearfar.inputs import Texts

Columns = Mapping[str, Sequence[Any]]


def separated(columns: Columns, delimiter: str) -> bytes:
    file = io.StringIO()
    rows = [list(columns), *zip(*columns.values(), strict=True)]
    csv.writer(file, delimiter=delimiter).writerows(rows)
    return file.getvalue().encode()


def lines(columns: Columns) -> bytes:
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return "\n".join(map(json.dumps, rows)).encode()


def arrow(columns: Columns, ending: str) -> bytes:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import feather, ipc, parquet

    table, file = pyarrow.table({k: list(v) for k, v in columns.items()}), io.BytesIO()
    if ending == "parquet":
        parquet.write_table(table, file)
    elif ending == "feather":
        feather.write_feather(table, file)
    else:
        with ipc.new_stream(file, table.schema) as stream:
            stream.write_table(table)
    return file.getvalue()


ROADS: dict[str, Callable[[Columns], bytes]] = {
    "a.csv": lambda c: separated(c, ","),
    "b.csv": lambda c: separated(c, ";"),
    "c.csv": lambda c: separated(c, "\t"),
    "a.tsv": lambda c: separated(c, "\t"),
    "d.csv": lambda c: b"\xef\xbb\xbf" + separated(c, ","),
    "e.csv": lambda c: separated(c, ",").decode().encode("utf-16"),
    "a.csv.gz": lambda c: gzip.compress(separated(c, ",")),
    "a.jsonl": lines,
    "a.parquet": lambda c: arrow(c, "parquet"),
    "a.feather": lambda c: arrow(c, "feather"),
    "a.arrow": lambda c: arrow(c, "arrow"),
}
TEXTS = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"], include_characters="\n\t"
    ),
    min_size=1,
    max_size=12,
).filter(lambda text: text.strip() == text and bool(text.strip()))


def strings(source: Any) -> tuple[str, ...]:
    inputs = source.read(range(len(source))).inputs
    assert isinstance(inputs, Texts)
    return inputs.strings


@pytest.mark.slow
@given(texts=st.lists(TEXTS, min_size=2, max_size=6), data=st.data())
@settings(max_examples=25, deadline=None)
def test_texts_and_labels(texts: list[str], data: st.DataObject) -> None:
    words = st.sampled_from(["good", "bad", "so so", "3"])
    labels = data.draw(st.lists(words, min_size=len(texts), max_size=len(texts)))
    labels[:2] = ["good", "bad"]
    expected = open_labeled(texts, labels=labels)
    assert strings(expected.train) == tuple(texts)
    with tempfile.TemporaryDirectory() as folder:
        for name, write in ROADS.items():
            path = Path(folder) / name
            path.write_bytes(write({"label": labels, "text": texts}))
            found = open_labeled(path, modality="text")  # texts may all be numbers
            assert strings(found.train) == tuple(texts), name
            assert found.class_names == expected.class_names, name
            assert found.train_labels.tolist() == expected.train_labels.tolist(), name


@pytest.mark.slow
@given(pairs=st.lists(st.tuples(TEXTS, TEXTS), min_size=2, max_size=6))
@settings(max_examples=15, deadline=None)
def test_pairs(pairs: list[tuple[str, str]]) -> None:
    first, second = zip(*pairs, strict=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, write in ROADS.items():
            path = Path(folder) / name
            path.write_bytes(write({"caption": second, "query": first, "n": range(len(pairs))}))
            source = open_source(path, x="query", s="caption")
            x, s = map(strings, sides(source))
            assert (x, s) == (first, second), name


@given(
    rows=st.lists(
        st.tuples(*[st.floats(-1e12, 1e12).map(lambda v: v + 0.0)] * 3), min_size=2, max_size=6
    )
)
@settings(max_examples=25, deadline=None)
def test_vectors(rows: list[tuple[float, ...]]) -> None:
    array = np.array(rows)
    columns = {
        "red": array[:, 0].tolist(),
        "green": array[:, 1].tolist(),
        "kind": ["u"] * len(rows),
    }
    columns["blue"] = array[:, 2].tolist()
    with tempfile.TemporaryDirectory() as folder:
        for name, write in ROADS.items():
            path = Path(folder) / name
            path.write_bytes(write(columns))
            source = open_source(path, modality="vectors")
            read = source.read(range(len(source))).inputs
            assert isinstance(read, torch.Tensor)
            np.testing.assert_array_equal(read.numpy(), array, err_msg=name)
            assert "1 non-numeric column ignored: kind" in source.notes, name

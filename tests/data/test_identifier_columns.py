"""Identifiers, lists of numbers and kinds of tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nearfar.data import open_source
from nearfar.data._label_files import LabelFile


@pytest.mark.parametrize("name", ["id", "patient_id", "index"])
def test_identifiers_are_no_features(tmp_path: Path, name: str) -> None:
    rows = "".join(f"{2**60 + 7 * i},{i / 7},{-i / 3}\n" for i in range(12))
    (tmp_path / "t.csv").write_text(f"{name},a,b\n{rows}")
    source = open_source(tmp_path / "t.csv")
    assert source.modality == "vectors"
    assert any(f"identifiers: {name}" in note for note in source.notes)
    assert source.read([3]).inputs[0].tolist() == [3 / 7, -1.0]


def test_lists_of_numbers_are_features(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"e": [1, 2.5]}\n{"e": [3, 4]}\n')
    source = open_source(tmp_path / "t.jsonl")
    assert source.read([0, 1]).inputs.tolist() == [[1, 2.5], [3, 4]]


def test_labels_follow_the_names_of_samples() -> None:
    source = open_source(np.eye(3))
    names = [source.identify(row) for row in (2, 0, 1)]
    values, notes = LabelFile("l.csv", ["c", "a", "b"], {"file": names}).in_order_of(source)
    assert list(values) == ["a", "b", "c"]
    assert notes == ("labels of l.csv are matched by its column 'file'",)

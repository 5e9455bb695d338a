"""Notes on samples that are left out are marked by the source, not recognised by their words."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest

from nearfar.data import Omission, PairSource, Subset, omissions, open_labeled, open_source
from nearfar.data._joined import Joined
from tests.data.pictures import fill

EMPTY = ["one red car", "", "two blue cars"]


def test_an_omission_is_a_string_that_stays_one() -> None:
    note = Omission("1 of 2 texts skipped")
    assert (note, hash(note)) == ("1 of 2 texts skipped", hash("1 of 2 texts skipped"))
    assert omissions([str(note), note, "1 column left out, skipped, excluded and omitted"]) == (
        note,
    )
    for again in (copy.copy(note), pickle.loads(pickle.dumps(note))):
        assert omissions([again]) == (note,)


def test_sources_declare_what_they_leave_out_and_others_pass_it_on() -> None:
    source = open_source(EMPTY)
    expected = ("1 of 3 texts skipped as empty: row 1",)
    assert source.notes == source.omissions == expected
    assert Subset(source, [0], notes=("a note: skipped",)).omissions == expected
    assert Joined([source, source], name="both").omissions == 2 * expected
    other = open_source(["a", "b"])
    assert PairSource(other, source).omissions == PairSource(source, other).omissions == expected


@pytest.mark.parametrize(
    ("name", "text", "options"),
    [
        ("t.csv", "id,a,b,label\n" + "".join(f"{i * 7},{i}.5,{-i},x\n" for i in range(9)), {}),
        (
            "g.csv",
            "source,target\n" + "".join(f"{i},{i + 1}\n" for i in range(9)) + "3,\n",
            {"modality": "graphs"},
        ),
        ("h.edges", "0 1\n1 2\n2 0\n2 0\n0 0\n", {}),
    ],
)
def test_columns_and_edges_that_are_left_out_are_no_samples(
    tmp_path: Path, name: str, text: str, options: dict[str, str]
) -> None:
    (tmp_path / name).write_text(text)
    source = open_source(tmp_path / name, **options)
    assert source.notes
    assert source.omissions == ()


def test_time_steps_are_no_samples(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", samples=np.random.rand(100), offsets=[0, 40, 80])
    source = open_source(tmp_path / "s.npz")
    assert "20 time steps outside the offsets left out" in source.notes
    assert source.omissions == ()


def test_skipped_lines_rows_and_pairs_are_samples(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1.5,2\n3.5,4\n5.5\n6.5,7\n")
    rows = np.random.default_rng(0).random((6, 40))
    rows[3, 7] = np.inf
    pairs = (["a dog", "", "a car"], ["un chien", "un chat", "une voiture"])
    sources = (
        open_source(tmp_path / "t.csv"),
        open_source(rows, modality="sequences"),
        open_source(pairs),
    )
    for source, words in zip(sources, ("lines of t.csv", "rows skipped", "pairs"), strict=True):
        (note,) = source.omissions
        assert words in note


def test_files_that_cannot_be_read_and_a_test_set_are_samples(tmp_path: Path) -> None:
    for place in ("train/a", "train/b", "test/a", "test/b"):
        fill(tmp_path / place, 2)
    (tmp_path / "train/a/broken.jpg").write_bytes(b"no picture")
    source = open_source(tmp_path)
    assert [note[:6] for note in source.omissions] == ["1 of 9", "4 imag"]
    assert {type(note) for note in source.omissions} == {Omission}
    assert len(open_source(tmp_path, split="all").omissions) == 1
    assert open_labeled(tmp_path).train.omissions

"""Texts in files and in memory, and what is done with bad ones."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from nearfar.data import open_labeled, open_source
from nearfar.data._tables import read_table
from nearfar.data.text import TextSource, label_text, open_text
from nearfar.inputs import Texts

TEXTS = ("An apple a day", "Two pears, three plums", "Grüße aus Köln", "One")


def strings(source: Any) -> tuple[str, ...]:
    inputs = source.read(range(len(source))).inputs
    assert isinstance(inputs, Texts)
    return inputs.strings


def write_csv(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def write_lines(path: Path, lines: Sequence[str]) -> Path:
    content = "".join(line + "\n" for line in lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def write_parquet(path: Path, columns: dict[str, Sequence[object]]) -> Path:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table({name: list(v) for name, v in columns.items()}), path)
    return path


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.TXT"])
def test_a_file_of_lines_is_a_text_a_line(tmp_path: Path, name: str) -> None:
    source = open_source(write_lines(tmp_path / name, TEXTS))
    assert strings(source) == TEXTS
    assert source.modality == "text"
    assert source.identify(2) == "line 3"


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".tsv", ".jsonl", ".jsonl.gz", ".parquet"])
def test_every_kind_of_table_gives_the_same_texts_and_labels(tmp_path: Path, ending: str) -> None:
    path, labels = tmp_path / f"t{ending}", ("b", "a", "b", "a")
    if ending == ".parquet":
        write_parquet(path, {"label": labels, "text": TEXTS})
    elif ending.startswith(".jsonl"):
        pairs = zip(TEXTS, labels, strict=True)
        write_lines(path, [json.dumps({"text": t, "label": y}) for t, y in pairs])
    else:
        mark = "\t" if ending == ".tsv" else ","
        quoted = [f'"{t}"' if mark in t else t for t in TEXTS]
        rows = [f"{y}{mark}{t}" for t, y in zip(quoted, labels, strict=True)]
        write_lines(path, [f"label{mark}text", *rows])
    data = open_labeled(path)
    assert strings(data.train) == TEXTS
    assert data.class_names == ("a", "b")
    assert data.train_labels.tolist() == [1, 0, 1, 0]
    assert data.test is None


def test_texts_in_memory_need_no_file() -> None:
    source = open_source(list(TEXTS))
    assert strings(source) == TEXTS
    assert repr(source) == "<texts: 4 texts of 3 words>"


def test_the_fingerprint_changes_with_the_texts_alone() -> None:
    first, second = open_source(["ab", "c"]), open_source(["a", "bc"])
    assert first.fingerprint == open_source(["ab", "c"]).fingerprint != second.fingerprint


def test_duplicates_are_left_alone() -> None:
    assert len(open_source(["same", "same", "same"])) == 3


def test_empty_texts_are_left_out_counted_and_leave_the_numbers_of_the_others(
    tmp_path: Path,
) -> None:
    path = write_csv(tmp_path / "t.csv", [("text", "y"), ("one", 1), (" ", 2), ("two", 3)])
    source = open_source(path)
    assert strings(source) == ("one", "two")
    assert source.identify(1) == "line 4"
    assert source.notes == ("1 of 3 texts skipped as empty: line 3",)
    assert label_text(path).train_labels.tolist() == [0, 1]
    assert label_text(path).class_names == ("1", "3")


def test_more_empty_texts_than_others_are_an_error() -> None:
    with pytest.raises(ValueError, match="more than half of the texts in texts are empty, 3 of 5"):
        open_source(["a", "", "b", "  ", "\t"])


@pytest.mark.parametrize("texts", [["one", ""], ["one"]])
def test_a_single_text_is_enough_to_embed(texts: list[str]) -> None:
    assert strings(open_source(texts)) == ("one",)
    with pytest.raises(ValueError, match="at least 1 text is needed"):
        open_text([])


def test_texts_of_one_word_are_kept() -> None:
    assert strings(open_source(["one", "two"])) == ("one", "two")


@pytest.mark.usefixtures("as_users_run_it")
def test_a_list_with_something_else_is_refused() -> None:
    with pytest.raises(TypeError, match="texts must be strings, got 3 in text 1"):
        TextSource(["one", 3], name="mixed")  # type: ignore[list-item]


def test_a_huge_line_is_cut_and_noted(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [("text",), ("word " * 200_000,), ("short",)])
    source = open_source(path, words=8)
    assert strings(source) == (" ".join(["word"] * 8), "short")
    assert source.notes == ("1 text truncated to the first 8 words",)
    assert open_source(path).notes == ("1 text truncated to the first 256 words",)


def test_a_file_that_is_not_utf_8_says_where(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("text,y\nabc,1\nПривет,2\n".encode("cp1251"))
    with pytest.raises(ValueError, match=r"byte 0xcf at position 0 of line 3; .* set `encoding`"):
        open_source(path)
    assert strings(open_source(path, encoding="cp1251")) == ("abc", "Привет")


def test_a_file_in_utf_16_is_read_by_its_mark(tmp_path: Path) -> None:
    path = tmp_path / "wide.txt"
    path.write_bytes("one\ntwo\n".encode("utf-16"))
    assert strings(open_source(path)) == ("one", "two")


def test_the_mark_at_the_beginning_of_a_file_is_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("text\nein\nzwei\n".encode("utf-8-sig"))
    assert list(read_table(path).columns) == ["text"]


def test_only_line_feeds_end_a_line(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "t.txt", ["a\u2028b", "c\x0bd"])
    assert strings(open_source(path)) == ("a\u2028b", "c\x0bd")


def test_quotes_in_a_tsv_file_are_letters(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "t.tsv", ["text\ty", '"quoted\t1', 'two" more\t2'])
    assert strings(open_source(path)) == ('"quoted', 'two" more')


def test_a_text_in_quotes_may_hold_line_ends(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [("text",), ("one\ntwo",), ("three",)])
    source = open_source(path)
    assert strings(source) == ("one\ntwo", "three")
    assert source.identify(1) == "line 4"


def test_ragged_rows_are_passed_over_and_counted(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [("y", "text"), (1, "one"), (2, "a", "b"), (3, "two")])
    source = open_source(path)
    assert strings(source) == ("one", "two")
    assert source.notes == (
        "1 of 3 lines of t.csv do not have 2 entries and were skipped: line 3 (3 entries)",
    )


def test_more_ragged_rows_than_others_are_an_error(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [("text",), ("one",), ("a", "b"), ("c", "d")])
    with pytest.raises(ValueError, match="more than half of the file is damaged: 2 of 3 lines"):
        open_source(path)


def test_lines_that_are_no_objects_are_passed_over_and_counted(tmp_path: Path) -> None:
    lines = ['{"text": "one"}', "{broken", "3", '{"text": "two"}', '{"text": "three"}']
    source = open_source(write_lines(tmp_path / "t.jsonl", lines))
    assert strings(source) == ("one", "two", "three")
    assert "2 of 5 lines of t.jsonl are not JSON objects" in source.notes[0]


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.txt"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r"is empty|at least 1 text is needed"):
        open_source(tmp_path / name)


@pytest.mark.parametrize("name", ["t.csv.gz", "t.parquet"])
def test_a_damaged_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no such format")
    with pytest.raises(ValueError, match=f"{re.escape(name)} is damaged"):
        open_source(tmp_path / name)


def test_a_wrong_column_says_the_nearest(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [("headline", "n"), ("one", 1), ("two", 2)])
    with pytest.raises(ValueError, match=r"did you mean 'headline'.*the columns are headline, n"):
        open_source(path, column="headlines")


def test_the_column_of_texts_is_found(tmp_path: Path) -> None:
    only = write_csv(tmp_path / "a.csv", [("n", "label", "title"), (1, "x", "one"), (2, "y", "b")])
    assert open_source(only).notes == ("texts are column 'title'",)
    long = [("id", "words"), ("a1", "a long text of many words"), ("a2", "another of them")]
    assert open_source(write_csv(tmp_path / "b.csv", long)).notes == ("texts are column 'words'",)


def test_two_columns_of_texts_must_be_told_apart(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [("first", "second"), ("one", "two"), ("six", "ten")])
    with pytest.raises(
        ValueError,
        match=r"`column`='first' takes one, `x`='first', `s`='second' pairs of two",
    ):
        open_source(path)
    assert strings(open_source(path, column="second")) == ("two", "ten")


def test_a_table_without_texts_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [("a", "b"), (1, 2), (3, 4)])
    with pytest.raises(ValueError, match="no column of texts"):
        open_source(path, modality="text")


def test_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [("a", "a"), ("one", "two"), ("six", "ten")])
    with pytest.raises(ValueError, match="distinct names"):
        open_source(path)


def test_a_column_is_not_looked_at_where_there_are_none(tmp_path: Path) -> None:
    assert len(open_text(write_lines(tmp_path / "t.txt", TEXTS), column="text")) == 4
    assert len(open_text(list(TEXTS), column="text")) == 4


def test_labels_come_from_a_column_by_name(tmp_path: Path) -> None:
    rows = [("text", "topic"), ("one", "x"), ("two", "y"), ("three", "x")]
    path = write_csv(tmp_path / "t.csv", rows)
    with pytest.raises(
        ValueError, match=r"has no column y, labels, .*; the columns are text, topic"
    ):
        open_labeled(path)
    assert open_labeled(path, labels="topic").train_labels.tolist() == [0, 1, 0]


def test_a_text_without_a_label_is_an_error(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [("text", "y"), ("one", 1), ("two", ""), ("three", 2)])
    with pytest.raises(ValueError, match="got none in 1 of 3: line 3"):
        open_labeled(path)


def test_lines_and_lists_have_no_labels(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no labels"):
        open_labeled(write_lines(tmp_path / "t.txt", TEXTS))
    assert open_labeled(list(TEXTS), labels=[0, 1, 0, 1]).train_labels.tolist() == [0, 1, 0, 1]


def test_a_folder_may_hold_a_training_and_a_test_file(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", [("text", "y"), ("one", 1), ("two", 2)])
    write_csv(tmp_path / "test.csv", [("text", "y"), ("three", 2), ("four", 1), ("five", 1)])
    assert strings(open_source(tmp_path, modality="text")) == ("one", "two")
    everything = open_source(tmp_path, modality="text", split="all")
    assert strings(everything) == ("one", "two", "three", "four", "five")
    data = open_labeled(tmp_path, modality="text")
    assert data.test is not None
    assert data.test_labels is not None
    assert (len(data.test), data.test_labels.tolist()) == (3, [1, 0, 0])


def test_a_folder_may_hold_a_single_file(tmp_path: Path) -> None:
    write_lines(tmp_path / "poems.txt", TEXTS)
    assert len(open_text(tmp_path)) == len(open_text(tmp_path, split="all")) == 4
    with pytest.raises(ValueError, match="without a file named test, has no official test set"):
        open_text(tmp_path, split="test")


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(ValueError, match="got no file of texts"):
        open_text(tmp_path)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").touch()
    with pytest.raises(ValueError, match=r"is not a file of texts, which end in .txt .csv"):
        open_text(tmp_path / "a.pdf")


def test_data_sets_of_hugging_face_come_from_a_folder_or_as_objects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    folder = tmp_path / "set"
    folder.mkdir()
    write_csv(folder / "train.csv", [("text", "label"), ("one", 0), ("two", 1)])
    write_csv(folder / "test.csv", [("text", "label"), ("three", 1), ("four", 0)])
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    data = open_labeled(f"hf:{folder}")
    assert strings(data.train) == ("one", "two")
    assert data.test is not None
    assert strings(data.test) == ("three", "four")
    assert len(open_source(f"hf:{folder}", split="all")) == 4
    table = datasets.Dataset.from_dict({"sentence": list(TEXTS)})
    assert strings(open_source(table, modality="text")) == TEXTS


def test_a_data_set_that_is_nowhere_says_so(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    with pytest.raises(ValueError, match="cannot load hf:"):
        open_source(f"hf:{tmp_path}/nothing")


@pytest.mark.data
@pytest.mark.slow  # reads 120,000 texts
def test_ag_news_keeps_its_protocol(data_dir: Path) -> None:
    pretrain = open_source("ag-news", data_dir=data_dir)
    data = open_labeled("ag-news", data_dir=data_dir)
    assert data.class_names == ("World", "Sports", "Business", "Sci/Tech")
    assert data.test is not None
    assert len(data.test) == 7_600
    assert len(set(data.train_labels.bincount().tolist())) == 1
    assert len(data.train) <= len(pretrain)


def test_names_of_0_1_warn_for_one_release() -> None:
    from nearfar.data import text

    with pytest.warns(DeprecationWarning, match=r"nearfar\.data\.text\.read_table is private"):
        assert text.read_table is read_table
    with pytest.raises(AttributeError, match="no attribute 'write_table'"):
        text.write_table  # noqa: B018


def test_numbered_parts_of_a_table_are_one_split(tmp_path: Path) -> None:
    for part in range(3):
        rows = {"text": [f"text {part} {i}" for i in range(2)], "label": [part % 2, 1]}
        write_parquet(tmp_path / f"train-{part:05}-of-00003.parquet", rows)
    write_parquet(tmp_path / "test-00000-of-00001.parquet", {"text": ["a", "b"], "label": [0, 1]})
    data = open_labeled(tmp_path)
    assert len(data.train) == 6
    assert data.test is not None
    assert "3 files joined: train-00000-of-00003.parquet" in data.train.notes[0]
    write_parquet(tmp_path / "train-extra.parquet", {"text": ["a", "b"], "label": [0, 1]})
    with pytest.raises(ValueError, match="one file of texts named train or numbered parts of it"):
        open_source(tmp_path)


def test_other_columns_of_texts_are_named(tmp_path: Path) -> None:
    rows = [
        ("title", "text", "kind"),
        *((f"title {i}", f"a text {i}", "uv"[i % 2]) for i in range(9)),
    ]
    source = open_source(write_csv(tmp_path / "t.csv", rows))
    assert strings(source)[0] == "a text 0"
    assert source.notes == ("texts are column 'text'; other columns of texts: 'title'",)

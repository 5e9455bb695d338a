"""Delimiters, quotes, encodings and first rows of text tables: what is found, and what is noted."""

from __future__ import annotations

import bz2
import csv
import io
import lzma
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from nearfar.data._tables import Reading, Table, read_table

ROWS = [
    (str(i), f"a thing numbered {i}, which I bought", "good" if i % 2 else "bad") for i in range(30)
]
DRAWS = np.random.default_rng(0).random((19, 7))
NAMES = ("id", "text", "label")


def written(
    rows: Sequence[Sequence[object]], delimiter: str = ",", *, quoting: int = csv.QUOTE_MINIMAL
) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerows(rows)
    return file.getvalue()


def table(path: Path, content: str | bytes, **reading: object) -> Table:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, Reading.of(reading))


def rows_of(found: Table) -> list[tuple[str, ...]]:
    return list(zip(*found.columns.values(), strict=True))


@pytest.mark.parametrize("ending", ["csv", "tsv"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_whatever_the_extension(
    tmp_path: Path, ending: str, delimiter: str
) -> None:
    found = table(tmp_path / f"t.{ending}", written([NAMES, *ROWS], delimiter))
    assert tuple(found.columns) == NAMES
    assert rows_of(found) == ROWS
    own = delimiter == {"csv": ",", "tsv": "\t"}[ending]
    assert own == (not found.notes)


def test_a_delimiter_can_be_given(tmp_path: Path) -> None:
    found = table(tmp_path / "t.csv", "a^b\n1^2\n", delimiter="^")
    assert found.columns == {"a": ["1"], "b": ["2"]}
    assert table(tmp_path / "t.csv", "a\tb\n1\t2\n", delimiter="tab").columns == {
        "a": ["1"],
        "b": ["2"],
    }
    with pytest.raises(ValueError, match="`delimiter` must be one character"):
        table(tmp_path / "t.csv", "a,b\n", delimiter="::")


def test_commas_in_one_column_of_texts_are_no_delimiters(tmp_path: Path) -> None:
    texts = ["An apple", "Two pears, three plums, figs", "One; or two"] * 4
    found = table(tmp_path / "t.tsv", "\n".join(["text", *texts]))
    assert found.columns["text"] == texts
    assert found.notes == ()


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_cells_with_quotes_delimiters_and_line_ends(
    tmp_path: Path, quoting: int, delimiter: str
) -> None:
    texts = ['she said "stop", twice', "a first line\nand a second", "one\ttab", '"', "plain"]
    rows = [(i, text) for i, text in enumerate(texts)]
    path = tmp_path / ("t.tsv" if delimiter == "\t" else "t.csv")
    found = table(path, written([("n", "text"), *rows], delimiter, quoting=quoting))
    assert found.columns["text"] == texts
    assert found.notes == ()
    assert found.rows[1:3] == [3, 5]  # a cell over two lines


def test_quotes_of_a_plain_tab_separated_file_are_letters(tmp_path: Path) -> None:
    texts = ['"Stop!" he said', '"quoted', 'two" more', '"a whole sentence"', "none"]
    found = table(tmp_path / "t.tsv", "\n".join(["text\ty", *(f"{t}\t1" for t in texts)]))
    assert found.columns["text"] == texts


@pytest.mark.parametrize("later", ["", '"another, quoted",bad\n', 'he said "stop",bad\n'])
def test_an_unbalanced_quote_swallows_no_rows(tmp_path: Path, later: str) -> None:
    lines = [f"text {i},good\n" for i in range(20)]
    found = table(tmp_path / "t.csv", 'text,label\n"an odd one,bad\n' + "".join(lines) + later)
    assert len(found.rows) == 21 + bool(later)
    assert found.columns["text"][0] == '"an odd one'
    assert "1 line of t.csv with an unbalanced quotation mark" in found.notes[0]
    assert found.notes[0].endswith("line 2")


def test_rows_inside_a_quoted_cell_are_named(tmp_path: Path) -> None:
    inside = "".join(f"text {i},good\n" for i in range(8))
    found = table(tmp_path / "t.csv", f'text,label\n"odd,bad\n{inside}",good\nlast,bad\n')
    assert len(found.rows) == 2
    assert "1 quoted cell of t.csv contain what looks like rows" in found.notes[0]
    assert "lines 2 to 11" in found.notes[0]


def test_a_name_with_delimiters_is_noted(tmp_path: Path) -> None:
    found = table(tmp_path / "t.csv", '"a;b",c\n1,2\n')
    assert found.notes == ("names of columns of t.csv contain delimiters: 'a;b'",)


def test_backslashes_may_escape_quotes(tmp_path: Path) -> None:
    found = table(tmp_path / "t.csv", 'text,y\n"say \\"yes, no\\"",1\n"b, c",2\n')
    assert found.columns["text"] == ['say "yes, no"', "b, c"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_way(tmp_path: Path, end: str) -> None:
    text = written([NAMES, *ROWS]).replace("\n", end)
    found = table(tmp_path / "t.csv", text)
    assert rows_of(found) == ROWS
    assert found.notes == ()


def test_a_carriage_return_inside_a_row_is_kept_and_named(tmp_path: Path) -> None:
    found = table(tmp_path / "t.csv", "text,y\none\rtwo,1\nthree,2\n")
    assert found.columns["text"] == ["one\rtwo", "three"]
    assert found.notes == ("1 line of t.csv with a carriage return inside: line 2",)


def test_nul_characters_are_removed_and_named(tmp_path: Path) -> None:
    found = table(tmp_path / "t.csv", "text,y\nab\0c,1\nd,2\n\0\0\0\n")
    assert found.columns["text"] == ["abc", "d"]
    assert found.notes[0] == "4 NUL characters of t.csv removed: line 2, line 4"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "latin-1"]
)
def test_encodings_of_western_texts(tmp_path: Path, encoding: str) -> None:
    texts = ["Grüße aus Köln", "déjà vu, naïve", "El niño comió", "plain"]
    found = table(tmp_path / "t.csv", written([("text",), *((t,) for t in texts)]).encode(encoding))
    assert found.columns["text"] == texts
    guessed = encoding in ("cp1252", "latin-1")
    assert found.notes == (
        ("t.csv is not UTF-8 and is read as cp1252: set it with `encoding`",) if guessed else ()
    )


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Привет, мир", "cp1251"),
        ("猫狗鸟鱼", "gbk"),
        ("Zażółć gęślą jaźń", "cp1250"),
        ("猫と犬", "cp932"),
    ],
)
def test_other_encodings_are_refused_until_they_are_given(
    tmp_path: Path, text: str, encoding: str
) -> None:
    content = "text\tlabel\n" + "".join(f"{text} {i}\t{i % 2}\n" for i in range(20))
    with pytest.raises(ValueError, match=r"t.tsv is not UTF-8: byte .* set `encoding`"):
        table(tmp_path / "t.tsv", content.encode(encoding))
    found = table(tmp_path / "t.tsv", content.encode(encoding), encoding=encoding)
    assert found.columns["text"][3] == f"{text} 3"
    with pytest.raises(ValueError, match="`encoding` must be an encoding of Python"):
        table(tmp_path / "t.tsv", content, encoding="nonesuch")


def test_a_damaged_byte_in_utf_8_is_no_other_encoding(tmp_path: Path) -> None:
    content = ("text\n" + "Grüße, naïve\n" * 20).encode() + b"caf\xe9\n"
    with pytest.raises(ValueError, match="byte 0xe9 at position 3 of line 22"):
        table(tmp_path / "t.csv", content)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["an ordinary text", "猫狗鸟鱼"])
def test_utf_16_without_a_mark_is_recognized(tmp_path: Path, encoding: str, text: str) -> None:
    content = "text,label\n" + "".join(f"{text} {i},{i % 2}\n" for i in range(20))
    with pytest.raises(ValueError, match=f"looks like {encoding.upper()} .*='{encoding}'"):
        table(tmp_path / "t.csv", content.encode(encoding))
    found = table(tmp_path / "t.csv", content.encode(encoding), encoding=encoding)
    assert found.columns["text"][0] == f"{text} 0"


def zipped(content: bytes, *names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize("suffix", ["bz2", "xz", "zip"])
def test_compressed_tables(tmp_path: Path, suffix: str) -> None:
    plain = written([NAMES, *ROWS]).encode()
    packed = {"bz2": bz2.compress, "xz": lzma.compress, "zip": lambda b: zipped(b, "t.csv")}
    assert rows_of(table(tmp_path / f"t.csv.{suffix}", packed[suffix](plain))) == ROWS
    with pytest.raises(ValueError, match=f"t.csv.{suffix} is damaged"):
        table(tmp_path / f"t.csv.{suffix}", packed[suffix](plain)[:-30])


def test_archives_of_other_things_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must contain one file, got a\.csv, b\.csv"):
        table(tmp_path / "t.csv.zip", zipped(b"a,b\n1,2\n", "a.csv", "b.csv"))
    with pytest.raises(ValueError, match="is an Excel workbook: save it as CSV"):
        table(tmp_path / "t.csv", zipped(b"<xml/>", "xl/workbook.xml", "xl/styles.xml"))


def test_the_first_row_is_data_where_it_is_like_the_others(tmp_path: Path) -> None:
    found = table(tmp_path / "t.csv", written(ROWS))
    assert rows_of(found) == ROWS
    assert tuple(found.columns) == ("0", "1", "2")
    assert not found.named
    assert "the first row of t.csv is data ('0', 'a thing numbered 0" in found.notes[0]
    lines = [(f"an ordinary text number {i}",) for i in range(20)]
    assert rows_of(table(tmp_path / "t.csv", written(lines))) == lines
    categories = [("good", "yes"), ("bad", "yes"), ("good", "no"), ("bad", "no")] * 5
    assert rows_of(table(tmp_path / "t.csv", written(categories))) == categories


def test_whether_there_is_a_header_can_be_given(tmp_path: Path) -> None:
    text = written([NAMES, *ROWS])
    assert len(table(tmp_path / "t.csv", text, header=False).rows) == 31
    assert len(table(tmp_path / "t.csv", written(ROWS), header=True).rows) == 29
    unusual = written([("alpha", "omega"), ("mu", "nu"), ("xi", "pi")])
    guessed = table(tmp_path / "t.csv", unusual)
    assert "is taken as names ('alpha', 'omega')" in guessed.notes[0]
    assert table(tmp_path / "t.csv", unusual, column="omega").notes == ()  # given by the user


@pytest.mark.parametrize(
    "names",
    [
        [*range(4)],
        [2019, 2020, 2021, 2022],
        [4000.0, 3999.5, 3999.0, 3998.5],
        [1, 3, 10, 30, 100, 300, 1000],
        ["country", 2019, 2020, 2021],
        [101, 205, 104, 300],
    ],
)
def test_names_may_be_numbers(tmp_path: Path, names: list[object]) -> None:
    texts = names[0] == "country"
    rows = [[f"{draw:.3f}" for draw in draws[: len(names)]] for draws in DRAWS]
    rows = [["Peru", *row[1:]] if texts else row for row in rows]
    found = table(tmp_path / "t.csv", written([names, *rows]))
    assert list(found.columns) == [str(name) for name in names]
    assert len(found.rows) == len(rows)
    assert len(found.notes) == 1


@pytest.mark.parametrize(
    "first", [["0.31", "0.2", "0.9"], ["5", "2", "2"], ["0", "0", "0"], ["1", "2", "nan"]]
)
def test_other_rows_of_numbers_are_data(tmp_path: Path, first: list[str]) -> None:
    rows = [first, *([f"{100 * draw:.0f}" for draw in draws[:3]] for draws in DRAWS)]
    assert len(table(tmp_path / "t.csv", written(rows)).rows) == 20


def test_rows_that_progress_evenly_are_data_where_all_do(tmp_path: Path) -> None:
    rows = [[i, i + 2, i + 4] for i in range(20)]
    assert len(table(tmp_path / "t.csv", written(rows)).rows) == 20


def test_row_names_without_a_name_and_delimiters_at_the_end(tmp_path: Path) -> None:
    found = table(tmp_path / "t.csv", "a,b\nr1,1,2\nr2,3,4\n")
    assert list(found.columns) == ["Unnamed: 0", "a", "b"]
    assert found.columns["b"] == ["2", "4"]
    found = table(tmp_path / "t.csv", "a,b\n1,2,\n3,4,\n")
    assert found.columns == {"a": ["1", "3"], "b": ["2", "4"]}
    found = table(tmp_path / "t.csv", "sep=;\na;b\n1;2\n")
    assert found.columns == {"a": ["1"], "b": ["2"]}
    assert list(found.rows) == [3]


def test_lines_of_one_column_with_delimiters_are_not_cut(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"20 of 20 lines of t\.csv do not have 1 entry"):
        table(tmp_path / "t.csv", "text\n" + "it was, on the whole, good\n" * 20)


def test_blanks_after_delimiters_are_no_part_of_the_cells(tmp_path: Path) -> None:
    found = table(tmp_path / "t.csv", 'text, label\none, good\n"two, three", bad\nfour, "so so"\n')
    assert found.columns == {
        "text": ["one", "two, three", "four"],
        "label": ["good", "bad", "so so"],
    }


def test_rows_are_selected_by_value(tmp_path: Path) -> None:
    text = "text,split\none,train\ntwo,test\nthree,train \n"
    for where in ("split=train", ("split=train",), {"split": "train"}):
        found = table(tmp_path / "t.csv", text, where=where)
        assert found.columns == {"text": ["one", "three"]}
        assert list(found.rows) == [2, 4]
        assert found.notes[-1] == "2 of 3 rows selected: split = train"
    with pytest.raises(ValueError, match="the values of split are train, test"):
        table(tmp_path / "t.csv", text, where="split=dev")
    with pytest.raises(ValueError, match=r"`where` must be a column of t\.csv, got 'spilt'"):
        table(tmp_path / "t.csv", text, where="spilt=train")
    with pytest.raises(ValueError, match="`where` must be `column=value`"):
        table(tmp_path / "t.csv", text, where="split")


def test_a_folder_of_tables_is_one_table(tmp_path: Path) -> None:
    for part in range(3):
        (tmp_path / f"part-{part}.csv").write_text(f"text,y\ntext {part},{part}\n")
    (tmp_path / "_SUCCESS").touch()
    found = read_table(tmp_path)
    assert found.columns["text"] == ["text 0", "text 1", "text 2"]
    assert found.notes[0] == "3 files joined: part-0.csv, part-1.csv, part-2.csv"
    (tmp_path / "part-3.csv").write_text("text,z\ntext 3,3\n")
    with pytest.raises(ValueError, match=r"part-0.csv has text, y, part-3.csv has text, z"):
        read_table(tmp_path)

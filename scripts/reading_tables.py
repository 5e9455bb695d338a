"""Tables of every format and layout, read as texts, vectors, labels and pairs."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import lzma
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow
import pyarrow.feather
import pyarrow.parquet
from reading_case import Case, Outcome, compare_arrays

from nearfar.data import open_labeled, open_source, sides

__all__ = ["cases"]

ROWS = 12
REFUSED = "refused"


@dataclass(frozen=True)
class Layout:
    """A way to write a table.

    Attributes:
        format: Name of the format.
        content: How it is written.
        ending: Extension; empty for a table in memory.
        make: Writes a table to a path, or returns it.
        read: What the format's library says of the file, as text or numbers.
        options: Options for nearfar.
        named: Whether the columns have names.
        refused: Words of the error, if nearfar refuses such vectors.
    """

    format: str
    content: str
    ending: str
    make: Callable[[pd.DataFrame, Path], Any]
    read: Callable[[Any], pd.DataFrame]
    options: dict[str, Any] = field(default_factory=dict)
    named: bool = True
    refused: str = ""


def table() -> pd.DataFrame:
    """Texts with everything that needs quoting, another text, two features and classes."""
    marks = ["a, b", 'she "said"', "one; two", "tab\there", "bar|bar", "two\nlines", "it's"]
    texts = ["Größe", "café", "naïve", "plain", "señor", *marks]
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "text": [f"{text} of row {row} " + "word " * row for row, text in enumerate(texts)],
            "other": [f"answer {row}" for row in range(ROWS)],
            "width": random.normal(size=ROWS) * 100,
            "height": random.normal(size=ROWS),
            "label": [("yes", "no", "maybe")[row % 3] for row in range(ROWS)],
        }
    ).assign(text=lambda held: held["text"].str.strip())


def separated(delimiter: str = ",", **options: Any) -> Callable[[pd.DataFrame, Path], Any]:
    encoding = options.pop("encoding", "utf-8")

    def make(held: pd.DataFrame, path: Path) -> Path:
        text = held.to_csv(None, sep=delimiter, index=False, **options)
        path.write_bytes(text.encode(encoding))
        return path

    return make


def packed(pack: Callable[[bytes], bytes]) -> Callable[[pd.DataFrame, Path], Any]:
    def make(held: pd.DataFrame, path: Path) -> Path:
        path.write_bytes(pack(held.to_csv(None, index=False).encode()))
        return path

    return make


def zipped(held: pd.DataFrame, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("table.csv", held.to_csv(None, index=False))
    return path


def by_polars(separator: str) -> Callable[[pd.DataFrame, Path], Any]:
    def make(held: pd.DataFrame, path: Path) -> Path:
        pl.from_pandas(held).write_csv(path, separator=separator)
        return path

    return make


def by_arrow(write: Callable[[Any, Any], Any]) -> Callable[[pd.DataFrame, Path], Any]:
    def make(held: pd.DataFrame, path: Path) -> Path:
        write(pyarrow.Table.from_pandas(held, preserve_index=False), path)
        return path

    return make


def as_stream(held: Any, path: Path) -> None:
    with pyarrow.ipc.new_stream(path, held.schema) as writer:
        writer.write_table(held)


def in_parts(held: pd.DataFrame, path: Path) -> Path:
    path.mkdir()
    for part in range(3):
        own = held.iloc[4 * part : 4 * part + 4]
        own.to_parquet(path / f"part-{part}.parquet", index=False)
    return path


def json_lines(held: pd.DataFrame, path: Path) -> Path:
    held.to_json(path, orient="records", lines=True, double_precision=15)
    return path


def json_lines_permuted(held: pd.DataFrame, path: Path) -> Path:
    """The keys of each line in another order."""
    random = np.random.default_rng(1)
    lines = []
    for row in held.to_dict("records"):
        keys = random.permutation(list(row))
        lines.append(json.dumps({key: row[key] for key in keys}, ensure_ascii=False))
    path.write_text("\n".join(lines) + "\n")
    return path


def from_csv(**options: Any) -> Callable[[Any], pd.DataFrame]:
    """What pandas reads, all of it as text or as numbers in full precision."""
    given = {"float_precision": "round_trip", "keep_default_na": False, **options}
    return lambda path: pd.read_csv(path, **given)


def by_module(delimiter: str, newline: str | None) -> Callable[[Any], pd.DataFrame]:
    """What Python's csv module reads."""

    def read(path: Path) -> pd.DataFrame:
        with path.open(newline=newline, encoding="utf-8") as file:
            names, *rows = csv.reader(file, delimiter=delimiter)
        held = pd.DataFrame(rows, columns=names)
        return held.assign(**{key: held[key].astype(float) for key in ("width", "height")})

    return read


def with_categories(held: pd.DataFrame) -> pd.DataFrame:
    return held.astype({"label": "category", "other": "category", "width": "float32"})


def with_arrow(held: pd.DataFrame) -> pd.DataFrame:
    return held.convert_dtypes(dtype_backend="pyarrow")


def files_of_text() -> list[Layout]:
    """Delimiters, quotes, names of columns, decimal marks, encodings, line ends, compression."""
    nameless = {"header": False}
    own = [
        Layout("CSV", f"{shown}", ".csv", separated(mark), from_csv(sep=mark))
        for mark, shown in ((",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "bars"))
    ]
    quoted = separated(quoting=csv.QUOTE_NONNUMERIC)
    alone = separated(quoting=csv.QUOTE_ALL)
    comma = separated(";", decimal=",")
    own += [
        Layout("CSV", "commas, texts quoted", ".csv", quoted, from_csv()),
        Layout("CSV", "commas, all quoted", ".csv", alone, from_csv()),
        Layout(
            "CSV",
            "no names of columns",
            ".csv",
            separated(**nameless),
            from_csv(header=None),
            named=False,
        ),
        Layout(
            "CSV",
            "decimal commas",
            ".csv",
            comma,
            from_csv(sep=";", decimal=","),
            refused="decimal comma",
        ),
        Layout(
            "CSV",
            "decimal commas, `--decimal ,`",
            ".csv",
            comma,
            from_csv(sep=";", decimal=","),
            {"decimal": ","},
        ),
        Layout("CSV", "CRLF", ".csv", separated(lineterminator="\r\n"), by_module(",", None)),
        Layout(
            "CSV",
            "CR",
            ".csv",
            separated(lineterminator="\r", quoting=csv.QUOTE_ALL),
            by_module(",", None),
        ),
        Layout("TSV", "quoted by pandas", ".tsv", separated("\t"), from_csv(sep="\t")),
        Layout("TSV", "quoted by polars", ".tsv", by_polars("\t"), from_csv(sep="\t")),
        Layout("CSV", "written by polars", ".csv", by_polars(","), from_csv()),
    ]
    for encoding, shown in (
        ("utf-8-sig", "UTF-8 with byte order mark"),
        ("utf-16", "UTF-16 with byte order mark"),
        ("utf-32", "UTF-32 with byte order mark"),
        ("latin-1", "Latin-1"),
        ("cp1252", "Windows-1252"),
    ):
        make = separated(encoding=encoding)
        own.append(Layout("CSV", shown, ".csv", make, from_csv(encoding=encoding)))
    for encoding, shown in (("utf-16-le", "UTF-16"), ("mac-roman", "Mac Roman")):
        make, read = separated(encoding=encoding), from_csv(encoding=encoding)
        given = {"encoding": encoding}
        own.append(Layout("CSV", f"{shown}, `--encoding {encoding}`", ".csv", make, read, given))
    own += [
        Layout("CSV", shown, ending, make, from_csv())
        for shown, ending, make in (
            ("gzip", ".csv.gz", packed(gzip.compress)),
            ("bzip2", ".csv.bz2", packed(bz2.compress)),
            ("xz", ".csv.xz", packed(lzma.compress)),
            ("zip", ".csv.zip", zipped),
        )
    ]
    return own


def other_tables() -> list[Layout]:
    """JSON lines, Parquet, Arrow, and tables in memory."""
    lines = partial(pd.read_json, lines=True, precise_float=True)
    parquet, arrow = pyarrow.parquet.write_table, pyarrow.feather.write_feather
    compressed = partial(parquet, compression="zstd")

    def of_feather(path: Path) -> pd.DataFrame:
        return pyarrow.feather.read_table(path).to_pandas()

    def of_stream(path: Path) -> pd.DataFrame:
        return pyarrow.ipc.open_stream(path).read_pandas()

    def same(held: Any) -> pd.DataFrame:
        return held.to_pandas() if hasattr(held, "to_pandas") else held

    return [
        Layout("JSON lines", "written by pandas", ".jsonl", json_lines, lines),
        Layout("JSON lines", "keys in any order", ".jsonl", json_lines_permuted, lines),
        Layout("Parquet", "one file", ".parquet", by_arrow(parquet), pd.read_parquet),
        Layout("Parquet", "Zstandard", ".parquet", by_arrow(compressed), pd.read_parquet),
        Layout("Parquet", "a folder of files", "", in_parts, pd.read_parquet),
        Layout("Arrow", "Feather", ".feather", by_arrow(arrow), of_feather),
        Layout("Arrow", "IPC file", ".arrow", by_arrow(arrow), of_feather),
        Layout("Arrow", "IPC stream", ".arrow", by_arrow(as_stream), of_stream),
        Layout("in memory", "pandas", "", lambda held, path: held, same),
        Layout("in memory", "pandas, categories", "", lambda h, p: with_categories(h), same),
        Layout("in memory", "pandas, types of pyarrow", "", lambda h, p: with_arrow(h), same),
        Layout("in memory", "polars", "", lambda held, path: pl.from_pandas(held), same),
        Layout("in memory", "pyarrow", "", lambda h, p: pyarrow.Table.from_pandas(h), same),
    ]


def texts_of(source: Any) -> list[str]:
    return list(source.read(range(len(source))).inputs.strings)


def as_texts(layout: Layout, made: Any, names: list[str]) -> tuple[Any, ...]:
    options = {k: v for k, v in layout.options.items() if k != "decimal"}
    found = texts_of(open_source(made, modality="text", column=names[0], words=None, **options))
    return found, layout.read(made)[_key(layout, 0)].tolist()


def as_pairs(layout: Layout, made: Any, names: list[str]) -> tuple[Any, ...]:
    options = {k: v for k, v in layout.options.items() if k != "decimal"}
    source = open_source(made, modality="pairs", x=names[1], s=names[0], **options)
    found = [texts_of(side) for side in sides(source)]
    held = layout.read(made)
    return found, [held[_key(layout, 1)].tolist(), held[_key(layout, 0)].tolist()]


def as_labels(layout: Layout, made: Any, names: list[str]) -> tuple[Any, ...]:
    options = {k: v for k, v in layout.options.items() if k != "decimal"}
    given = open_labeled(
        made, modality="text", column=names[0], labels=names[4], words=None, **options
    )
    found = [given.class_names[label] for label in given.train_labels.tolist()]
    return found, layout.read(made)[_key(layout, 4)].tolist()


def as_vectors(layout: Layout, made: Any, names: list[str]) -> tuple[Any, ...]:
    source = open_source(made, modality="vectors", exclude=names[4], **layout.options)
    found = source.read(range(len(source))).inputs.numpy()
    return found, layout.read(made)[[_key(layout, 2), _key(layout, 3)]].to_numpy(float)


def _key(layout: Layout, place: int) -> Any:
    return list(table())[place] if layout.named else place


ROADS = {"vectors": as_vectors, "texts": as_texts, "labels": as_labels, "pairs": as_pairs}


def run(layout: Layout, road: str, folder: Path) -> Outcome:
    made = layout.make(table(), folder / f"table{layout.ending}")
    names = list(table()) if layout.named else list("01234")
    try:
        found, expected = ROADS[road](layout, made, names)
    except ValueError as error:
        if layout.refused and road == "vectors" and layout.refused in str(error):
            return Outcome(True, REFUSED)
        raise
    if layout.refused and road == "vectors":
        return Outcome(False, f"not {REFUSED}")
    if isinstance(found, np.ndarray):
        return compare_arrays(found, expected, tolerance=0)
    wrong = [f"{a!r}, not {b!r}" for a, b in zip(found, expected, strict=True) if a != b]
    return Outcome(False, wrong[0]) if wrong else Outcome(True, "exact")


def cases() -> list[Case]:
    return [
        Case("Tables", layout.format, layout.content, road, partial(run, layout, road))
        for layout in [*files_of_text(), *other_tables()]
        for road in ROADS
    ]

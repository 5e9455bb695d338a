"""Open texts, with or without labels: files of lines, tables, lists, Hugging Face datasets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nearfar._audience import given
from nearfar.data._array_files import ARRAY_ENDINGS
from nearfar.data._column_roles import Role, role_of
from nearfar.data._columnar_files import COLUMNAR_ENDINGS, column_values
from nearfar.data._data_kind import Confidence, DataKind
from nearfar.data._files import (
    COMPRESSED,
    IMAGE_ENDINGS,
    SOUND_ENDINGS,
    file_ending,
    list_names,
    printable,
)
from nearfar.data._hub_tables import head_of_hub
from nearfar.data._joined import Joined
from nearfar.data._labeled_data import LabeledData, with_labels
from nearfar.data._number_cells import is_missing
from nearfar.data._preview import DataPreview
from nearfar.data._source import Source
from nearfar.data._specs import Split, refuse_test
from nearfar.data._table_kind import beginning_of, number_columns
from nearfar.data._tables import (
    ROW_OPTIONS,
    TABLE_ENDINGS,
    TABLE_OPTIONS,
    Reading,
    Table,
    is_frame,
    join_tables,
    read_table,
    table_of_frame,
)
from nearfar.data._text_decoding import decode_file, split_lines
from nearfar.data.text._hub import PREFIX, hub_table, is_hub_data
from nearfar.data.text._text_columns import choose_column, label_column
from nearfar.data.text._text_source import TextSource

__all__ = ["TEXT", "label_text", "open_text"]

ENDINGS = (".txt", *TABLE_ENDINGS)


@dataclass(frozen=True)
class _Opened:
    """Texts, and the table they come from, if any."""

    source: TextSource
    table: Table | None


def open_text(
    spec: Path | str | Sequence[str] | Any,
    *,
    split: Split = "train",
    column: str | None = None,
    words: int | None = 256,
    encoding: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    where: Mapping[str, Any] | tuple[str, ...] | str | None = None,
) -> Source:
    """Open a source of unlabelled texts.

    Args:
        spec: A ``.txt`` file with one text per line; a ``.csv``, ``.tsv``, ``.jsonl``,
            ``.parquet``, ``.arrow`` or ``.feather`` file; texts in memory; a table of pandas,
            polars or pyarrow; a Hugging Face dataset, as an object or as ``hf:NAME``,
            ``hf:NAME:CONFIGURATION`` or ``hf:FOLDER``; or a folder with ``train`` and ``test``
            files, or with the parts of one table. Text files may be compressed (``.gz``, ``.bz2``,
            ``.xz``, ``.zip``).
        split: Samples to open if the data have an official test set: all others (``train``), the
            test set (``test``), or both (``all``).
        column: Column of the texts; by default ``text``, or the only or by far the longest column
            of texts. Ignored for files of lines and for texts in memory.
        words: Number of words after which texts are truncated; None for no limit.
        encoding: Encoding of a text file; by default determined from its bytes.
        delimiter: Character between the cells of a line; by default determined from the content.
        header: Whether the first row of a table has the columns' names; by default determined from
            the content. Without names, the columns are ``0``, ``1``, …
        where: Conditions on the rows of a table: ``split=train``, or ``{"split": "train"}``.

    Raises:
        TypeError: An object that is not texts.
        ValueError: Unusable data; the message gives the reason.
    """
    reading = Reading.of(locals())
    if split == "all" and isinstance(spec, Path) and spec.is_dir():
        parts = [_opened(spec, part, column, words, reading).source for part in _parts(spec)]
        return parts[0] if len(parts) == 1 else Joined(parts, name=f"{spec.name}-all")
    return _opened(spec, split, column, words, reading).source


def _opened(
    spec: Any, split: Split, column: str | None, words: int | None, reading: Reading
) -> _Opened:
    """Open texts as in :func:`open_text`, and keep their table."""
    if is_frame(spec):
        refuse_test(split, "a table")
        return _of_table(table_of_frame(spec, reading), column, words)
    if is_hub_data(spec):
        table = hub_table(spec, split=split).where(reading.conditions)
        return _of_table(table, column, words)
    listed = column_values(spec)
    if listed is not None:
        spec = [None if is_missing(text) and not isinstance(text, str) else text for text in listed]
    if isinstance(spec, (list, tuple)):
        refuse_test(split, "a list of texts")
        files = (*IMAGE_ENDINGS, *SOUND_ENDINGS, *ARRAY_ENDINGS)
        if spec and all(isinstance(t, str) and t.lower().endswith(files) for t in spec):
            raise ValueError(
                f"texts must not be names of files, got {printable(spec[0])!r}: pass the folder,"
                " or open the files yourself"
            )
        return _Opened(TextSource(spec, name="texts", words=words), None)
    if not isinstance(spec, Path):
        raise TypeError(
            "texts must be a file, a folder, a list of texts or a Hugging Face dataset,"
            f" got {type(spec).__name__}"
        )
    if spec.is_dir():
        return _open_folder(spec, split, column, words, reading)
    refuse_test(split, printable(spec.name))
    return _open_file(spec, column, words, reading)


def _open_file(path: Path, column: str | None, words: int | None, reading: Reading) -> _Opened:
    ending = file_ending(path)
    if ending in TABLE_ENDINGS:
        return _of_table(read_table(path, reading), column, words, name=_stem(path))
    if ending != ".txt":
        raise ValueError(
            f"{printable(str(path))} is not a file of texts, which end in {' '.join(ENDINGS)}"
        )
    if reading.conditions:
        raise ValueError(f"`where` is for tables; {printable(path.name)} is a file of lines")
    decoded = decode_file(path, encoding=reading.encoding)
    lines = split_lines(decoded.text)
    rows = np.arange(1, len(lines) + 1)
    source = TextSource(
        lines, name=_stem(path), words=words, rows=rows, place="line", notes=decoded.notes
    )
    return _Opened(source, None)


def _of_table(
    table: Table, column: str | None, words: int | None, *, name: str | None = None
) -> _Opened:
    chosen, note = choose_column(table, column)
    numbers = number_columns(table)
    if len(numbers) > 1:
        note += (
            f"numbers of {table.name} are not read: {list_names(numbers)};"
            f" {given(modality='vectors')} reads them",
        )
    source = TextSource(
        table.column(chosen),
        name=name or table.name,
        words=words,
        rows=np.asarray(table.rows),
        place=table.place,
        notes=(*table.notes, *note),
        column=chosen,
    )
    return _Opened(source, table)


def _open_folder(
    folder: Path, split: Split, column: str | None, words: int | None, reading: Reading
) -> _Opened:
    parts = _parts(folder)
    if split not in parts:
        refuse_test("test", f"{printable(str(folder))}, without a file named test,")
    files = parts[split]
    if len(files) == 1:
        return _open_file(files[0], column, words, reading)
    name = f"{printable(folder.name)}-{split}"
    table = join_tables([read_table(file, replace(reading, where=())) for file in files], name=name)
    return _of_table(table.where(reading.conditions), column, words, name=name)


def _parts(folder: Path) -> dict[Split, list[Path]]:
    """The files of each split; a single file, or the parts of one table, are the training split."""
    files = sorted(f for f in folder.iterdir() if f.is_file() and file_ending(f) in ENDINGS)
    held = list_names([printable(file.name) for file in files]) or "no file of texts"
    found: dict[Split, list[Path]] = {}
    for split in ("train", "test"):
        named = [file for file in files if _stem(file).lower().startswith(split)]
        if len(named) > 1 and not _are_parts(named):
            raise ValueError(
                f"{printable(str(folder))} must contain one file of texts named {split} or numbered"
                f" parts of it, got {list_names([printable(file.name) for file in named])}"
            )
        if named:
            found[split] = named
    if "train" not in found and (len(files) == 1 or (files and _are_parts(files))):
        found["train"] = files
    if "train" not in found:
        raise ValueError(
            f"{printable(str(folder))} must contain one file of texts or one named train,"
            f" got {held}"
        )
    return found


def _are_parts(files: Sequence[Path]) -> bool:
    """Whether tables differ only by a number: ``train-00000-of-00002.parquet``, ``part-1.csv``."""
    stems = {re.sub(r"\d+", "", file.name) for file in files}
    return len(stems) == 1 and file_ending(files[0]) in TABLE_ENDINGS


def _stem(path: Path) -> str:
    inner = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
    return inner.stem


def label_text(spec: Any, *, labels: str | None = None, **options: Any) -> LabeledData:
    """Open texts with their classes from a column of the same table.

    Args:
        spec: Texts, as in :func:`open_text`; lists and files of lines have no labels.
        labels: Column of the classes; by default ``label``, ``labels``, ``y``, ``class``,
            ``target`` or ``category``.
        options: Options of :func:`open_text`.

    Raises:
        ValueError: No labels, only one class, a text without a class, or classes that only the test
            set has.
    """
    reading = Reading.of(options | {"labels": labels})
    chosen = options.get("column"), options.get("words", 256), reading
    opened = _opened(spec, options.get("split", "train"), *chosen)
    train_labels = _labels_of(opened, labels)
    try:
        test = _opened(spec, "test", *chosen)
    except ValueError as error:
        if "no official test set" not in str(error):
            raise
        return with_labels(opened.source, train_labels)
    return with_labels(opened.source, train_labels, test.source, _labels_of(test, labels))


def _labels_of(opened: _Opened, labels: str | None) -> list[Any]:
    """The label of each text; with `where`, the table has only the rows selected."""
    if opened.table is None:
        raise ValueError(f"{opened.source.name} has no labels: pass them as `labels`")
    column = opened.table.column(label_column(opened.table, labels), option="labels")
    return [column[row] for row in opened.source.kept.tolist()]


def _without_texts(frame: Any) -> bool:
    """Whether no column of a table in memory has texts."""
    table = beginning_of(frame)
    held = {} if table is None else table.columns
    return not any(isinstance(cell, str) for cells in held.values() for cell in cells)


def _recognize(preview: DataPreview) -> Confidence:
    """Recognise lists of texts, files of lines, tables, and Hugging Face datasets."""
    spec = preview.spec
    column = column_values(spec)
    if column:
        spec = [text for text in column if not is_missing(text)]
    listed = isinstance(spec, (list, tuple)) and bool(spec)
    if preview.kind_of_items == "images":  # names of files
        return Confidence.NO
    if preview.kind_of_items == "text" or (listed and all(isinstance(t, str) for t in spec)):
        return Confidence.LIKELY
    on_hub = isinstance(spec, str) and spec.startswith(PREFIX)
    spec = head_of_hub(spec)
    if is_frame(spec) or preview.ending in TABLE_ENDINGS:
        texts = not preview.holds_numbers and not (is_frame(spec) and _without_texts(spec))
        return Confidence.LIKELY if texts else Confidence.NO
    tables = preview.count_files(COLUMNAR_ENDINGS) if preview.is_folder else 0
    if tables and 2 * tables > len(preview.file_names):
        return Confidence.NO if preview.holds_numbers else Confidence.LIKELY
    return Confidence.LIKELY if on_hub or preview.ending in ENDINGS else Confidence.NO


def _admits(preview: DataPreview) -> bool:
    """Whether data can be texts: tables with a column of words, other than dates."""
    held = {} if preview.table is None else preview.table.columns
    return any(role_of(name, cells) in _WORDS for name, cells in held.items())


_WORDS = (Role.TEXT, Role.CATEGORY, Role.IDENTIFIER)

TEXT = DataKind(
    name="text",
    open=open_text,
    label=label_text,
    recognizes=_recognize,
    admits=_admits,
    endings=ENDINGS,
    prefixes=(PREFIX,),
    implied_by=("column",),
    own_options=TABLE_OPTIONS,
    row_options=ROW_OPTIONS,
)
"""How texts are recognised and opened."""

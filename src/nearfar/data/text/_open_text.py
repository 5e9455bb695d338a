"""Open texts, with or without labels: files of lines, tables, lists, Hugging Face datasets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.data._data_kind import Confidence, DataKind
from nearfar.data._files import file_ending, printable
from nearfar.data._joined import Joined
from nearfar.data._labeled_data import LabeledData, with_labels
from nearfar.data._preview import DataPreview
from nearfar.data._source import Source
from nearfar.data._specs import Split, refuse_test
from nearfar.data._tables import TABLE_ENDINGS, Table, read_lines, read_table
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
) -> Source:
    """Open a source of unlabelled texts.

    Args:
        spec: A ``.txt`` file with one text per line; a ``.csv``, ``.tsv``, ``.jsonl`` or
            ``.parquet`` file; texts in memory; a Hugging Face dataset, as an object or as
            ``hf:NAME``, ``hf:NAME:CONFIGURATION`` or ``hf:FOLDER``; or a folder with ``train`` and
            ``test`` files. All but ``.parquet`` may be compressed (``.gz``).
        split: Samples to open if the data have an official test set: all others (``train``), the
            test set (``test``), or both (``all``).
        column: Column of the texts; by default ``text``, or the only or by far the longest column
            of texts. Ignored for files of lines and for texts in memory.
        words: Number of words after which texts are truncated; None for no limit.

    Raises:
        TypeError: An object that is not texts.
        ValueError: Unusable data; the message gives the reason.
    """
    if split == "all" and isinstance(spec, Path) and spec.is_dir():
        parts = [open_text(spec, split=part, column=column, words=words) for part in _parts(spec)]
        return parts[0] if len(parts) == 1 else Joined(parts, name=f"{spec.name}-all")
    return _opened(spec, split=split, column=column, words=words).source


def _opened(
    spec: Any, *, split: Split = "train", column: str | None = None, words: int | None = 256
) -> _Opened:
    """Open texts as in :func:`open_text`, and keep their table."""
    if is_hub_data(spec):
        return _of_table(hub_table(spec, split=split), column, words)
    if isinstance(spec, (list, tuple)):
        refuse_test(split, "a list of texts")
        return _Opened(TextSource(spec, name="texts", words=words), None)
    if not isinstance(spec, Path):
        raise TypeError(
            "texts must be a file, a folder, a list of texts or a Hugging Face dataset,"
            f" got {type(spec).__name__}"
        )
    if spec.is_dir():
        return _open_folder(spec, split, column, words)
    refuse_test(split, printable(spec.name))
    return _open_file(spec, column, words)


def _open_file(path: Path, column: str | None, words: int | None) -> _Opened:
    ending = file_ending(path)
    if ending in TABLE_ENDINGS:
        return _of_table(read_table(path), column, words, name=_stem(path))
    if ending != ".txt":
        raise ValueError(
            f"{printable(str(path))} is not a file of texts, which end in {' '.join(ENDINGS)}"
        )
    lines = list(read_lines(path))
    rows = np.arange(1, len(lines) + 1)
    source = TextSource(lines, name=_stem(path), words=words, rows=rows, place="line")
    return _Opened(source, None)


def _of_table(
    table: Table, column: str | None, words: int | None, *, name: str | None = None
) -> _Opened:
    chosen, note = choose_column(table, column)
    source = TextSource(
        table.column(chosen),
        name=name or table.name,
        words=words,
        rows=np.asarray(table.rows),
        place=table.place,
        notes=(*table.notes, *note),
    )
    return _Opened(source, table)


def _open_folder(folder: Path, split: Split, column: str | None, words: int | None) -> _Opened:
    parts = _parts(folder)
    if split not in parts:
        refuse_test("test", f"{printable(str(folder))}, without a file named test,")
    return _open_file(parts[split], column, words)


def _parts(folder: Path) -> dict[Split, Path]:
    """The file of each split; a single file of any name is the training split."""
    files = sorted(f for f in folder.iterdir() if f.is_file() and file_ending(f) in ENDINGS)
    found: dict[Split, Path] = {}
    for split in ("train", "test"):
        named = [file for file in files if _stem(file).lower().startswith(split)]
        if named:
            found[split] = named[0]
    if "train" not in found and len(files) == 1:
        found["train"] = files[0]
    if "train" not in found:
        held = ", ".join(printable(file.name) for file in files) or "no file of texts"
        raise ValueError(
            f"{printable(str(folder))} must contain one file of texts or one named train,"
            f" got {held}"
        )
    return found


def _stem(path: Path) -> str:
    inner = path.with_suffix("") if path.suffix.lower() == ".gz" else path
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
    opened = _opened(spec, **options)
    train_labels = _labels_of(opened, labels)
    try:
        test = _opened(spec, **options | {"split": "test"})
    except ValueError as error:
        if "no official test set" not in str(error):
            raise
        return with_labels(opened.source, train_labels)
    return with_labels(opened.source, train_labels, test.source, _labels_of(test, labels))


def _labels_of(opened: _Opened, labels: str | None) -> NDArray[Any]:
    if opened.table is None:
        raise ValueError(f"{opened.source.name} has no labels: pass them as `labels`")
    name = label_column(opened.table, labels)
    column = opened.table.column(name, option="labels")
    values = [column[row] for row in opened.source.kept.tolist()]
    missing = [row for row, value in enumerate(values) if value is None or value == ""]
    if missing:
        raise ValueError(
            f"column {name!r} of {opened.table.name} must have a class for each text, got none in"
            f" {len(missing):,} of {len(values):,}, the first at"
            f" {opened.source.identify(missing[0])}"
        )
    return np.asarray(values)


def _recognize(preview: DataPreview) -> Confidence:
    """Recognise lists of texts, files of lines, tables, and Hugging Face datasets."""
    spec = preview.spec
    listed = isinstance(spec, (list, tuple)) and bool(spec)
    if listed and all(isinstance(text, str) for text in spec):
        return Confidence.LIKELY
    on_hub = isinstance(spec, str) and spec.startswith(PREFIX)
    return Confidence.LIKELY if on_hub or preview.ending in ENDINGS else Confidence.NO


TEXT = DataKind(
    name="text",
    open=open_text,
    label=label_text,
    recognizes=_recognize,
    endings=ENDINGS,
    prefixes=(PREFIX,),
    implied_by=("column",),
)
"""How texts are recognised and opened."""

"""Open texts: files of lines, tables, lists, data sets of Hugging Face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nearfar.data._files import printable
from nearfar.data._joined import Joined
from nearfar.data._source import Source
from nearfar.data._specs import Split, refuse_test
from nearfar.data.text._columns import choose_column
from nearfar.data.text._hub import hub_table, is_hub_data
from nearfar.data.text._source import TextSource
from nearfar.data.text._tables import TABLE_ENDINGS, Table, file_ending, read_lines, read_table

__all__ = ["Opened", "open_text", "opened_text"]

ENDINGS = (".txt", *TABLE_ENDINGS)


@dataclass(frozen=True)
class Opened:
    """Texts, and the table they came from; None where they did not come from one."""

    source: TextSource
    table: Table | None


def open_text(
    spec: Path | str | Sequence[str] | Any,
    *,
    split: Split = "train",
    column: str | None = None,
    words: int | None = 256,
) -> Source:
    """A source of unlabelled texts.

    Args:
        spec: A ``.txt`` file with a text in each line; a ``.csv``, ``.tsv``, ``.jsonl`` or
            ``.parquet`` file; texts in memory; a data set of Hugging Face, as an object, as
            ``hf:NAME``, as ``hf:NAME:CONFIGURATION`` or as ``hf:FOLDER``; or a folder with
            ``train`` and ``test`` files. All but ``.parquet`` may be compressed (``.gz``).
        split: Where data come with an official test set: everything but that set (``train``), that
            set alone, or all.
        column: Column of the texts; ``text``, or the only or by far the longest column of texts, if
            not given. Lines and texts in memory have none: it is not looked at.
        words: Most words that are kept of a text; all if None.

    Raises:
        TypeError: Something that is no source of texts.
        ValueError: The data cannot be used; the reason is said.
    """
    if split == "all" and isinstance(spec, Path) and spec.is_dir():
        parts = [open_text(spec, split=part, column=column, words=words) for part in _parts(spec)]
        return parts[0] if len(parts) == 1 else Joined(parts, name=f"{spec.name}-all")
    return opened_text(spec, split=split, column=column, words=words).source


def opened_text(
    spec: Any, *, split: Split = "train", column: str | None = None, words: int | None = 256
) -> Opened:
    """As :func:`open_text`, with the table beside the texts."""
    if is_hub_data(spec):
        return _of_table(hub_table(spec, split=split), column, words)
    if isinstance(spec, (list, tuple)):
        refuse_test(split, "a list of texts")
        return Opened(TextSource(spec, name="texts", words=words), None)
    if not isinstance(spec, Path):
        raise TypeError(
            "texts must be a file, a folder, a list of texts or a data set of Hugging Face,"
            f" got {type(spec).__name__}"
        )
    if spec.is_dir():
        return _open_folder(spec, split, column, words)
    refuse_test(split, printable(spec.name))
    return _open_file(spec, column, words)


def _open_file(path: Path, column: str | None, words: int | None) -> Opened:
    ending = file_ending(path)
    if ending in TABLE_ENDINGS:
        return _of_table(read_table(path), column, words, name=_stem(path))
    if ending != ".txt":
        raise ValueError(
            f"{printable(str(path))} is no file of texts: these end in {' '.join(ENDINGS)}"
        )
    lines = list(read_lines(path))
    rows = np.arange(1, len(lines) + 1)
    source = TextSource(lines, name=_stem(path), words=words, rows=rows, place="line")
    return Opened(source, None)


def _of_table(
    table: Table, column: str | None, words: int | None, *, name: str | None = None
) -> Opened:
    chosen, note = choose_column(table, column)
    source = TextSource(
        table.column(chosen),
        name=name or table.name,
        words=words,
        rows=np.asarray(table.rows),
        place=table.place,
        notes=(*table.notes, *note),
    )
    return Opened(source, table)


def _open_folder(folder: Path, split: Split, column: str | None, words: int | None) -> Opened:
    parts = _parts(folder)
    if split not in parts:
        refuse_test("test", f"{printable(str(folder))}, in which no file is called test,")
    return _open_file(parts[split], column, words)


def _parts(folder: Path) -> dict[Split, Path]:
    """The file of each split; a single file, whatever its name, is all there is."""
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
            f"{printable(str(folder))} must hold one file of texts or one called train, it holds"
            f" {held}"
        )
    return found


def _stem(path: Path) -> str:
    inner = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return inner.stem

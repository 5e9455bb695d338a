"""Open pairs: two columns of a table, two arrays, two sources, or adjacent sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from nearfar.data._array_files import array_ending
from nearfar.data._data_kind import Confidence, DataKind
from nearfar.data._files import counted, file_ending, list_names
from nearfar.data._foreign_objects import Taken
from nearfar.data._labeled_data import LabeledData
from nearfar.data._omissions import Omission
from nearfar.data._preview import DataPreview
from nearfar.data._source import Source
from nearfar.data._specs import Split, array_of, refuse_test
from nearfar.data._tables import (
    ROW_OPTIONS,
    TABLE_ENDINGS,
    TABLE_OPTIONS,
    Reading,
    is_frame,
    table_of_frame,
)
from nearfar.data.pairs._halves import examine, source_of, what_is_wrong
from nearfar.data.pairs._pair_columns import (
    Halves,
    adjacent_halves,
    halves_of,
    read_halves,
)
from nearfar.data.pairs._pair_source import PairSource

__all__ = ["PAIRS", "label_pairs", "may_be_pairs", "open_pairs"]


def open_pairs(
    spec: Any,
    open_part: Callable[[Any], Source] | None = None,
    *,
    split: Split = "train",
    x: str | None = None,
    s: str | None = None,
    adjacent: bool | None = None,
    sample_rate: int | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    where: Mapping[str, Any] | tuple[str, ...] | str | None = None,
    x_options: Mapping[str, Any] | None = None,
    s_options: Mapping[str, Any] | None = None,
) -> Source:
    """Open a source of pairs: an input and its self-supervised signal.

    A half is a text, the path of an image or audio file (relative to the table's folder), the bytes
    of such a file (as in Hugging Face's ``.parquet`` files), or a list of numbers: a vector, or a
    series if lengths differ. Pairs with a missing or unreadable half are skipped and counted in the
    source's notes.

    Args:
        spec: A table: a ``.parquet``, ``.arrow``, ``.csv``, ``.tsv`` or ``.jsonl`` file, a folder
            of such files, or a table of pandas, polars or pyarrow; a file with two arrays, such as
            ``.npz``; a tuple of two sources, arrays or lists in memory, or paths; with `adjacent`,
            a file of sentences.
        open_part: Function that opens a half given as a path or a name.
        split: Pairs have no official test set: ``train`` or ``all``.
        x: Column or array of the inputs; by default the first of two.
        s: Column or array of the signals; by default the second of two.
        adjacent: Whether to pair each text with the next one; an empty line separates documents.
        sample_rate: Sampling rate in Hz that audio is resampled to; by default the most common rate
            of the files.
        encoding: Encoding of a text file; by default determined from its bytes.
        delimiter: Character between the cells of a line; by default determined from the content.
        header: Whether the first row of a table has the columns' names; by default determined from
            the content.
        where: Conditions on the rows of a table: ``split=train``, or ``{"split": "train"}``.
        x_options: Options of the inputs' modality that an encoder's training data had, such as
            ``value_range``.
        s_options: Options of the signals' modality that an encoder's training data had.

    Raises:
        TypeError: An object that is not pairs, or a file that only unpickling could read.
        ValueError: Halves of different lengths, no pairs, more than half of the pairs
            incomplete, or no such column.

    Example:
        >>> open_pairs((["a dog", "", "a red car"], ["un chien", "un chat", "une voiture rouge"]))
        <pairs: 2 pairs (texts of 2 words, texts of 2 words)>
    """
    reading = Reading.of(locals())
    of_halves = (x_options or {}, s_options or {})
    refuse_test(split, "a set of pairs")
    if adjacent:
        if s is not None:
            raise ValueError("`s` must be unset with `adjacent`: the signal is the next text")
        return _complete(adjacent_halves(spec, x=x, reading=reading), None, sample_rate, of_halves)
    if isinstance(spec, Path):
        halves = read_halves(spec, x=x, s=s, reading=reading)
        folder = spec if spec.is_dir() else spec.parent
        return _complete(halves, folder, sample_rate, of_halves)
    if is_frame(spec):
        halves = halves_of(table_of_frame(spec, reading), "table", x=x, s=s)
        return _complete(halves, None, sample_rate, of_halves)
    if not isinstance(spec, tuple) or len(spec) != 2:
        raise TypeError(
            "pairs must be a table, an .npz file, or two sources, arrays or lists in a tuple,"
            f" got {type(spec).__name__}"
        )
    sides = [_array(side) for side in spec]
    if any(isinstance(side, (Source, Path, str, Taken)) for side in sides):
        return PairSource(*(_source(side, open_part) for side in sides))
    return _complete(Halves("pairs", sides[0], sides[1]), None, sample_rate, of_halves)


def label_pairs(spec: Any, *, labels: str | None = None, **options: Any) -> LabeledData:
    """Raise an error: pairs have no labels.

    Raises:
        ValueError: Always; the message names the alternative.
    """
    raise ValueError(
        "pairs have no labels: probe with labelled data of one side, such as images or texts"
    )


def _source(side: Any, open_part: Callable[[Any], Source] | None) -> Source:
    if isinstance(side, Source):
        return side
    if open_part is None:
        raise TypeError(f"halves of pairs must both be sources or none, got {type(side).__name__}")
    return open_part(side)


def _array(side: Any) -> Any:
    return array_of(side) if isinstance(side, (np.ndarray, Tensor)) else side


def _complete(
    halves: Halves,
    folder: Path | None,
    sample_rate: int | None,
    of_halves: tuple[Mapping[str, Any], Mapping[str, Any]],
) -> PairSource:
    """A source of the complete pairs."""
    if len(halves.x) != len(halves.s):
        raise ValueError(
            f"`x` and `s` must have equal lengths, got {len(halves.x):,} and {len(halves.s):,}"
        )
    x = examine(halves.x, folder=folder, option="x")
    s = examine(halves.s, folder=folder, option="s")
    lacks_x, lacks_s = what_is_wrong(x), what_is_wrong(s)
    kept = [i for i, whys in enumerate(zip(lacks_x, lacks_s, strict=True)) if whys == (None, None)]
    notes = halves.notes
    if len(kept) < len(lacks_x):
        notes += (_left_out(halves, lacks_x, lacks_s, len(kept)),)
    if not kept:
        raise ValueError(f"at least 1 pair is needed, got none in {halves.name}")
    sources = (
        source_of(half, kept, halves, sample_rate=sample_rate, options=options)
        for half, options in zip((x, s), of_halves, strict=True)
    )
    return PairSource(*sources, name=halves.name, notes=notes)


def _left_out(
    halves: Halves, lacks_x: Sequence[str | None], lacks_s: Sequence[str | None], kept: int
) -> Omission:
    """A note on incomplete pairs with the reasons; an error if they are more than half."""
    total = len(lacks_x)
    rows = halves.rows if halves.rows is not None else range(total)
    shown = []
    for row, why_x, why_s in zip(rows, lacks_x, lacks_s, strict=True):
        whys = [f"{name} {why}" for name, why in (("x", why_x), ("s", why_s)) if why]
        if whys:
            shown.append(f"{halves.place} {row} ({', '.join(whys)})")
    share_text = f"{total - kept:,} of {counted(total, 'pair')}"
    if total - kept > kept:
        raise ValueError(
            f"more than half of the pairs in {halves.name} are incomplete, {share_text}:"
            f" {list_names(shown)}"
        )
    return Omission(f"{share_text} skipped as incomplete: {list_names(shown)}")


def may_be_pairs(spec: Any) -> bool:
    """Whether data can be pairs, rather than one side of them.

    >>> may_be_pairs(Path("captions.tsv.gz")), may_be_pairs(Path("photos"))
    (True, False)
    """
    if isinstance(spec, (str, Path)):
        ending = file_ending(Path(spec))
        return ending in TABLE_ENDINGS or array_ending(Path(spec)) not in ("", ".npy", ".idx")
    return isinstance(spec, tuple) and len(spec) == 2 and not isinstance(spec[0], str)


def _recognize(preview: DataPreview) -> Confidence:
    """Recognise two halves in a tuple, unless they are two texts."""
    spec = preview.spec
    two = isinstance(spec, tuple) and len(spec) == 2 and not isinstance(spec[0], str)
    return Confidence.LIKELY if two else Confidence.NO


PAIRS = DataKind(
    name="pairs",
    open=open_pairs,
    label=label_pairs,
    recognizes=_recognize,
    admits=lambda preview: preview.table is not None or may_be_pairs(preview.spec),
    implied_by=("x", "s", "adjacent"),
    own_options=TABLE_OPTIONS,
    row_options=ROW_OPTIONS,
    composite=True,
)
"""How pairs are recognised and opened."""

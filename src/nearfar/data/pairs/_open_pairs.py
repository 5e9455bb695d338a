"""Open pairs: two columns of a table, two arrays, two sources, neighbouring sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from nearfar.data._data_kind import DataKind, Sureness
from nearfar.data._files import counted, file_ending, list_names, printable
from nearfar.data._labelled_data import LabelledData
from nearfar.data._preview import DataPreview
from nearfar.data._source import Source
from nearfar.data._specs import Split, array_of, refuse_test
from nearfar.data._tables import TABLE_ENDINGS
from nearfar.data.pairs._columns import Halves, adjacent_halves, read_halves
from nearfar.data.pairs._halves import examine, source_of, what_is_wrong
from nearfar.data.pairs._source import PairSource

__all__ = ["PAIRS", "label_pairs", "may_be_pairs", "open_pairs"]


def open_pairs(
    spec: Path | tuple[Any, Any] | Sequence[str],
    open_part: Callable[[Any], Source] | None = None,
    *,
    split: Split = "train",
    x: str | None = None,
    s: str | None = None,
    adjacent: bool | None = None,
    sample_rate: int | None = None,
) -> Source:
    """A source of pairs: an input and its self-supervised signal.

    A half is a text, the path of an image or a sound (relative to the file), the bytes of one (as
    Hugging Face stores them in ``.parquet``), or a list of numbers: a vector, or a series where
    lengths differ. A pair of which a half is missing or cannot be read is left out and counted in
    the source's notes.

    Args:
        spec: A ``.parquet``, ``.csv``, ``.tsv`` or ``.jsonl`` file; an ``.npz`` file of two arrays;
            two sources, arrays or lists in memory, or two paths, in a tuple; with `adjacent` a file
            of sentences.
        open_part: Opens a half that is a path or a name; needed where a half is one.
        split: Pairs have no official test set: ``train`` or ``all``.
        x: Column or array of the inputs; the first of two if neither is named.
        s: Column or array of the signals.
        adjacent: Pairs are each text and the next one; an empty line ends a text.
        sample_rate: Sounds are resampled to it; the commonest of the files if left out.

    Raises:
        TypeError: Something that is no source of pairs, or that only unpickling could read.
        ValueError: Lengths that differ, fewer than two pairs, more than half of them incomplete, or
            no such column.

    Example:
        >>> open_pairs((["a dog", "", "a red car"], ["un chien", "un chat", "une voiture rouge"]))
        <pairs: 2 pairs (texts of 2 words, texts of 2 words)>
    """
    refuse_test(split, "a set of pairs")
    if adjacent:
        if s is not None:
            raise ValueError("`s` must be left out with `adjacent`: the signal is the next text")
        return _complete(adjacent_halves(spec, x=x), folder=None, sample_rate=sample_rate)
    if isinstance(spec, Path):
        if spec.is_dir():
            raise ValueError(
                f"{printable(str(spec))} is a folder: pairs are in a table or an .npz file, or two"
                " paths in a tuple"
            )
        halves = read_halves(spec, x=x, s=s)
        return _complete(halves, folder=spec.parent, sample_rate=sample_rate)
    if not isinstance(spec, tuple) or len(spec) != 2:
        raise TypeError(
            "pairs must be a table, an .npz file, or two sources, arrays or lists in a tuple,"
            f" got {type(spec).__name__}"
        )
    sides = [_array(side) for side in spec]
    if any(isinstance(side, (Source, Path, str)) for side in sides):
        return PairSource(*(_source(side, open_part) for side in sides))
    return _complete(Halves("pairs", sides[0], sides[1]), folder=None, sample_rate=sample_rate)


def label_pairs(spec: Any, *, labels: str | None = None, **options: Any) -> LabelledData:
    """Pairs have no labels of their own.

    Raises:
        ValueError: Always: it says what to do instead.
    """
    raise ValueError(
        "pairs have no labels: probe with labelled data of one side, such as images or texts"
    )


def _source(side: Any, open_part: Callable[[Any], Source] | None) -> Source:
    if isinstance(side, Source):
        return side
    if open_part is None:
        raise TypeError(f"halves of pairs must be sources where one is, got {type(side).__name__}")
    return open_part(side)


def _array(side: Any) -> Any:
    return array_of(side) if isinstance(side, (np.ndarray, Tensor)) else side


def _complete(halves: Halves, *, folder: Path | None, sample_rate: int | None) -> PairSource:
    """A source of the pairs of which both halves are there."""
    if len(halves.x) != len(halves.s):
        raise ValueError(
            "`x` and `s` must have a half each for every pair, got"
            f" {len(halves.x):,} and {len(halves.s):,}"
        )
    x = examine(halves.x, folder=folder, option="x")
    s = examine(halves.s, folder=folder, option="s")
    lacks_x, lacks_s = what_is_wrong(x), what_is_wrong(s)
    kept = [i for i, whys in enumerate(zip(lacks_x, lacks_s, strict=True)) if whys == (None, None)]
    notes = halves.notes
    if len(kept) < len(lacks_x):
        notes += (_left_out(halves, lacks_x, lacks_s, len(kept)),)
    if len(kept) < 2:
        raise ValueError(f"at least 2 pairs are needed, got {len(kept)} in {halves.name}")
    sources = (source_of(half, kept, halves, sample_rate=sample_rate) for half in (x, s))
    return PairSource(*sources, name=halves.name, notes=notes)


def _left_out(
    halves: Halves, lacks_x: Sequence[str | None], lacks_s: Sequence[str | None], kept: int
) -> str:
    """What was left out and why; an error if that is most."""
    total = len(lacks_x)
    rows = halves.rows if halves.rows is not None else range(total)
    shown = []
    for row, why_x, why_s in zip(rows, lacks_x, lacks_s, strict=True):
        whys = [f"{name} {why}" for name, why in (("x", why_x), ("s", why_s)) if why]
        if whys:
            shown.append(f"{halves.place} {row} ({', '.join(whys)})")
    said = f"{total - kept:,} of {counted(total, 'pair')}"
    if total - kept > kept:
        raise ValueError(
            f"more than half of the pairs in {halves.name} are incomplete, {said}:"
            f" {list_names(shown)}"
        )
    return f"{said} left out, being incomplete: {list_names(shown)}"


def may_be_pairs(spec: Any) -> bool:
    """Whether data of an encoder of pairs are pairs, and not one side alone.

    >>> may_be_pairs(Path("captions.tsv.gz")), may_be_pairs(Path("photos"))
    (True, False)
    """
    if isinstance(spec, (str, Path)):
        ending = file_ending(Path(spec))
        return ending in TABLE_ENDINGS or ending == ".npz"
    return isinstance(spec, tuple) and len(spec) == 2 and not isinstance(spec[0], str)


def _recognise(preview: DataPreview) -> Sureness:
    """Two halves in a tuple, which are not two texts."""
    spec = preview.spec
    two = isinstance(spec, tuple) and len(spec) == 2 and not isinstance(spec[0], str)
    return Sureness.LIKELY if two else Sureness.NO


PAIRS = DataKind(
    name="pairs",
    open=open_pairs,
    label=label_pairs,
    recognises=_recognise,
    telling=("x", "s", "adjacent"),
    composite=True,
)

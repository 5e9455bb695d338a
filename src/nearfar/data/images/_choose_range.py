"""Choose the map from original values to pixels for the images of a source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nearfar.data._files import counted
from nearfar.data.images._value_depth import Depths
from nearfar.data.images._value_range import (
    BYTES,
    FEW,
    UNIT,
    Found,
    Range,
    Scale,
    find_range,
    is_within_bytes,
    mapped_note,
    narrow_note,
    settle_range,
)
from nearfar.data.images._value_survey import Parts, count_outside, survey

__all__ = ["Chosen", "choose_scale"]


@dataclass(frozen=True)
class Chosen:
    """The map of a source.

    Attributes:
        scale: The map.
        found: Its range, and what the user should know about it.
        broken: Positions of images with infinite or undefined values.
    """

    scale: Scale
    found: Found
    broken: tuple[int, ...] = ()

    def notes(self, identify: Callable[[int], str]) -> tuple[str, ...]:
        """The notes on the range."""
        return self.found.notes_with(identify)


def choose_scale(
    parts: Parts,
    *,
    dtype: Any,
    total: int,
    given: Range | None,
    missing: float | None = None,
    few: Parts | None = None,
    depths: Depths | None = None,
) -> Chosen:
    """Choose the map.

    Args:
        parts: The images.
        dtype: Type of the values.
        total: Number of values.
        given: Range of the data that these are mapped like.
        missing: Value that marks missing ones.
        few: Some of the images, to measure how much of a byte's range is used.
        depths: What the files declare.
    """
    notes: tuple[str, ...]
    kind = np.dtype(dtype)
    whole = kind.kind in "bui"
    if kind == np.bool_:
        return Chosen(Scale.of(UNIT, whole=True), Found(UNIT))
    if kind == np.uint8:
        simple = given == BYTES or (given is not None and not is_within_bytes(given))
        if simple or (given is None and _exceeds(parts, FEW)):
            notes = ()
            if few is not None and not simple:
                notes = narrow_note(survey(few, total=1 << 17), BYTES)
            return Chosen(Scale.of(BYTES, whole=True, missing=missing), Found(BYTES, notes))
    known = survey(parts, total=total, missing=missing)
    if given is None:
        found = _declared(known.high, parts, depths, missing) or find_range(
            known, parts, missing=missing
        )
    elif given in (BYTES, UNIT) and depths and (depths.declared or depths.full):
        found = _by_type(depths, known.high)
    else:
        found = settle_range(given, known, parts, dtype=kind, missing=missing)
    notes = (*found.notes, *narrow_note(known, found.range))
    if known.missing:
        notes += (f"{counted(known.missing, 'missing value')} ({missing:g}) shown as black",)
    found = Found(found.range, notes, found.outside, found.sentinel)
    whole = whole and known.whole
    return Chosen(Scale.of(found.range, whole=whole, missing=missing), found, known.broken)


def _declared(
    high: float, parts: Parts, depths: Depths | None, missing: float | None
) -> Found | None:
    """The range that the files declare, with the values outside it."""
    if depths is None or depths.declared is None:
        return None
    declared = depths.declared
    if depths.spread and depths.full and high > declared[1]:
        declared = depths.full  # significant bits are at the upper end, as the PNG standard says
    return Found(
        declared,
        (f"{mapped_note(declared)}, as the files declare",),
        count_outside(parts, *declared, missing),
    )


def _by_type(depths: Depths, high: float) -> Found:
    """The range of the files' type, for an encoder that was trained on bytes or fractions."""
    chosen = depths.declared or depths.full
    if depths.full and depths.spread and chosen and high > chosen[1]:
        chosen = depths.full
    assert chosen is not None
    return Found(chosen, (mapped_note(chosen),))


def _exceeds(parts: Parts, limit: int) -> bool:
    return any(int(rows.max(initial=0)) > limit for _, rows in parts())

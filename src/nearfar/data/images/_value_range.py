"""The range of values that is mapped to [0, 1], and the map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data.images._value_survey import (
    Outside,
    Parts,
    Survey,
    count_outside,
    is_known,
)

__all__ = [
    "BYTES",
    "FEW",
    "UNIT",
    "Found",
    "Range",
    "Scale",
    "find_range",
    "is_within_bytes",
    "mapped_note",
    "narrow_note",
    "outside_note",
    "settle_range",
]

Range: TypeAlias = tuple[float, float]

BYTES: Range = (0.0, 255.0)
UNIT: Range = (0.0, 1.0)
FEW = 25  # whole numbers up to this are not bytes, whose range they would hardly use
NARROW = 0.1  # smallest fraction of the range that 99 % of the values should use


@final
@dataclass(frozen=True)
class Scale:
    """The map from original values to the pixels of :class:`nearfar.inputs.Images`.

    Values are centred and scaled in double precision before they are rounded to float32. Values
    outside the range become its ends, and missing values 0.

    Attributes:
        low: Value that becomes 0.
        high: Value that becomes 1.
        missing: Value that marks missing ones; NaN is possible.
        floating: Whether pixels are float32 rather than bytes.

    Example:
        >>> Scale(-1000, 3000)(np.array([-2000, 1000], np.int32)).tolist()
        [0.0, 0.5]
        >>> Scale(0, 3, floating=False)(np.array([0, 1, 3], np.uint8)).tolist()
        [0, 85, 255]
    """

    low: float
    high: float
    missing: float | None = None
    floating: bool = True

    @classmethod
    def of(cls, found: Range, *, whole: bool, missing: float | None = None) -> Scale:
        """The map of a range; the pixels are bytes if they can be so without rounding."""
        span = found[1] - found[0]
        exact = whole and span > 0 and float(found[0]).is_integer() and 255 % span == 0
        return cls(*found, missing=missing, floating=not exact)

    @property
    def range(self) -> Range:
        """The (low, high) that is mapped to (0, 1)."""
        return self.low, self.high

    def __call__(self, values: NDArray[Any]) -> Tensor:
        known = is_known(values, self.missing)
        if not self.floating:
            pixels = self._bytes(values)
            if known is not None:
                pixels = np.where(known, pixels, np.uint8(0))
            return torch.from_numpy(np.ascontiguousarray(pixels))
        wide = values.astype(np.float64)
        scaled = ((wide - self.low) / ((self.high - self.low) or 1.0)).clip(0, 1)
        if known is not None:
            scaled[~known] = 0
        return torch.from_numpy(np.ascontiguousarray(scaled.astype(np.float32)))

    def outside(self, values: NDArray[Any]) -> int:
        """Number of values outside the range that are not missing."""
        if values.dtype == np.uint8 and self.range == BYTES:
            return 0
        known = is_known(values, self.missing)
        beyond = (values < self.low) | (values > self.high)
        return int((beyond if known is None else beyond & known).sum())

    def _bytes(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        if self.range == BYTES and values.dtype == np.uint8:
            return values
        clipped = values.astype(np.int64).clip(int(self.low), int(self.high)) - int(self.low)
        return (clipped * int(255 / (self.high - self.low))).astype(np.uint8)


@dataclass(frozen=True)
class Found:
    """A range, and what the user should know about it.

    Attributes:
        range: The (low, high) to map to (0, 1).
        notes: Notes without positions.
        outside: Values outside the range.
        sentinel: Whether these are far from all others.
    """

    range: Range
    notes: tuple[str, ...] = ()
    outside: Outside | None = None
    sentinel: bool = False

    def notes_with(self, identify: Callable[[int], str]) -> tuple[str, ...]:
        """The notes, with the image that has the first value outside the range."""
        if self.outside is None:
            return self.notes
        return (*self.notes, outside_note(self.outside, self.range, identify, self.sentinel))


def find_range(known: Survey, parts: Parts, *, missing: float | None = None) -> Found:
    """Determine the range of new data.

    Whole numbers from 0 to 255 are bytes unless none exceeds 25. Larger ones have a power of two of
    levels, unless they have more than 16 bits and use less than a tenth of that. Floating-point
    numbers in [0, 1] are used unchanged. All other values are mapped by their extremes. Values that
    are isolated and far from all others do not count.

    Args:
        known: Survey of the values.
        parts: The images.
        missing: Value that marks missing ones.
    """
    if known.empty:
        return Found(BYTES if known.whole else UNIT)
    if not (known.whole and known.low >= 0 and known.high <= 255):
        inner, outside = known, None
        while (limits := inner.near()) is not None:  # those that no sample contains, one by one
            outside = count_outside(parts, *limits, missing)
            assert outside is not None, "the extremes are among the values"
            inner = known.between(outside.low, outside.high)
        if outside is not None:
            return replace(_plain(inner), outside=outside, sentinel=True)
    return _plain(known)


def settle_range(
    given: Range, known: Survey | None, parts: Parts, *, dtype: Any, missing: float | None = None
) -> Found:
    """The range for data that are mapped like others, such as an encoder's training data.

    Args:
        given: The (low, high) of the other data.
        known: Survey of the values; None for bytes over the whole range.
        parts: The images.
        dtype: Type of the values.
        missing: Value that marks missing ones.
    """
    kind = np.dtype(dtype)
    if kind == np.bool_:
        return Found(UNIT)
    if known is None or known.empty:
        return Found(BYTES if kind == np.uint8 else given)
    if kind == np.uint8 and not is_within_bytes(given):
        return Found(BYTES)
    if given == UNIT and known.whole and known.low >= 0 and 1 < known.high <= 255:
        return Found(BYTES)
    if given == BYTES and not known.whole and known.low >= 0 and 0 < known.high <= 1:
        return Found(UNIT, ("values within 0..1 taken as fractions of 0..255",))
    notes = () if given in (BYTES, UNIT) else (mapped_note(given),)
    low, high = given
    outside = None
    if known.low < low or known.high > high:
        outside = count_outside(parts, low, high, missing)
    return Found(given, notes, outside)


def narrow_note(known: Survey, found: Range) -> tuple[str, ...]:
    """A note if 99 % of the values use less than a tenth of the range."""
    low, high = known.central()
    if not 0 < high - low < NARROW * (found[1] - found[0]):
        return ()
    return (
        f"99 % of the values are within {low:g}..{high:g}, less than a tenth of the range"
        f" {found[0]:g}..{found[1]:g}: --value-range {low:g} {high:g} uses all of it",
    )


def outside_note(
    outside: Outside, found: Range, identify: Callable[[int], str], sentinel: bool = False
) -> str:
    """A note on values outside the range, with the image that has the first of them."""
    count, share = outside.count, 100 * outside.count / outside.total
    values = "1 value" if count == 1 else f"{count:,} values"
    low, high = found
    shown = ", ".join(f"{value:g} ({times:,})" for value, times in outside.common)
    note = (
        f"{values} ({share:.2g} %) outside {low:g}..{high:g} clipped, mostly {shown}, the first in"
        f" {identify(outside.position)}"
    )
    if not sentinel:
        return note
    mark = f"{outside.common[0][0]:g}"
    return f"{note}; far from all others: --missing-value={mark} if {mark} marks missing ones"


def _plain(known: Survey) -> Found:
    low, high = known.low, known.high
    if not known.whole:
        if low >= 0 and high <= 1:
            return Found(UNIT)
        return Found((low, high), (mapped_note((low, high)),))
    if low < 0:
        return Found((low, high), (mapped_note((low, high)),))
    if high > 255:
        bits = int(high).bit_length()
        full = (0.0, float(2**bits - 1))
        if known.wide and (note := narrow_note(known, full)):
            return Found(
                (low, high),
                (f"{mapped_note((low, high))}, as {note[0].partition(': ')[0]}",),
            )
        return Found(full, (f"{mapped_note(full)} ({bits} bits, as the largest is {high:g})",))
    if low < high <= FEW:
        return Found((low, high), (mapped_note((low, high)),))
    return Found(BYTES)


def mapped_note(found: Range) -> str:
    """A note on a range."""
    return f"values from {found[0]:g} to {found[1]:g} mapped to 0..1"


def is_within_bytes(given: Range) -> bool:
    """Whether a range consists of values of bytes, so that it applies to them."""
    low, high = given
    return 0 <= low < high <= 255 and low.is_integer() and high.is_integer()

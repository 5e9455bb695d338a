"""Images in one array, in memory or memory-mapped from a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Literal, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._source import (
    Batch,
    ImageSource,
    check_positions,
    color_word,
    default_image_size,
)
from nearfar.inputs import Images

__all__ = ["ArraySource"]

MOST_CHANNELS = 32
CHUNK = 1 << 26  # bytes read per chunk
USUAL_CHANNELS = (1, 3, 4)


@final
class ArraySource(ImageSource):
    """Images in one array: N×H×W, N×H×W×C or N×C×H×W.

    Bytes (uint8) are used unchanged. Booleans become 0 and 255, and integers within 0..255 become
    bytes. Other numbers become float32; if they are not within [0, 1], one affine map for the whole
    set takes its smallest value to 0 and its largest to 1.

    Args:
        array: The images; of a memory map only the requested rows are read.
        name: Short name.
        channels: Number of channels, which resolves an ambiguous channel axis.
        value_range: The (low, high) to map to (0, 1); by default the smallest and largest value.
            For new data, that of the encoder's training data.
        notes: Notes on the array for the user.
        style: Style of the images, which selects the augmentations: ``drawing``, ``natural``, or
            None if unknown.

    Raises:
        TypeError: The array contains objects, text or complex numbers.
        ValueError: Wrong number of axes, fewer than 2 images, an axis of length 0, non-finite
            values, or an ambiguous channel axis.

    Example:
        >>> import numpy as np
        >>> source = ArraySource(np.zeros((10, 32, 32, 3), np.uint8), name="black")
        >>> source.describe(), tuple(source.read([0, 7]).inputs.pixels.shape)
        ('10 colour images 32×32', (2, 3, 32, 32))
    """

    def __init__(
        self,
        array: NDArray[Any],
        *,
        name: str,
        channels: int | None = None,
        value_range: tuple[float, float] | None = None,
        notes: tuple[str, ...] = (),
        style: Literal["drawing", "natural"] | None = None,
    ) -> None:
        self.name = name
        self.style = style
        _check_kind(array)
        axis = channel_axis(array.shape, channels=channels)
        stack = array[:, None] if axis is None else np.moveaxis(array, axis, 1)
        self._stack = stack
        self.channels = stack.shape[1]
        self.height, self.width = stack.shape[2:]
        self.image_size = default_image_size(min(self.height, self.width))
        self._bytes, self._range = _find_values(stack, value_range)
        self._notes = notes

    def __len__(self) -> int:
        return len(self._stack)

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        rows = np.ascontiguousarray(self._stack[index.numpy()])
        if self._bytes:
            scaled = rows * np.uint8(255) if rows.dtype == np.bool_ else rows
            return Batch(Images(torch.from_numpy(scaled.astype(np.uint8, copy=False))), index)
        values = torch.from_numpy(rows.astype(np.float32, copy=False))
        if self._range is not None:
            low, high = self._range
            wide = torch.from_numpy(rows.astype(np.float64)) if rows.itemsize > 4 else values
            values = ((wide - low) / ((high - low) or 1.0)).float()
        return Batch(Images(values), index)

    def identify(self, sample: int) -> str:
        return f"row {sample}"

    def describe(self) -> str:
        word = color_word(self.channels)
        return f"{len(self):,} {word} images {self.width}×{self.height}"

    @property
    def notes(self) -> tuple[str, ...]:
        if self._range is None or self._range == (0.0, 1.0):
            return self._notes
        low, high = self._range
        return (*self._notes, f"values from {low:g} to {high:g} mapped to 0..1")

    @property
    def value_range(self) -> tuple[float, float] | None:
        return self._range

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=8)
        digest.update(f"{self._stack.shape} {self._stack.dtype.str} {self._range}".encode())
        rows = max(1, CHUNK // max(1, self._stack[:1].nbytes))
        picked = np.unique(np.linspace(0, len(self) - 1, min(rows, len(self))).astype(np.int64))
        digest.update(np.ascontiguousarray(self._stack[picked]).tobytes())
        return digest.hexdigest()


def channel_axis(shape: tuple[int, ...], *, channels: int | None) -> int | None:
    """Index of the channel axis in a stack of images; None for N×H×W.

    >>> channel_axis((100, 3, 32, 32), channels=None), channel_axis((9, 64, 64, 12), channels=None)
    (1, 3)
    """
    said = "×".join(map(str, shape)) or "()"
    if len(shape) not in (3, 4):
        raise ValueError(f"images must be N×H×W, N×H×W×C or N×C×H×W, got shape {said}")
    if 0 in shape:
        raise ValueError(f"images must not be empty, got an array of shape {said}")
    if shape[0] < 2:
        raise ValueError(f"at least 2 images are needed, got an array of shape {said}")
    if len(shape) == 3:
        if shape[2] in USUAL_CHANNELS and shape[1] > 32:
            raise ValueError(
                f"an array of shape {said} looks like one image; a set is N×H×W×C or N×C×H×W"
            )
        if channels not in (None, 1):
            raise ValueError(f"`channels` must be 1 for an array of shape {said}, got {channels}")
        return None
    fitting = [
        axis
        for axis in (1, 3)
        if (shape[axis] <= MOST_CHANNELS if channels is None else shape[axis] == channels)
    ]
    if not fitting:
        wanted = f"1 to {MOST_CHANNELS}" if channels is None else f"`channels`={channels}"
        raise ValueError(f"no channel axis of length {wanted} in an array of shape {said}")
    if channels is not None and len(fitting) == 2:
        return 1  # both axes match: use PyTorch's order
    usual = [axis for axis in fitting if shape[axis] in USUAL_CHANNELS]
    if len(fitting) == 1:
        return fitting[0]
    if len(usual) == 1:
        return usual[0]
    raise ValueError(
        f"an array of shape {said} can be N×C×H×W with {shape[1]} channels or N×H×W×C with"
        f" {shape[3]}: specify `channels`"
    )


def _check_kind(array: NDArray[Any]) -> None:
    if array.dtype.hasobject:
        raise TypeError("images must be numbers, got an array of objects (never unpickled)")
    if array.dtype.kind not in "buif":
        raise TypeError(f"images must be bytes or real numbers, got {array.dtype}")


def _chunks(stack: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    rows = max(1, CHUNK // max(1, stack[:1].nbytes))
    for first in range(0, len(stack), rows):
        yield first, stack[first : first + rows]


def _find_values(
    stack: NDArray[Any], wanted: tuple[float, float] | None
) -> tuple[bool, tuple[float, float] | None]:
    """Whether all values are bytes, and the range to map to [0, 1]."""
    if stack.dtype in (np.uint8, np.bool_):
        return True, None
    low, high = np.inf, -np.inf
    bad, first_bad = 0, -1
    for first, chunk in _chunks(stack):
        if stack.dtype.kind == "f":
            rows = np.flatnonzero(~np.isfinite(chunk).all(axis=(1, 2, 3)))
            if len(rows):
                bad, first_bad = bad + len(rows), first + int(rows[0]) if bad == 0 else first_bad
                continue
        low, high = min(low, float(chunk.min())), max(high, float(chunk.max()))
    if bad:
        raise ValueError(
            f"images must be finite, got NaN or infinite values in {bad:,} of {len(stack):,}"
            f" images, the first in row {first_bad}"
        )
    if wanted is None:
        if stack.dtype.kind in "ui" and low >= 0 and high <= 255:
            return True, None
        if low >= 0 and high <= 1:
            return False, None
    return False, wanted or (low, high)

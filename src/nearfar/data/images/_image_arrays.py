"""Images in one array, in memory or memory-mapped from a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._source import (
    Batch,
    ImageSource,
    check_positions,
    default_image_size,
    describe_images,
)
from nearfar.data.images._choose_range import choose_scale
from nearfar.data.images._value_range import BYTES, UNIT, Range
from nearfar.inputs import Images

__all__ = ["ArraySource"]

MOST_CHANNELS = 32
CHUNK = 1 << 26  # bytes read per chunk
USUAL_CHANNELS = (1, 3, 4)


@final
class ArraySource(ImageSource):
    """Images in one array: N×H×W, N×H×W×C or N×C×H×W.

    Bytes (uint8) are used unchanged, and integers within 0..255 become bytes; if no value exceeds
    25, as in masks, the values are spread over the range of bytes. Larger integers are divided by
    the next power of two, less 1. Numbers in [0, 1] are used as float32. For others, one affine map
    for the whole set takes its smallest value to 0 and its largest to 1; values that are isolated
    and far from all others, such as a -9999 for no data, do not count and are clipped.

    Args:
        array: The images; of a memory map only the requested rows are read.
        name: Short name.
        channels: Number of channels, which resolves an ambiguous channel axis.
        value_range: The (low, high) to map to (0, 1), for bytes only if it is within theirs; by
            default as above. For new data, that of the encoder's training data.
        missing_value: Value that marks missing ones, which become 0; NaN is possible.
        notes: Notes on the array for the user.
        names: Name of each image; by default its row.
        style: Style of the images, which selects the augmentations: ``drawing``, ``natural``, or
            None if unknown.

    Raises:
        TypeError: The array contains objects, text or complex numbers.
        ValueError: Wrong number of axes, an axis of length 0, non-finite values, or an ambiguous
            channel axis.

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
        value_range: Range | None = None,
        missing_value: float | None = None,
        notes: tuple[str, ...] = (),
        names: Sequence[str] | None = None,
        style: Literal["drawing", "natural"] | None = None,
    ) -> None:
        self.name = name
        self.style = style
        self._names = names
        _check_kind(array)
        axis = channel_axis(array.shape, channels=channels)
        stack = array[:, None] if axis is None else np.moveaxis(array, axis, 1)
        self._stack = stack
        self.channels = stack.shape[1]
        self.height, self.width = stack.shape[2:]
        self.image_size = default_image_size(min(self.height, self.width))
        self.missing_value = missing_value
        self._chosen = choose_scale(
            lambda: _chunks(stack),
            dtype=stack.dtype,
            total=stack.size,
            given=value_range,
            missing=missing_value,
            few=lambda: _some(stack),
        )
        self._scale = self._chosen.scale
        if self._chosen.broken:
            bad = self._chosen.broken
            raise ValueError(
                f"images must be finite, got NaN or infinite values in {len(bad):,} of"
                f" {len(stack):,} images, the first in row {bad[0]}: remove them, or use"
                " `missing_value`=nan if NaN marks missing ones"
            )
        self._notes = notes

    def __len__(self) -> int:
        return len(self._stack)

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        rows = np.ascontiguousarray(self._stack[index.numpy()])
        return Batch(Images(self._scale(rows)), index)

    def identify(self, sample: int) -> str:
        return f"row {sample}" if self._names is None else self._names[sample]

    def describe(self) -> str:
        extents = [(self.height, self.width)]
        return describe_images(len(self), channels=self.channels, extents=extents)

    @property
    def in_memory(self) -> bool:
        return True

    @property
    def notes(self) -> tuple[str, ...]:
        return (*self._notes, *self._chosen.notes(self.identify))

    @property
    def value_range(self) -> Range:
        return self._scale.range

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=8)
        usual = self.value_range in (BYTES, UNIT)
        options = (
            f"{self._stack.shape} {self._stack.dtype.str} {None if usual else self.value_range}"
        )
        if self.missing_value is not None:
            options += f" {self.missing_value}"
        digest.update(options.encode())
        rows = max(1, CHUNK // max(1, self._stack[:1].nbytes))
        picked = np.unique(np.linspace(0, len(self) - 1, min(rows, len(self))).astype(np.int64))
        digest.update(np.ascontiguousarray(self._stack[picked]).tobytes())
        return digest.hexdigest()


def channel_axis(shape: tuple[int, ...], *, channels: int | None) -> int | None:
    """Index of the channel axis in a stack of images; None for N×H×W.

    >>> channel_axis((100, 3, 32, 32), channels=None), channel_axis((9, 64, 64, 12), channels=None)
    (1, 3)
    """
    axes = "×".join(map(str, shape)) or "()"
    if len(shape) not in (3, 4):
        raise ValueError(f"images must be N×H×W, N×H×W×C or N×C×H×W, got shape {axes}")
    if 0 in shape:
        raise ValueError(f"images must not be empty, got an array of shape {axes}")
    if len(shape) == 3:
        if shape[2] in USUAL_CHANNELS and shape[1] > 32:
            raise ValueError(
                f"an array of shape {axes} looks like one image; a set is N×H×W×C or N×C×H×W"
            )
        if channels not in (None, 1):
            raise ValueError(f"`channels` must be 1 for an array of shape {axes}, got {channels}")
        return None
    fitting = [
        axis
        for axis in (1, 3)
        if (shape[axis] <= MOST_CHANNELS if channels is None else shape[axis] == channels)
    ]
    if not fitting:
        wanted = f"1 to {MOST_CHANNELS}" if channels is None else f"`channels`={channels}"
        raise ValueError(f"no channel axis of length {wanted} in an array of shape {axes}")
    if channels is not None and len(fitting) == 2:
        return 1  # both axes match: use PyTorch's order
    usual = [axis for axis in fitting if shape[axis] in USUAL_CHANNELS]
    if len(fitting) == 1:
        return fitting[0]
    if len(usual) == 1:
        return usual[0]
    raise ValueError(
        f"an array of shape {axes} can be N×C×H×W with {shape[1]} channels or N×H×W×C with"
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


def _some(stack: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Up to 64 images, evenly spaced."""
    picked = np.unique(np.linspace(0, len(stack) - 1, min(64, len(stack))).astype(np.int64))
    yield 0, stack[picked]

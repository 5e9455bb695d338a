"""Center and scale of series whose numbers would lose precision in single precision."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["find_units"]

FAR = 1e3  # standard deviations from 0: more, and float32 keeps fewer than 14 bits of the signal
LEAST, MOST = 1e-6, 1e6


def find_units(
    rows: Iterable[NDArray[Any]], channels: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Center and scale of each channel; 0 and 1 if its numbers are fit for single precision.

    A channel is centred if it is further from 0 than 1,000 standard deviations (times in seconds
    since 1970, pressures in Pa), and scaled if its standard deviation is below 1e-6 or above 1e6
    (magnetic fields of the brain in T).

    Args:
        rows: Series, channels×time, without NaN.
        channels: Number of channels.

    Example:
        >>> find_units([np.array([[1e9, 1e9 + 2], [-1.0, 1.0]])], 2)
        ((1000000001.0, 0.0), (1.0, 1.0))
    """
    count = 0
    total, first = np.zeros(channels), np.zeros(channels)
    squares = np.zeros(channels)
    for row in rows:
        values = row.astype(np.float64)
        if count == 0:
            first = values[:, 0].copy()
        shifted = values - first[:, None]  # squares of large numbers would hide small differences
        count += values.shape[1]
        total += shifted.sum(axis=1)
        squares += np.square(shifted).sum(axis=1)
    mean = total / max(1, count)
    std = np.sqrt(np.maximum(squares / max(1, count) - np.square(mean), 0))
    center = first + mean
    varies = std > 1e-12 * np.abs(center)
    far = varies & (np.abs(center) > FAR * std)
    odd = varies & ((std < LEAST) | (std > MOST))
    centers = np.where(far, center, 0.0)
    scales = np.where(odd, std, 1.0)
    return tuple(centers.tolist()), tuple(scales.tolist())

"""Which test samples a probe gets right, and the error that the choice of the test samples has."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Sequence

import numpy as np

__all__ = ["RIGHT", "packed", "sampling_variance", "unpacked"]

RIGHT = " right"
"""Ends the name of the texts that say which test samples are right, after that of the probe."""


def packed(right: Iterable[bool]) -> str:
    """One bit per test sample, compressed, as text.

    >>> packed([True, False, True]).partition(":")[0]
    '3'
    """
    bits = np.asarray(list(right), dtype=bool)
    content = base64.b85encode(zlib.compress(np.packbits(bits).tobytes(), 9)).decode()
    return f"{len(bits)}:{content}"


def unpacked(text: str) -> np.ndarray:
    """What :func:`packed` was given.

    >>> unpacked(packed([True, False, True])).tolist()
    [True, False, True]
    """
    count, _, content = text.partition(":")
    bits = np.frombuffer(zlib.decompress(base64.b85decode(content)), dtype=np.uint8)
    found: np.ndarray = np.unpackbits(bits)[: int(count)].astype(bool)
    return found


def sampling_variance(ours: Sequence[str], theirs: Sequence[str]) -> tuple[float, int] | None:
    r"""Variance of a difference of mean accuracies due to the choice of the test samples.

    All seeds are tested on the same samples, so the spread over seeds does not contain it. With
    :math:`m_i` the mean over seeds of the difference for sample i, it is
    :math:`\mathrm{Var}(m_i) / N`.

    Args:
        ours: Which samples are right, for each seed of one row.
        theirs: The same for the other row, with the same seeds.

    Returns:
        The variance, in fractions, and N; None if the rows were tested on other samples.

    Example:
        >>> found = sampling_variance([packed([True] * 4)], [packed([True, False] * 2)])
        >>> round(found[0], 4), found[1]
        (0.0833, 4)
    """
    mine = [unpacked(text).astype(float) for text in ours]
    others = [unpacked(text).astype(float) for text in theirs]
    sizes = {len(bits) for bits in (*mine, *others)}
    if len(sizes) != 1 or len(mine) != len(others) or sizes == {1}:
        return None
    (count,) = sizes
    means = np.mean(mine, axis=0) - np.mean(others, axis=0)
    return float(np.var(means, ddof=1)) / count, count

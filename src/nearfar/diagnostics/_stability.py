"""Subsamples of the samples that a verdict is on, and how often they give the same verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from jaxtyping import Int64
from torch import Tensor

from nearfar.ops import Stream, uniform

__all__ = ["SUBSAMPLES", "half_samples", "stability"]

SUBSAMPLES: Final = 20
"""Subsamples at the end of a run."""
_LEAST: Final = 100  # samples, of which a half has the 50 candidates that recall needs
_MOST: Final = 1_024  # samples of a subsample
_SEED: Final = 0


def half_samples(ids: Int64[Tensor, " samples"], *, count: int) -> Iterator[Int64[Tensor, " half"]]:
    """The rows of subsamples without replacement: those whose ids have the smallest random numbers.

    A mean over a half of n samples deviates from that over all by as much as that deviates from
    the mean of the population: :math:`1 / (n/2) - 1/n = 1/n`.

    Args:
        ids: Number of each sample, from 0; a subsample depends on them, not on the order of rows.
        count: Number of subsamples.

    Returns:
        Rows in the order of their ids: a half of them, 1,024 at most.

    Example:
        >>> import torch
        >>> ids = torch.tensor([7, 3, 5, 9])
        >>> [ids[rows].tolist() for rows in half_samples(ids, count=2)]
        [[3, 7], [3, 7]]
    """
    size = min(len(ids) // 2, _MOST)
    for draw in range(count):
        numbers = uniform(ids, seed=_SEED, epoch=draw, count=1, stream=Stream.SUBSAMPLES)[:, 0]
        rows = numbers.argsort(stable=True)[:size]
        yield rows[ids[rows].argsort()]


def stability(
    verdict: str, judge: Callable[[Tensor], str], ids: Tensor, *, subsamples: int
) -> tuple[float | None, str]:
    """Share of subsamples with the same verdict; without one, the reason.

    Args:
        verdict: The verdict on all samples.
        judge: The verdict on some rows.
        ids: Number of each sample.
        subsamples: Number of subsamples.

    Example:
        >>> import torch
        >>> stability("healthy", lambda rows: "healthy", torch.arange(100), subsamples=4)
        (1.0, '')
        >>> stability("healthy", lambda rows: "healthy", torch.arange(99), subsamples=4)
        (None, 'stability: 100 samples are needed, and there are 99')
    """
    if len(ids) < _LEAST:
        return None, f"stability: {_LEAST} samples are needed, and there are {len(ids)}"
    found = [judge(rows) == verdict for rows in half_samples(ids, count=subsamples)]
    return sum(found) / len(found), ""

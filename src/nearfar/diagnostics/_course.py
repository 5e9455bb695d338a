"""The course of training: whether readings still move, had a peak, or left their start."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from nearfar.records import Metrics

__all__ = ["Trend", "course", "known_of_run", "trend"]

_LEAST = 6  # values from which a course is read
_LAST = 5  # a fifth of the values is the end
_SETTLED = 0.02  # fall of the loss in a fifth of the course, relative to that of the whole
_LONGEST = 10.0
_OF_RUNS: tuple[str, ...] = (
    "updates",
    "longer",
    "recognizable",
    "loss_",
    "m_r_",
    "representation_order_",
)
_OF_RUNS += ("untrained_", "rank_gain", "raw_", "statistics_", "explained_by_")


class Trend(NamedTuple):
    """The course of one reading; see :func:`trend`.

    Attributes:
        first: Mean of the first fifth.
        last: Mean of the last fifth.
        recent: The last fifth less the fifth before it.
        noise: Standard error of `recent`, from the differences of successive values.
        peak: Largest mean of neighbouring values.
        peak_at: Position of that mean, as a fraction of the course.
    """

    first: float
    last: float
    recent: float
    noise: float
    peak: float
    peak_at: float


def trend(values: Sequence[float]) -> Trend | None:
    r"""The start, the end, the recent change and the peak of a reading, with its noise.

    The noise of a single value is :math:`\sigma = \mathrm{median}\,|d_i| / (0.6745 \sqrt 2)` of
    the differences :math:`d_i` of successive values, which a slow trend hardly changes.

    Args:
        values: The reading at equal distances, in order.

    Returns:
        None for fewer than 6 values.

    Example:
        >>> rising = trend([0.1 * step for step in range(20)])
        >>> print(f"{rising.first:.2f} {rising.last:.2f} {rising.recent:.2f} {rising.peak_at:.2f}")
        0.15 1.75 0.40 0.92
    """
    if len(values) < _LEAST:
        return None
    width = max(1, len(values) // _LAST)
    means = [statistics.fmean(values[i : i + width]) for i in range(len(values) - width + 1)]
    steps = [abs(b - a) for a, b in pairwise(values)]
    sigma = statistics.median(steps) / (0.6745 * math.sqrt(2))
    best = max(range(len(means)), key=means.__getitem__)
    return Trend(
        first=means[0],
        last=means[-1],
        recent=means[-1] - means[-1 - width],
        noise=sigma * math.sqrt(2 / width),
        peak=means[best],
        peak_at=(best + (width - 1) / 2) / (len(values) - 1),
    )


def course(metrics: Metrics) -> dict[str, float]:
    """Readings of the course of training, for the verdict.

    Args:
        metrics: The lines of ``metrics.jsonl``.

    Returns:
        The number of updates, and for the training loss, the residual of the projections and the
        order of retrieval by representations their start, end, recent change and peak, as far as
        they were measured.
    """
    steps = [line.step for line in metrics.train] + [line.step for line in metrics.watch]
    found: dict[str, float] = {"updates": float(max(steps, default=0))}
    losses = [line.loss for line in metrics.train]
    series: dict[str, Sequence[float | None]] = {
        "loss": losses,
        "m_r": [line.m_r for line in metrics.watch],
        "representation_order": [line.representation_order for line in metrics.watch],
    }
    for name, values in series.items():
        known = trend([value for value in values if value is not None and math.isfinite(value)])
        if known is not None:
            found |= {f"{name}_{part}": value for part, value in known._asdict().items()}
    return found | _longer(losses)


def _longer(losses: Sequence[float]) -> dict[str, float]:
    r"""How many times as long until the loss has settled, if its fall slows down as it does now.

    If falls shrink by a factor :math:`q` from one fifth of the course to the next, the fall
    :math:`f` of the last fifth becomes 2 % of the whole, :math:`F`, after
    :math:`\ln(0.02 F / f) / \ln q` fifths.
    """
    width = len(losses) // _LAST
    if width < 2:
        return {}
    before, last, end = (
        statistics.fmean(losses[len(losses) - k * width :][:width]) for k in (3, 2, 1)
    )
    fall, slowing = last - end, (last - end) / (before - last) if before > last else 0.0
    whole = statistics.fmean(losses[:width]) - end
    if not fall > 0 or whole <= 0:
        return {}
    left = _SETTLED * whole / fall
    if left >= 1:
        return {"longer": 1.0}
    ratio = min(max(slowing, 0.3), 0.9)
    return {"longer": min(1 + math.log(left) / math.log(ratio) / _LAST, _LONGEST)}


def known_of_run(measured: Mapping[str, float]) -> dict[str, float]:
    """The measurements of a verdict that projections and representations do not show.

    >>> known_of_run({"m_r": 0.9, "m_r_first": 0.2, "updates": 40.0})
    {'m_r_first': 0.2, 'updates': 40.0}
    """
    return {name: value for name, value in measured.items() if name.startswith(_OF_RUNS)}

"""How measurements go with accuracies: within a method, across methods, along a run."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nearfar._student_t import student_quantile
from nearfar.records import CalibrationRun
from nearfar.studies._sweep_effects import ranks

__all__ = [
    "COMPARISONS",
    "SHOWN",
    "Correlation",
    "correlations",
    "kendall",
    "spearman",
]

SHOWN: Final = (
    "rank_gain",
    "representation_order",
    "representation_recall_1",
    "order",
    "untrained_overlap",
    "untrained_cka",
    "representation_rank",
    "effective_rank",
    "spherical_rank",
    "alignment",
    "relative_alignment",
    "uniformity",
    "m_r",
    "feature_std",
    "intrinsic_dimension",
    "largest_hub",
    "raw_recall_1",
    "statistics_recall_1",
    "loss",
)
"""Measurements whose correlations are reported."""
COMPARISONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "within": "runs of one method on one source, with other settings",
        "across": "methods with their usual settings, on one source",
        "along": "checkpoints of one run",
    }
)
_LEAST: Final = 3  # values of a group


class Correlation(NamedTuple):
    """A rank correlation, averaged over groups of runs.

    Attributes:
        mean: Mean over groups.
        low: Lower end of the 95 % interval of the mean, by Student's t over groups.
        high: Upper end.
        groups: Number of groups.
    """

    mean: float
    low: float
    high: float
    groups: int

    @property
    def trusted(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        """The mean with its interval.

        >>> str(Correlation(0.5, 0.2, 0.8, 4))
        '+0.50 [+0.20, +0.80]'
        """
        return f"{self.mean:+.2f} [{self.low:+.2f}, {self.high:+.2f}]".replace("-", "−")


def correlations(
    runs: Sequence[CalibrationRun], comparison: str, measurement: str, probe: str, *, rank: str
) -> Correlation | None:
    """The rank correlation of a measurement with a probe's accuracy, within groups of runs.

    Args:
        runs: The runs.
        comparison: One of :data:`COMPARISONS`.
        measurement: Name of the measurement.
        probe: Name of the probe.
        rank: ``spearman`` or ``kendall``.

    Returns:
        None with fewer than three groups in which both vary.
    """
    correlate = {"spearman": spearman, "kendall": kendall}[rank]
    found = []
    for pairs in _groups(runs, comparison, measurement, probe):
        if len(pairs) >= _LEAST:
            x, y = (np.array(values, dtype=float) for values in zip(*pairs, strict=True))
            value = correlate(x, y)
            if value is not None:
                found.append(value)
    if len(found) < _LEAST:
        return None
    mean, error = statistics.fmean(found), statistics.stdev(found) / math.sqrt(len(found))
    reach = student_quantile(len(found) - 1) * error
    return Correlation(mean, max(-1.0, mean - reach), min(1.0, mean + reach), len(found))


def _groups(
    runs: Sequence[CalibrationRun], comparison: str, measurement: str, probe: str
) -> Iterable[list[tuple[float, float]]]:
    """Values of measurement and accuracy, in groups that are compared with each other."""
    if comparison == "along":
        for run in runs:
            yield [
                (reading[measurement], reading[probe])
                for reading in run.readings
                if measurement in reading and probe in reading
            ]
        return
    groups: dict[tuple[str, ...], list[tuple[float, float]]] = {}
    for run in runs:
        accuracy = next((gain.accuracy for gain in run.gains if gain.probe == probe), None)
        if accuracy is None or measurement not in run.measurements:
            continue
        if comparison == "across" and run.condition != "usual":
            continue
        key = (run.source, run.method) if comparison == "within" else (run.source,)
        groups.setdefault(key, []).append((run.measurements[measurement], accuracy))
    yield from groups.values()


def spearman(x: NDArray[np.float64], y: NDArray[np.float64]) -> float | None:
    """Spearman's correlation, with mean ranks for ties; None if one does not vary.

    >>> spearman(np.array([1.0, 2.0, 3.0]), np.array([1.0, 4.0, 9.0]))
    1.0
    """
    a, b = (ranks(values) for values in (x, y))
    if not a.std() * b.std() > 0:
        return None
    return round(float(np.corrcoef(a, b)[0, 1]), 12)


def kendall(x: NDArray[np.float64], y: NDArray[np.float64]) -> float | None:
    r"""Kendall's :math:`\tau_b`; None if one does not vary.

    >>> round(kendall(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])), 4)
    0.3333
    """
    upper = np.triu_indices(len(x), k=1)
    dx, dy = (np.sign(values[:, None] - values[None, :])[upper] for values in (x, y))
    scale = math.sqrt(float((dx != 0).sum()) * float((dy != 0).sum()))
    return float((dx * dy).sum() / scale) if scale > 0 else None

"""What the verdict says of runs with known outcomes, fitted without the source that is judged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from nearfar._student_t import student_quantile
from nearfar._verdict_names import NOT_YET, is_good
from nearfar.diagnostics import Calibration, fit
from nearfar.diagnostics._rules import verdicts
from nearfar.records import CalibrationRun

__all__ = ["JudgedRun", "Share", "judged_by", "out_of_source", "share"]

_Z: Final = student_quantile(math.inf)


@dataclass(frozen=True)
class JudgedRun:
    """A run and what the verdict says of it.

    Attributes:
        run: The run with its outcome.
        verdicts: All verdicts, gravest first.
        probability: Probability that it is sound; None if readings are missing.
    """

    run: CalibrationRun
    verdicts: tuple[str, ...]
    probability: float | None

    @property
    def alarm(self) -> bool:
        """Whether there is any alarm."""
        return not is_good(self.verdicts[0])

    @property
    def early(self) -> bool:
        """Whether the only alarm is ``not yet``."""
        return self.verdicts == (NOT_YET,)


def judged_by(calibration: Calibration, runs: Iterable[CalibrationRun]) -> list[JudgedRun]:
    """Runs with the verdicts and the probabilities of a calibration.

    Args:
        calibration: The calibration.
        runs: The runs.
    """
    found = []
    for run in runs:
        names = verdicts(run.measurements, limits=calibration.thresholds)
        alarm = not is_good(names[0])
        sound = calibration.probability(run.measurements, alarm=alarm)
        found.append(JudgedRun(run, names, sound))
    return found


def out_of_source(runs: Sequence[CalibrationRun]) -> list[JudgedRun]:
    """Each run as judged by thresholds and a probability fitted on all other sources.

    Args:
        runs: The runs, of at least two sources.

    Raises:
        ValueError: Runs of a single source.
    """
    sources = dict.fromkeys(run.source for run in runs)
    if len(sources) < 2:
        raise ValueError(f"`runs` must be of two or more sources, got {len(sources)}")
    found = []
    for source in sources:
        rest = [run for run in runs if run.source != source]
        found += judged_by(fit(rest), [run for run in runs if run.source == source])
    return found


class Share(NamedTuple):
    """A share with its 95 % interval.

    Attributes:
        hits: How many of the runs.
        total: Number of runs.
        low: Lower end of the interval.
        high: Upper end.
    """

    hits: int
    total: int
    low: float
    high: float

    def __str__(self) -> str:
        """The share in percent with its interval, and the numbers.

        >>> str(share([True] * 9 + [False]))
        '90 % [60, 98] (9 of 10)'
        """
        if not self.total:
            return "–"
        value = f"{100 * self.hits / self.total:.0f} %"
        interval = f"[{100 * self.low:.0f}, {100 * self.high:.0f}]"
        return f"{value} {interval} ({self.hits} of {self.total})"


def share(hits: Iterable[bool]) -> Share:
    r"""A share with Wilson's interval.

    With z = 1.96 its ends are
    :math:`\big(p + z^2/2n \pm z\sqrt{p(1-p)/n + z^2/4n^2}\big) / (1 + z^2/n)`.

    Args:
        hits: Whether each run counts.

    Reference:
        Wilson, Journal of the American Statistical Association 22 (1927).

    Example:
        >>> low, high = share([True, False])[2:]
        >>> round(low, 3), round(high, 3)
        (0.095, 0.905)
    """
    values = list(hits)
    n, count = len(values), sum(values)
    if not n:
        return Share(0, 0, 0.0, 1.0)
    p, z2 = count / n, _Z * _Z / n
    reach = _Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n))
    middle = p + z2 / 2
    return Share(
        count, n, max(0.0, (middle - reach) / (1 + z2)), min(1.0, (middle + reach) / (1 + z2))
    )

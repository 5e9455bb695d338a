"""Fitting the verdict to runs of which labels say whether they are sound or broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nearfar._verdict_names import NOT_YET, is_good
from nearfar.diagnostics._calibration import ALARM, READINGS, Calibration
from nearfar.diagnostics._rules import verdicts
from nearfar.diagnostics._thresholds import Thresholds
from nearfar.records import CalibrationRun

__all__ = ["CANDIDATES", "alarmed", "fit"]

CANDIDATES: Final[Mapping[str, tuple[float, ...]]] = MappingProxyType(
    {
        "at_chance": (0.96, 0.97, 0.98, 0.985, 0.99, 0.995),
        "unrelated": (0.8, 0.85, 0.9, 0.93, 0.96),
        "weak": (0.6, 0.65, 0.7, 0.75, 0.8, 0.85),
        "gained": (0.05, 0.1, 0.15, 0.2, 0.25, 0.29, 0.35, 0.4, 0.5),
        "room": (0.25, 0.5, 1.0, 1.5, 2.0),
        "unmoved": (0.85, 0.9, 0.95, 0.99),
        "named": (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
        "telling": (0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
        "blind": (0.54, 0.56, 0.58, 0.6, 0.62, 0.65),
    }
)
"""Values that :func:`fit` tries. The others stay: constructed worlds decide the shares of the rank,
and the smallest number of updates is no matter of sound or broken."""
_ROUNDS: Final = 3
_WORTH: Final = 0.01  # a threshold stays unless the mean of both error rates falls by this
_PENALTY: Final = 0.02  # of the squared weights
_CONSTANT: Final = 1e-5  # deviation of a reading that does not vary
_STEPS: Final = 2_000


def fit(
    records: Sequence[CalibrationRun],
    *,
    start: Thresholds | None = None,
    made_with: Mapping[str, Any] | None = None,
) -> Calibration:
    """Thresholds and the probability that a run is sound, from runs with known outcomes.

    Thresholds are chosen one after the other among :data:`CANDIDATES` to minimise the mean of the
    share of broken runs without an alarm and the share of sound runs with one (``not yet``, which
    says neither, is no alarm here), each averaged over sources; one that gains less than a
    percentage point stays. The probability is a logistic regression on the readings of
    :class:`Calibration` and on whether there is an alarm, with a small penalty, and with weights
    whose sign is given. Mixed runs are counted and not used.

    Args:
        records: Runs with measurements and outcomes.
        start: Thresholds to start from; those of the constructed worlds by default.
        made_with: What the runs were measured with.

    Raises:
        ValueError: No sound or no broken run has all readings.

    Example:
        >>> measured = {"untrained_log_rank": 4.0, "representation_order": 0.9, "m_r": 0.9,
        ...             "untrained_overlap": 0.3, "representation_spherical_rank": 30.0,
        ...             "representation_isotropic_rank": 60.0, "spherical_rank": 30.0,
        ...             "isotropic_rank": 60.0, "lost_share": 0.0, "relative_alignment": 0.3,
        ...             "alignment": 0.6, "random_distance": 2.0, "free_dimensions": 99.0,
        ...             "rank_gain_error": 0.1}
        >>> runs = [
        ...     CalibrationRun("a", "digits", "images", "images", "simclr", "usual", "sound",
        ...                    outcome, measured | {"rank_gain": gain})
        ...     for outcome, gain in [("sound", 2.0), ("broken", 0.1)]
        ... ]
        >>> calibration = fit(runs)
        >>> calibration.confidence("healthy", runs[0].measurements, modality="images") > 0.8
        True
    """
    decided = [run for run in records if run.outcome != "mixed"]
    thresholds = _tuned(decided, start or Thresholds())
    alarms = np.array([alarmed(run, thresholds) for run in decided], dtype=float)
    rows = [[r.read(run.measurements) for r in READINGS.values()] for run in decided]
    whole = [i for i, row in enumerate(rows) if None not in row]
    sound = np.array([decided[i].outcome == "sound" for i in whole], dtype=float)
    if not 0 < sound.sum() < len(whole):
        raise ValueError(
            f"`records` must have sound and broken runs with all readings, got {int(sound.sum())}"
            f" sound of {len(whole)}"
        )
    x = np.column_stack([np.array([rows[i] for i in whole], dtype=float), alarms[whole]])
    names = (*READINGS, ALARM)
    signs = np.array([*(reading.sign for reading in READINGS.values()), -1], dtype=float)
    center = _of_known(x, np.mean)
    scale = _of_known(x, np.std)
    scale = np.where(scale > _CONSTANT, scale, 1.0)
    weights, offset = _logistic(np.nan_to_num((x - center) / scale), sound, signs)

    def by_name(values: NDArray[np.float64]) -> dict[str, float]:
        return dict(zip(names, (round(float(v), 6) for v in values), strict=True))

    outcomes = [run.outcome for run in records]
    return Calibration(
        thresholds=thresholds,
        weights=by_name(weights),
        centers=by_name(center),
        scales=by_name(scale),
        offset=round(offset, 6),
        modalities=tuple(sorted({run.modality for run in records})),
        sources=tuple(sorted({run.source for run in records})),
        sound=outcomes.count("sound"),
        broken=outcomes.count("broken"),
        mixed=outcomes.count("mixed"),
        made_with=dict(made_with or {}),
    )


def _of_known(
    x: NDArray[np.float64], of: Callable[[NDArray[np.float64]], Any]
) -> NDArray[np.float64]:
    """A number of each column's known values; 0 without any."""
    known = [column[~np.isnan(column)] for column in x.T]
    return np.array([float(of(values)) if len(values) else 0.0 for values in known])


def alarmed(run: CalibrationRun, thresholds: Thresholds) -> bool:
    """Whether a run has an alarm other than ``not yet``.

    Args:
        run: The run.
        thresholds: Thresholds of the rules.
    """
    found = verdicts(run.measurements, limits=thresholds)
    return any(not is_good(name) and name != NOT_YET for name in found)


def _tuned(runs: Sequence[CalibrationRun], start: Thresholds) -> Thresholds:
    best, least = start, _errors(runs, start)
    for _ in range(_ROUNDS):
        before = best
        for name, candidates in CANDIDATES.items():
            tried = [(c, replace(best, **{name: c})) for c in candidates]
            costs = [_errors(runs, thresholds) for _, thresholds in tried]
            lowest = min(costs)
            if lowest < least - _WORTH:
                now = getattr(best, name)
                equal = [t for t, cost in zip(tried, costs, strict=True) if cost <= lowest]
                best, least = min(equal, key=lambda t: abs(t[0] - now))[1], lowest
        if best == before:
            break
    return best


def _errors(runs: Sequence[CalibrationRun], thresholds: Thresholds) -> float:
    """Mean of the shares of misses and of false alarms, each averaged over sources."""
    wrong: dict[tuple[str, str], list[bool]] = {}
    for run in runs:
        error = alarmed(run, thresholds) == (run.outcome == "sound")
        wrong.setdefault((run.outcome, run.source), []).append(error)
    rates: dict[str, list[float]] = {}
    for (outcome, _), errors in wrong.items():
        rates.setdefault(outcome, []).append(sum(errors) / len(errors))
    return sum(sum(some) / len(some) for some in rates.values()) / max(1, len(rates))


def _logistic(
    x: NDArray[np.float64], y: NDArray[np.float64], signs: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Weights without a wrong sign, and the offset, by projected gradient descent."""
    rows = np.column_stack([x * signs, np.ones(len(x))])
    rate = 1 / (0.25 * np.linalg.eigvalsh(rows.T @ rows / len(rows)).max() + _PENALTY)
    found = np.zeros(rows.shape[1])
    penalty = np.append(np.full(x.shape[1], _PENALTY), 0.0)
    for _ in range(_STEPS):
        predicted = 1 / (1 + np.exp(-rows @ found))
        found -= rate * (rows.T @ (predicted - y) / len(y) + penalty * found)
        found[:-1] = np.maximum(found[:-1], 0.0)
    return found[:-1] * signs, float(found[-1])

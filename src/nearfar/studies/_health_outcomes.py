"""From the cells of the calibration to runs whose labels say what they are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from nearfar._student_t import student_quantile
from nearfar.api._method_listing import preset_options
from nearfar.records import CalibrationRun, CalibrationRuns, CellRecord, Gain, Provenance
from nearfar.studies._cell import plain
from nearfar.studies._cell_store import CellStore
from nearfar.studies._health_correlations import SHOWN
from nearfar.studies._health_runs import METHODS, PlannedRun
from nearfar.studies._part_versions import MEASURE_VERSIONS, part_versions
from nearfar.studies._test_samples import RIGHT, sampling_variance, unpacked
from nearfar.studies._training_settings import PROBES

__all__ = [
    "DECIDING",
    "calibration_runs",
    "gain_of",
    "made_with",
    "outcome_of",
    "outcome_of_ends",
    "paired_interval",
]

DECIDING: Final = ("knn", "linear")
"""Probes that decide what a run is."""
_DIGITS: Final = 5  # of the stored numbers
_LEFT_OUT: Final = frozenset({"seconds", "cpu_seconds", "peak_memory"})


def calibration_runs(
    runs: Sequence[PlannedRun], store: CellStore, *, checkpoints: int
) -> CalibrationRuns:
    """The finished runs with their outcomes.

    Args:
        runs: The planned runs.
        store: Where the cells' records are.
        checkpoints: Number of measured checkpoints of each run.
    """
    found, failures = [], []
    for run in runs:
        cells = (
            run.cell(checkpoints=checkpoints),
            run.baseline("untrained"),
            run.baseline("raw"),
        )
        record, untrained, raw = (store.found(cell) for cell in cells)
        if record is not None and record.failure:
            failures.append(f"{run.name}: {record.failure}")
        elif record is not None and untrained is not None and not untrained.failure:
            found.append(_judged(run, record, untrained, raw))
    return CalibrationRuns(
        runs=tuple(found),
        planned=len(runs),
        provenance=Provenance.here(),
        failures=tuple(failures),
        made_with=made_with(),
    )


def made_with() -> dict[str, Any]:
    """What decides the readings of the runs, apart from their settings.

    >>> sorted(made_with())
    ['measures', 'methods', 'parts']
    """
    measures = {name: MEASURE_VERSIONS[name] for name in (*PROBES, "health")}
    parts: dict[str, int] = {}
    for method in METHODS:
        parts |= part_versions(method=method, modality="images", encoder="convnet")
    return {
        "measures": measures,
        "methods": {method: plain(preset_options(method)) for method in METHODS},
        "parts": parts,
    }


def _judged(
    run: PlannedRun, record: CellRecord, untrained: CellRecord, raw: CellRecord | None
) -> CalibrationRun:
    gains = tuple(gain_of(probe, record, untrained, raw) for probe in PROBES)
    kept = {"step", "epoch", *PROBES, *SHOWN}
    readings = ({k: v for k, v in each.items() if k in kept} for each in record.readings)
    measured = {name: v for name, v in record.values.items() if name not in {*_LEFT_OUT, *PROBES}}
    return CalibrationRun(
        name=run.name,
        source=run.source.name,
        kind=run.source.kind,
        modality=run.source.modality,
        method=run.method.rpartition(":")[2].removeprefix("marked_"),
        condition=run.condition.name,
        intended=run.condition.intended,
        outcome=outcome_of(gains),
        measurements=_numbers(measured),
        gains=gains,
        readings=tuple(_numbers(reading) for reading in readings),
    )


def gain_of(probe: str, record: CellRecord, untrained: CellRecord, raw: CellRecord | None) -> Gain:
    """A probe's gain over the untrained encoder, with its interval.

    Args:
        probe: Name of the probe.
        record: The run.
        untrained: The untrained encoder, tested on the same samples.
        raw: Raw features, if there are any.
    """
    ours, theirs = (r.words[f"{probe}{RIGHT}"] for r in (record, untrained))
    low, high = paired_interval(ours, theirs)
    known = None if raw is None or raw.failure else raw.values.get(probe)
    return Gain(
        probe=probe,
        accuracy=_rounded(float(unpacked(ours).mean())),
        untrained=_rounded(float(unpacked(theirs).mean())),
        raw=None if known is None else _rounded(known),
        low=_rounded(low),
        high=_rounded(high),
    )


def paired_interval(ours: str, theirs: str) -> tuple[float, float]:
    r"""The 95 % interval of the difference of two accuracies over the same test samples.

    With :math:`d_i \in \{-1, 0, 1\}` the difference on test sample i it is
    :math:`\bar d \pm 1.96\, s_d / \sqrt N`.

    Args:
        ours: Which test samples are right, packed.
        theirs: The same for what is compared.

    Raises:
        ValueError: Not the same test samples, or fewer than 2.

    Example:
        >>> from nearfar.studies._test_samples import packed
        >>> paired_interval(packed([True, False]), packed([True, False]))
        (0.0, 0.0)
    """
    found = sampling_variance([ours], [theirs])
    if found is None:
        raise ValueError("`theirs` must be of the same test samples as `ours`, two or more")
    mean = float((unpacked(ours).astype(float) - unpacked(theirs)).mean())
    reach = student_quantile(math.inf) * math.sqrt(found[0])
    return mean - reach, mean + reach


def outcome_of(gains: Sequence[Gain]) -> str:
    """What the probes say of a run.

    A gain counts if the lower end of its interval is above 0.

    Args:
        gains: Gains of the probes.

    Returns:
        ``sound`` if both kNN and the linear probe have gained, ``broken`` if neither has, else
        ``mixed``.

    Example:
        >>> outcome_of([Gain("knn", 0.9, 0.8, None, 0.08, 0.12),
        ...             Gain("linear", 0.9, 0.9, None, -0.02, 0.02)])
        'mixed'
    """
    return outcome_of_ends([gain.low for gain in gains if gain.probe in DECIDING])


def outcome_of_ends(lows: Sequence[float]) -> str:
    """:func:`outcome_of` runs whose gains have intervals with these lower ends.

    >>> outcome_of_ends([0.1, 0.0])
    'mixed'
    """
    gained = [low > 0 for low in lows]
    return "sound" if all(gained) else "mixed" if any(gained) else "broken"


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """The finite numbers, rounded."""
    return {
        name: _rounded(float(value))
        for name, value in values.items()
        if isinstance(value, (int, float)) and math.isfinite(value)
    }


def _rounded(value: float) -> float:
    return float(np.format_float_positional(value, precision=_DIGITS, fractional=False))

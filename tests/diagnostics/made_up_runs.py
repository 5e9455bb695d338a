"""Made-up runs with outcomes, so that the calibration is tested without training."""

from __future__ import annotations

import random
from typing import Any

from nearfar.records import CalibrationRun, CalibrationRuns, Gain, Provenance

HERE = Provenance("0", "2", "3", "cpu", 1, "", "2026-01-01T00:00:00Z")
MODALITIES = {"digits": "images", "fsdd": "sequences", "ag-news": "text"}
USUAL = {
    "alignment": 0.6,
    "random_distance": 2.0,
    "relative_alignment": 0.3,
    "m_r": 0.9,
    "spherical_rank": 40.0,
    "isotropic_rank": 60.0,
    "lost_share": 0.0,
    "free_dimensions": 99.0,
    "representation_spherical_rank": 40.0,
    "representation_isotropic_rank": 60.0,
    "representation_lost_share": 0.0,
    "representation_order": 0.9,
    "order": 0.9,
    "raw_order": 0.7,
    "raw_recall_1": 0.1,
    "gallery": 120.0,
    "untrained_overlap": 0.3,
    "untrained_order": 0.7,
    "untrained_log_rank": 4.0,
    "rank_gain": 2.0,
    "rank_gain_error": 0.1,
    "updates": 100.0,
}


def made_up(outcome: str, source: str = "digits", **measured: float) -> CalibrationRun:
    """A run with these measurements, the others as usual."""
    value = {"sound": 0.05, "broken": -0.05, "mixed": 0.0}[outcome]
    gains = tuple(
        Gain(probe, 0.8 + value, 0.8, 0.7, value - 0.02, value + 0.02)
        for probe in ("knn", "linear", "mean_classifier")
    )
    found = {**USUAL, **measured}
    start = {**found, "knn": 0.8, "linear": 0.8, "mean_classifier": 0.8, "step": 0.0}
    readings = tuple(
        {**start, "step": float(i), "knn": 0.8 + i * value, "rank_gain": i * found["rank_gain"]}
        for i in range(3)
    )
    name = f"{source} {outcome} {sorted(measured.items())}"
    return CalibrationRun(
        name,
        source,
        MODALITIES[source],
        MODALITIES[source],
        "simclr",
        "usual",
        "sound" if outcome == "sound" else "broken",
        outcome,
        found,
        gains,
        readings,
    )


def made_up_runs(
    *, gained: float = 0.15, each: int = 8, seed: int = 0, **of_all: Any
) -> list[CalibrationRun]:
    """Runs of three sources; those that gain more than a share of the log rank are sound."""
    draw = random.Random(seed)
    runs = []
    for source in MODALITIES:
        for i in range(each):
            share = gained + (0.05 + 0.3 * draw.random()) * (1 if i % 2 else -1)
            outcome = "sound" if i % 2 else "broken"
            runs.append(made_up(outcome, source, rank_gain=4.0 * share, **of_all))
    return runs


def made_up_records(runs: list[CalibrationRun]) -> CalibrationRuns:
    return CalibrationRuns(tuple(runs), len(runs) + 2, HERE, failures=("digits · x: ValueError",))

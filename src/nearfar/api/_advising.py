"""Theoretical advice, before a run from its setting or afterwards from its measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nearfar.api._run_object import Run, load
from nearfar.data import open_labeled, open_source
from nearfar.data._foreign_objects import taken
from nearfar.records import AdviceRecord, HealthRecord, RunRecord, write_text

__all__ = ["advise"]


def advise(
    run: str | Path | Run | None = None,
    *,
    data: Any = None,
    classes: int | None = None,
    batch_size: int | None = None,
    dim: int | None = None,
    temperature: float | None = None,
    num_negatives: int | None = None,
    plot: str | Path | None = None,
) -> AdviceRecord:
    """What theory predicts for a setting: chance, best loss, ceilings, class coverage, bounds.

    Args:
        run: A run or its directory. It supplies the setting, which other arguments override, and
            measurements that are compared with theory.
        data: Training data, to use their number of samples and, if labelled, class frequencies.
            Labels are only counted.
        classes: Number of latent classes, assumed equally frequent; by default several numbers are
            tried.
        batch_size: Samples per batch; by default that of the run, or 256 without a run.
        dim: Dimensions of a projection; by default that of the run, or 128 without a run.
        temperature: Temperature of the objective; by default that of the run, or 0.1 without a
            run.
        num_negatives: Keys in a queue; by default the negatives are the batch's other views.
        plot: HTML page to write, which plots the bounds against the number of candidates.

    Raises:
        ValueError: A number out of range, or data that cannot be read.

    Example:
        >>> from nearfar import api
        >>> for line in api.advise(batch_size=64, dim=64, classes=10).lines[4:6]:
        ...     print(line.statement)
        L − ln M may be 15.2 nats from alignment plus uniformity, its limit for many negatives
        64 samples cover all 10 classes with probability 0.9882
    """
    from nearfar.theory import advise as advise_setting

    found = None if run is None else run if isinstance(run, Run) else load(run)
    settings = _settings(found.record, found.health) if found is not None else {}
    given = {
        "batch_size": batch_size,
        "dim": dim,
        "temperature": temperature,
        "num_negatives": num_negatives,
    }
    settings |= {name: value for name, value in given.items() if value is not None}
    if found is None:
        settings = {"batch_size": 256, "dim": 128, "temperature": 0.1} | settings
    prior: int | list[float] | None = classes
    if data is not None:
        counted, settings["samples"] = _frequencies(data)
        prior = counted if classes is None else classes
    record = advise_setting(prior=prior, **settings)
    if plot is not None:
        from nearfar.reports import render_advice

        write_text(Path(plot), render_advice(record))
    return record


def _settings(run: RunRecord, health: HealthRecord) -> dict[str, Any]:
    in_batch = run.candidates in (None, 2 * run.batch_size - 1)
    readings = health.measurements
    return {
        "batch_size": run.batch_size,
        "dim": health.dim,
        "temperature": run.temperature if run.candidates else None,
        "num_negatives": None if in_batch or run.candidates is None else run.candidates - 1,
        "samples": run.samples,
        "loss": readings.get("loss") if run.candidates else None,
        "uniformity": readings.get("uniformity"),
        "watched": health.samples if "uniformity" in readings else None,
    }


def _frequencies(data: Any) -> tuple[list[float] | None, int]:
    """Class frequencies in the training split (None without labels), and its size."""
    data = taken(data)
    try:
        labeled = open_labeled(data)
    except ValueError:
        return None, len(open_source(data))  # raises its own error if `data` is invalid
    counts = labeled.train_labels.bincount().double()
    return (counts[counts > 0] / counts.sum()).tolist(), len(labeled.train)

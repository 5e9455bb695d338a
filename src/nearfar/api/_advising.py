"""Advice before a run, from its setting, or after it, from its readings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nearfar.api._run import Run, load
from nearfar.data import open_labelled, open_source
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
    """What theory says of a setting: chance, best loss, ceilings, coverage of classes, bounds.

    Args:
        run: A run or its directory, which says the setting and has readings to be placed; what
            else is given overrides the run's setting.
        data: Data that will be trained on: how many there are and, where they have labels, how
            often each class occurs (they are counted, nothing else).
        classes: Latent classes, equally frequent; a few guesses if not given.
        batch_size: Samples in a batch; 256 if neither given nor known from a run.
        dim: Dimensions of a projection; else 128.
        temperature: Of the objective; else 0.1.
        num_negatives: Keys in a queue; without it the batch's other views.
        plot: An HTML page to write, with the bounds against the number of candidates.

    Raises:
        ValueError: A number out of its range, or data that cannot be read.

    Example:
        >>> from nearfar import api
        >>> for line in api.advise(batch_size=64, dim=64, classes=10).lines[4:6]:
        ...     print(line.says)
        alignment plus uniformity, the limit for many negatives, may be 15.2 nats away
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
    """How often each class occurs in the part to train on, where there are any, and its size."""
    try:
        labelled = open_labelled(data)
    except ValueError:
        return None, len(open_source(data))  # which has its own words for data that are none
    counts = labelled.train_labels.bincount().double()
    return (counts[counts > 0] / counts.sum()).tolist(), len(labelled.train)

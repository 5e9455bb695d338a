"""The checkpoint at the peak of a run that was trained too long, named in its verdict."""

from __future__ import annotations

from dataclasses import replace

from nearfar._verdict_names import OVER_TRAINED
from nearfar.records import HealthRecord, Metrics, RunDirectory
from nearfar.training._checkpoint import best_step

__all__ = ["with_best_checkpoint"]


def with_best_checkpoint(
    verdict: HealthRecord, directory: RunDirectory, metrics: Metrics
) -> HealthRecord:
    """The verdict ``over-trained`` with the update of the peak, and how to use that checkpoint.

    Args:
        verdict: The verdict on the run.
        directory: The run.
        metrics: Its metrics, up to the measured state.
    """
    step = best_step(directory.checkpoints)
    orders = {line.step: line.representation_order for line in metrics.watch}
    order = None if step is None else orders.get(step)
    if OVER_TRAINED not in verdict.verdicts or step is None or order is None:
        return verdict
    last = max(orders)
    return replace(
        verdict,
        summary=f"{verdict.summary}; best after update {step:,} of {last:,} (order {order:.3f})",
        advice=(
            f"use the checkpoint after update {step:,}, which is kept: nearfar export"
            f" {directory.path} --checkpoint best",
            *verdict.advice,
        ),
        measurements=verdict.measurements | {"representation_order_best_update": float(step)},
    )

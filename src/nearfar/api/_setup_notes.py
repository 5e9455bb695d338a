"""Notes on a prepared run: what its encoder, its batches and its held-out samples entail."""

from __future__ import annotations

from typing import Any

from nearfar.api._recipe import Recipe
from nearfar.data import Subset
from nearfar.diagnostics._judged import LEAST_JUDGED
from nearfar.modules import EncoderDescription
from nearfar.training import Plan

__all__ = ["batch_notes", "encoder_notes", "few_notes", "warmup_notes"]


def encoder_notes(description: EncoderDescription[Any]) -> tuple[str, ...]:
    """How the first layer differs from the library's."""
    if description.stem != "small":
        return ()
    size = description.form.image_size
    return (f"small stem: 3×3 convolution of stride 1, as images are {size}×{size}",)


def few_notes(watched: Subset) -> tuple[str, ...]:
    """What too few held-out samples leave open."""
    if len(watched) >= LEAST_JUDGED:
        return ()
    return (
        f"{len(watched)} samples are held out for measurements: collapse and uniformity cannot be"
        f" judged from fewer than {LEAST_JUDGED}, a tenth of {10 * LEAST_JUDGED} samples",
    )


def warmup_notes(schedule: Plan) -> tuple[str, ...]:
    """What a warm-up longer than the run entails."""
    if schedule.warmup <= schedule.steps:
        return ()
    reached = schedule.steps / schedule.warmup
    return (
        f"the warm-up of {schedule.warmup:,} updates is longer than the run of"
        f" {schedule.steps:,}: the learning rate reaches {reached:.0%} of what is stated",
    )


def batch_notes(recipe: Recipe) -> tuple[str, ...]:
    """What micro-batches change."""
    options = recipe.training
    if (options.micro_batch or options.batch_size) >= options.batch_size:
        return ()
    return (
        f"micro-batches of {options.micro_batch:,} samples: batch-norm statistics are those of a"
        " micro-batch, loss and gradient those of the whole batch",
    )

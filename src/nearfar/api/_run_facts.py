"""Facts about a run that its method can use, and changes of its recipe that advice can name."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from nearfar._verdict_names import (
    COMPLETE,
    DIMENSIONAL,
    NO_BETTER,
    NOT_FOUND,
    NOT_YET,
    NOTHING,
    SHARED_SMALL,
)
from nearfar.api._recipe import Preset, Recipe, preset_options, view_recipe
from nearfar.data import Source
from nearfar.methods import Method, RunFacts
from nearfar.modalities import Form, Modality
from nearfar.records import Remedy
from nearfar.training import Plan, TrainingOptions
from nearfar.training._optimizers import (
    default_weight_decay,
    peak_learning_rate,
    warmup_epochs,
)
from nearfar.views import GridViews, Views
from nearfar.views._views import HasRemedies

__all__ = ["gather_facts", "remedies_of"]

_SHORT = 3
"""Epochs of a run that is too short to judge a collapse."""


def gather_facts(
    kind: Modality[Any, Any],
    source: Source,
    *,
    form: Form,
    batch_size: int,
    schedule: Plan,
    views: Views,
) -> RunFacts:
    """Facts about a run before its method is built."""
    grid = views if isinstance(views, GridViews) else None
    return RunFacts(
        kind=kind.name,
        samples=len(source.root),  # sample indices refer to the whole dataset
        batch_size=batch_size,
        batches_per_epoch=schedule.batches_per_epoch,
        updates=schedule.steps,
        signal_dim=kind.signal_dim(form),
        length=kind.length(form),
        rows=grid.rows if grid else None,
        shared_rows=grid.shared_rows if grid else None,
    )


def remedies_of(
    recipe: Recipe, *, preset: Preset, method: Method, views: Views | None, facts: RunFacts
) -> tuple[Remedy, ...]:
    """What the recipe of a run can change, with the values of the run.

    Args:
        recipe: The recipe.
        preset: The preset that built the method.
        method: The method.
        views: Its views, if they were built from the recipe's settings.
        facts: Facts about the run.
    """
    options = preset_options(preset)
    settings = recipe.kind.view_settings(view_recipe(preset, recipe.modality))
    known = inspect.signature(settings).parameters
    of_views: tuple[Remedy, ...] = views.remedies() if isinstance(views, HasRemedies) else ()
    found = (
        *(each for each in method.remedies(facts) if each.option in options),
        *(each for each in of_views if each.option in known),
        *_of_training(recipe.training, method=method, facts=facts),
    )
    return tuple(each for each in found if each.applies)


def _of_training(options: TrainingOptions, *, method: Method, facts: RunFacts) -> Iterator[Remedy]:
    rate = float(f"{peak_learning_rate(options):.2g}")
    decay = default_weight_decay(options)
    warmup = warmup_epochs(options)
    made = Remedy(option="learning_rate", now=rate, to=None, why="", against=(), table="training")
    if options.epochs <= _SHORT:
        yield replace(
            made,
            option="epochs",
            now=options.epochs,
            to=10 * options.epochs,
            why="train longer: embeddings of an untrained encoder lie in a narrow cone",
            against=(COMPLETE,),
        )
    lower, higher = float(f"{rate / 10:.2g}"), float(f"{rate * 3:.2g}")
    yield replace(made, to=lower, why="lower the learning rate", against=(COMPLETE, DIMENSIONAL))
    yield replace(made, to=higher, why="raise the learning rate", against=(NOTHING, NO_BETTER))
    longer = min(10.0, options.epochs / 2)
    yield replace(
        made,
        option="warmup_epochs",
        now=warmup,
        to=longer if longer > warmup else None,
        why="warm up for longer, as the first updates are the most likely to cause a collapse",
        against=(COMPLETE,),
    )
    yield replace(
        made,
        option="epochs",
        now=options.epochs,
        to=2 * options.epochs,
        why="train longer, as training starts at chance",
        against=(NOTHING,),
    )
    yield replace(
        made,
        option="epochs",
        now=options.epochs,
        to=2 * options.epochs,
        why="train longer",
        against=(NOT_YET, NO_BETTER, NOT_FOUND, SHARED_SMALL),
    )
    yield replace(
        made,
        option="batch_size",
        now=options.batch_size,
        to=_larger_batch(options.batch_size, method=method, facts=facts),
        why="use a larger batch, which has more negatives",
        against=(COMPLETE, DIMENSIONAL),
    )
    yield replace(
        made,
        option="weight_decay",
        now=decay,
        to=float(f"{decay / 10:.2g}") if decay else None,
        why="lower the weight decay",
        against=(DIMENSIONAL,),
    )


def _larger_batch(size: int, *, method: Method, facts: RunFacts) -> int | None:
    """Twice the batch size, if that adds negatives and leaves two batches per epoch."""
    before, after = method.candidates(size), method.candidates(2 * size)
    if before is None or after is None or after <= before:
        return None
    return 2 * size if facts.samples is not None and 4 * size <= facts.samples else None

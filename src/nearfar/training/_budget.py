"""Choose training options that end within a time and fit in memory, from measured costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import final

from nearfar.training._loop import plan
from nearfar.training._options import TrainingOptions

__all__ = ["LEAST_UPDATES", "Choice", "Cost", "Extent", "choose", "run_memory", "run_seconds"]

LEAST_UPDATES = 10
"""Fewest updates of a run, however small its budget."""
_WANTED = 600  # updates below which batches become smaller
_ENOUGH = 40_000  # samples seen, below which views become smaller
_PART = 0.5  # or this share of the usual number
_MARGIN = 0.9  # share of the remaining time that is planned for
_SHARE = 0.6  # share of the free memory that is planned for
_TWICE = 4 / 3  # cost of gradient caching: a second forward pass
_FORWARD = 0.35  # share of a forward pass in an update
_SEARCHED = 1_000  # samples embedded for the report's nearest neighbours
_NEVER_BELOW = 8  # samples of a micro-batch


@final
@dataclass(frozen=True, kw_only=True)
class Cost:
    """Cost of training at one setting, as measured.

    Attributes:
        update: Seconds per update that do not depend on its samples.
        sample: Seconds per sample for views, forward and backward pass.
        read: Seconds per sample for reading.
        memory: Bytes of weights, gradients and optimiser.
        sample_memory: Bytes per sample of a forward and backward pass.
    """

    update: float
    sample: float
    read: float = 0.0
    memory: float = 0.0
    sample_memory: float = 0.0


@final
@dataclass(frozen=True, kw_only=True)
class Extent:
    """What a run has to get through besides its options.

    Attributes:
        samples: Training samples.
        watched: Held-out samples.
        least_batch: Smallest batch that may be chosen; None if batches have to stay as they are.
        devices: Number of devices that share a batch.
        finish: Seconds after training for evaluation and report, apart from forward passes.
        resident: Bytes in use already, such as those of the program and of the data.
    """

    samples: int
    watched: int
    least_batch: int | None = 64
    devices: int = 1
    finish: float = 5.0
    resident: float = 0.0


@final
@dataclass(frozen=True, kw_only=True)
class Choice:
    """A rung and its training options.

    Attributes:
        rung: Index of the rung; 0 is the usual setting.
        options: Training options.
        seconds: Expected time from now to the end of the run.
        memory: Expected peak memory in bytes.
        usual_seconds: The same for the usual setting.
        usual_memory: The same for the usual setting.
        in_time: Whether the run is expected to end in time.
        in_memory: Whether it is expected to fit.
    """

    rung: int
    options: TrainingOptions
    seconds: float
    memory: float
    usual_seconds: float
    usual_memory: float
    in_time: bool
    in_memory: bool


def run_seconds(cost: Cost, options: TrainingOptions, extent: Extent) -> float:
    """Expected time of training, of its measurements and of the evaluation."""
    schedule = plan(extent.samples, options)
    every = schedule.watch_every
    watches = 1 + (schedule.steps // every if every else 0)
    # two embeddings and, in training, the loss of the held-out samples
    watch = 2 * _FORWARD * extent.watched * cost.sample / extent.devices
    return (
        schedule.steps * _update_seconds(cost, options, extent)
        + (watches + 1) * watch
        + min(_SEARCHED, extent.samples) * (cost.read + _FORWARD * cost.sample / 2)
        + extent.finish
    )


def _update_seconds(cost: Cost, options: TrainingOptions, extent: Extent) -> float:
    cached = options.micro_batch is not None and options.micro_batch < options.batch_size
    sample = cost.sample * (_TWICE if cached else 1.0) / extent.devices
    return cost.update + options.batch_size * options.accumulate * (sample + cost.read)


def run_memory(cost: Cost, options: TrainingOptions, extent: Extent) -> float:
    """Bytes that a process is expected to take in addition to what is in use already."""
    together = min(options.micro_batch or options.batch_size, options.batch_size)
    return cost.memory + together / extent.devices * cost.sample_memory


def choose(
    rungs: int,
    cost: Callable[[int], Cost],
    options: TrainingOptions,
    extent: Extent,
    *,
    free: Collection[str],
    seconds: Callable[[], float],
    memory: float | None,
    most: float = math.inf,
) -> Choice:
    """The best setting that ends in time and fits in memory; else the cheapest.

    The usual setting is kept if it does both. Otherwise the most expensive rung is chosen that
    still sees enough samples, as smaller views and more updates serve a short run better than the
    reverse. Batches become smaller until there are enough updates. A batch that does not fit is
    divided into micro-batches.

    Args:
        rungs: Number of settings of data and encoder, from the usual to the cheapest.
        cost: The cost of a rung; called only for those that are considered.
        options: The usual training options.
        extent: Size of the data.
        free: Names of the training options that may be changed.
        seconds: Time left, apart from a margin; a function, as measuring takes time.
        memory: Free memory in bytes, of which a share is used; None if unknown.
        most: Bytes in all that a setting other than the usual one may take.
    """
    limit = math.inf if memory is None else _SHARE * memory
    modest = min(limit, max(0.0, most - extent.resident))
    first = cost(0)

    def settled(rung: int, chosen: TrainingOptions) -> Choice:
        measured = cost(rung)
        expected = run_seconds(measured, chosen, extent)
        needed = run_memory(measured, chosen, extent)
        return Choice(
            rung=rung,
            options=chosen,
            seconds=expected,
            memory=extent.resident + needed,
            usual_seconds=run_seconds(first, options, extent),
            usual_memory=extent.resident + run_memory(first, options, extent),
            in_time=expected <= seconds(),
            in_memory=needed <= limit,
        )

    def fitted(rung: int, *, target: float) -> TrainingOptions:
        measured = cost(rung)
        shorter = _shortened(measured, options, extent, free=free, target=target)
        leaner = _in_memory(measured, shorter, extent, free=free, limit=modest)
        if leaner == shorter or leaner.micro_batch is None:
            return leaner
        again = _shortened(
            measured, replace(options, micro_batch=None), extent, free=free, target=target / _TWICE
        )
        return _in_memory(measured, again, extent, free=free, limit=modest)

    usual = settled(0, _in_memory(first, options, extent, free=free, limit=limit))
    if usual.in_time or (rungs == 1 and not {"epochs", "max_updates", "batch_size"} & set(free)):
        return usual

    def enough(rung: int) -> bool:
        target = _MARGIN * seconds()
        chosen = fitted(rung, target=target)
        seen = plan(extent.samples, chosen).steps * chosen.batch_size * chosen.accumulate
        wanted = plan(extent.samples, options).steps * options.batch_size * options.accumulate
        in_time = run_seconds(cost(rung), chosen, extent) <= target
        return in_time and seen >= min(_PART * wanted, _ENOUGH)

    low, high = 0, rungs - 1  # the first rung that is enough lies between; or it is the last
    while low < high:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle + 1
    return settled(high, fitted(high, target=_MARGIN * seconds()))


def _shortened(
    cost: Cost,
    options: TrainingOptions,
    extent: Extent,
    *,
    free: Collection[str],
    target: float,
) -> TrainingOptions:
    """Fewer epochs, and smaller batches if there would be few updates."""
    chosen = _fewer_epochs(cost, options, extent, free=free, target=target)
    while (
        "batch_size" in free
        and extent.least_batch is not None
        and chosen.batch_size // 2 >= extent.least_batch
        and chosen.batch_size % 2 == 0
        and plan(extent.samples, chosen).steps < _WANTED
    ):
        smaller = replace(options, batch_size=chosen.batch_size // 2, micro_batch=None)
        shorter = _fewer_epochs(cost, smaller, extent, free=free, target=target)
        if plan(extent.samples, shorter).steps <= plan(extent.samples, chosen).steps:
            break  # an update costs nearly the same for any batch
        chosen = shorter
    return chosen


def _fewer_epochs(
    cost: Cost,
    options: TrainingOptions,
    extent: Extent,
    *,
    free: Collection[str],
    target: float,
) -> TrainingOptions:
    if run_seconds(cost, options, extent) <= target:
        return options
    if "epochs" in free:
        of_epoch = plan(extent.samples, options).updates_per_epoch
        least = min(options.epochs, -(-LEAST_UPDATES // of_epoch))
        for epochs in _coarse(options.epochs, least=least):
            options = replace(options, epochs=epochs)
            if run_seconds(cost, options, extent) <= target:
                return options
    steps = plan(extent.samples, options).steps
    if "max_updates" not in free or steps <= LEAST_UPDATES:
        return options
    update = _update_seconds(cost, options, extent)
    one = run_seconds(cost, replace(options, max_updates=1), extent) - update
    possible = min(steps, int((target - one) / max(update, 1e-9)))
    return replace(options, max_updates=max(LEAST_UPDATES, possible))


def _coarse(most: int, *, least: int) -> Iterator[int]:
    """Whole numbers from `most` down to `least`, each about a tenth below the one before.

    >>> list(_coarse(60, least=1))
    [60, 54, 48, 43, 38, 34, 30, 27, 24, 21, 18, 16, 14, 12, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]
    """
    number = most
    while number > least:
        yield number
        number = min(number - 1, int(number * 0.9))
    yield least


def _in_memory(
    cost: Cost,
    options: TrainingOptions,
    extent: Extent,
    *,
    free: Collection[str],
    limit: float,
) -> TrainingOptions:
    """Micro-batches if a batch does not fit; a batch size that was given is left as it is."""
    if run_memory(cost, options, extent) <= limit or not {"micro_batch", "batch_size"} <= set(free):
        return options
    if extent.least_batch is None:
        return options
    size = options.batch_size
    while size // 2 >= _NEVER_BELOW and run_memory(cost, options, extent) > limit:
        size //= 2
        options = replace(options, micro_batch=size)
    return options

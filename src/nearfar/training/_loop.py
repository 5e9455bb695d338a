"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from shlex import quote
from typing import final

import numpy as np
import torch
from torch import Tensor

from nearfar.data import Batch, Source, batches
from nearfar.inputs import View, move
from nearfar.methods._method import Method, Step
from nearfar.ops import permutation
from nearfar.records import RunDirectory
from nearfar.training._caching import num_parts, two_passes
from nearfar.training._checkpoint import latest_checkpoint, save_checkpoint
from nearfar.training._engine import Engine
from nearfar.training._metrics_writer import Meter, MetricsLog, mean
from nearfar.training._optimizers import (
    build_optimizer,
    peak_learning_rate,
    scheduled_learning_rate,
)
from nearfar.training._options import TrainingOptions
from nearfar.training._progress_interface import Latest, Progress
from nearfar.training._stopping import Interrupted, NonFiniteLossError, StopRequest
from nearfar.training._watch import Watch
from nearfar.views import Views

__all__ = ["Plan", "plan", "train"]


@dataclass(frozen=True)
class Plan:
    """Numbers of batches and updates of a run."""

    batches_per_epoch: int
    updates_per_epoch: int
    steps: int
    warmup: int
    watch_every: int

    def watches(self, done: int) -> bool:
        """Whether to measure after `done` updates."""
        return done == self.steps or (self.watch_every > 0 and done % self.watch_every == 0)


def plan(samples: int, options: TrainingOptions) -> Plan:
    """Numbers of batches and updates; each epoch drops its last incomplete update.

    Raises:
        ValueError: The batch (times ``accumulate``) is larger than the data.
    """
    wanted = options.batch_size * options.accumulate
    if wanted > samples:
        raise ValueError(
            f"`batch_size` × `accumulate` must be at most the {samples} samples to train on,"
            f" got {options.batch_size} × {options.accumulate}"
        )
    updates = samples // wanted
    warmup = options.warmup_epochs
    if warmup is None:
        warmup = min(10.0, options.epochs / 10)
    steps = updates * options.epochs
    watch_every = options.watch_every
    if watch_every is None:
        watch_every = max(10, min(50, steps // 20))
    return Plan(
        batches_per_epoch=updates * options.accumulate,
        updates_per_epoch=updates,
        steps=steps,
        warmup=round(warmup * updates),
        watch_every=watch_every,
    )


def train(
    method: Method,
    source: Source,
    views: Views,
    *,
    options: TrainingOptions,
    engine: Engine,
    directory: RunDirectory,
    watch: Watch,
    progress: Progress,
    schedule: Plan | None = None,
) -> float:
    """Train `method` on `source`, from the newest checkpoint in `directory` if there is one.

    All random numbers are functions of seed, epoch, sample and update, so a resumed run is
    identical to an uninterrupted one.

    Args:
        method: Method to train, in place.
        source: Training samples; their order depends only on seed and epoch.
        views: Generates the views of a batch.
        options: Options of the training loop.
        engine: Devices and precision.
        directory: Directory for checkpoints and metrics.
        watch: Label-free measurements.
        progress: Receives progress updates.
        schedule: Numbers of batches and updates; from :func:`plan` by default.

    Returns:
        Training time in seconds, including that of a resumed run before the interruption.

    Raises:
        NonFiniteLossError: The loss is NaN or infinite; the weights are those before that batch.
        Interrupted: Ctrl-C or SIGTERM; the state is saved.
        OSError: A checkpoint could not be written; earlier ones are intact.
    """
    schedule = schedule or plan(len(source), options)
    optimizer = build_optimizer(method, options)
    checkpoint = latest_checkpoint(directory.checkpoints)
    engine.setup(method, optimizer)
    done, seconds = 0, 0.0
    if checkpoint is not None:
        checkpoint.restore(method, optimizer)
        done, seconds = checkpoint.step, checkpoint.seconds
    first = engine.rank == 0
    log = MetricsLog(directory.metrics, step=done) if first else None
    every = options.checkpoint_every or schedule.updates_per_epoch
    started = time.perf_counter() - seconds
    meter = Meter(
        options.batch_size * options.accumulate,
        pending=checkpoint.pending if checkpoint else None,
    )
    latest = Latest()
    update = _Updater(method, source, views, options, schedule, engine, directory)
    method.train()

    def save(step: int) -> Path | None:
        if not first:
            return None
        return save_checkpoint(
            directory.checkpoints,
            step=step,
            seconds=time.perf_counter() - started,
            method=method,
            optimizer=optimizer,
            pending=meter.pending,
        )

    with StopRequest() as stop:
        for step, group in _updates(source, options, schedule, engine, start=done):
            meter.count(*update(step, group))
            done = step + 1
            epoch = done / schedule.updates_per_epoch
            if log and (done % options.log_every == 0 or done == schedule.steps):
                rate = update.learning_rate(step)
                means = meter.read(step=done, epoch=epoch, learning_rate=rate)
                latest = replace(latest, train=means)
                log.write(means)
            if schedule.watches(done):  # in all processes, which compute the loss jointly
                readings = watch(
                    method, engine, step=done, epoch=epoch, batch_size=options.batch_size
                )
                latest = replace(latest, watch=readings)
                if log:
                    log.write(readings)
            if first:
                progress.update(
                    step=done,
                    steps=schedule.steps,
                    epoch=done // schedule.updates_per_epoch,
                    epochs=options.epochs,
                    values=latest,
                )
            if done % every == 0 or done == schedule.steps or stop.asked:
                save(done)
            if stop.asked and done < schedule.steps:
                raise Interrupted(
                    f"stopped after update {done:,} of {schedule.steps:,}; resume with: nearfar"
                    f" train --resume {quote(str(directory.path))}"
                )
    engine.barrier()
    return time.perf_counter() - started


def _updates(
    source: Source, options: TrainingOptions, schedule: Plan, engine: Engine, *, start: int
) -> Iterator[tuple[int, list[Batch]]]:
    """The remaining updates, each with its batches."""
    step = start
    while step < schedule.steps:
        epoch, update = divmod(step, schedule.updates_per_epoch)
        stream = batches(
            source,
            batch_size=options.batch_size,
            order=permutation(len(source), seed=options.seed, epoch=epoch),
            rank=engine.rank,
            world_size=engine.world_size,
            start=update * options.accumulate,
        )
        try:
            for _ in range(update, schedule.updates_per_epoch):
                yield step, [next(stream) for _ in range(options.accumulate)]
                step += 1
        finally:
            stream.close()


@final
@dataclass(frozen=True)
class _Updater:
    """Performs updates: views, forward and backward passes of each batch, optimiser step."""

    method: Method
    source: Source
    views: Views
    options: TrainingOptions
    schedule: Plan
    engine: Engine
    directory: RunDirectory

    def learning_rate(self, step: int, *, steady: bool = False) -> float:
        """Learning rate of an update; with `steady` that of modules without decay."""
        return scheduled_learning_rate(
            step,
            steps=self.schedule.steps,
            warmup=self.schedule.warmup,
            peak=peak_learning_rate(self.options),
            constant=steady or self.options.schedule == "constant",
        )

    def __call__(self, step: int, group: list[Batch]) -> tuple[float, dict[str, float]]:
        """Loss and named terms: means over the group's batches."""
        total = 0.0
        terms: dict[str, list[float]] = {}
        for index, batch in enumerate(group):
            # for dropout and stochastic depth: a function of seed, update and process
            torch.manual_seed(_entropy(self.options.seed, step, index, self.engine.rank))
            last = index == len(group) - 1
            result, loss, read = self._accumulate(batch, step, batches=len(group), last=last)
            self.method.after_batch(result)
            total += loss / len(group)
            for name, value in read.items():
                terms.setdefault(name, []).append(value)
        self.engine.update(self.learning_rate(step), steady=self.learning_rate(step, steady=True))
        self.method.after_update((step + 1) / self.schedule.steps)
        return total, {name: mean(values) for name, values in terms.items()}

    def _accumulate(
        self, batch: Batch, step: int, *, batches: int, last: bool
    ) -> tuple[Step, float, dict[str, float]]:
        """Accumulate a batch's gradients; return the step, and loss and terms as floats."""
        value = math.nan

        def backward(loss: Tensor) -> None:
            nonlocal value
            value = loss.item()
            if not math.isfinite(value):
                raise self._explain(batch, value, step)
            self.engine.backward(loss / batches, last=last)

        parts = self._parts(batch)
        if len(parts) == 1:
            result = self.engine.forward(self._views_of(batch, step))
            terms = _numbers(result.terms)  # read before the backward pass, to synchronise once
            backward(result.loss)
        else:
            # generate views again in each pass: storing them would need memory for the whole batch
            makers = [partial(self._views_of, part, step) for part in parts]
            result = two_passes(
                self.method, makers, precision=self.engine.autocast, backward=backward
            )
            terms = _numbers(result.terms)
            if last:
                self.engine.average_gradients()
        return result, value, terms

    def _parts(self, batch: Batch) -> list[Batch]:
        samples = len(batch.samples)
        count = num_parts(samples, self.options.micro_batch or samples)
        if count == 1:
            return [batch]
        return batch.split(count)

    def _views_of(self, batch: Batch, step: int) -> tuple[View, ...]:
        device = self.engine.device
        shown = self.views(
            move(batch.inputs, device),
            batch.samples.to(device),
            seed=self.options.seed,
            epoch=step // self.schedule.updates_per_epoch,
        )
        moved = [move(view, device, self.engine.dtype) for view in shown]
        if not self.options.channels_last:
            moved = [v.contiguous() if isinstance(v, Tensor) else v for v in moved]
        return tuple(moved)

    def _explain(self, batch: Batch, loss: float, step: int) -> NonFiniteLossError:
        names = [self.source.identify(int(sample)) for sample in batch.samples]
        shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        last = latest_checkpoint(self.directory.checkpoints)
        kept = f"the last good checkpoint is {last.path}" if last else "no checkpoint was written"
        return NonFiniteLossError(
            f"the loss became {loss} at update {step + 1}; {kept}. Samples of the batch: {shown}."
            " Try a lower learning rate, a longer warm-up, or --precision 32"
        )


def _numbers(terms: Mapping[str, Tensor]) -> dict[str, float]:
    return {str(name): float(term) for name, term in terms.items()}


def _entropy(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])

"""The training loop."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import final

from torch.optim import Optimizer

from nearfar.data import Batch, Source, batches
from nearfar.data._unchanged_file import ChangedFileError
from nearfar.methods._method import Method
from nearfar.ops import permutation
from nearfar.records import RunDirectory
from nearfar.training._best_state import BestState
from nearfar.training._checkpoint import Checkpoint, latest_checkpoint, save_checkpoint
from nearfar.training._engine import Engine
from nearfar.training._metrics_writer import Meter, MetricsLog
from nearfar.training._optimizers import build_optimizer, warmup_epochs
from nearfar.training._options import TrainingOptions
from nearfar.training._progress_interface import Latest, Progress
from nearfar.training._stopping import Abandoned, Interrupted, Snapshot, StopRequest, listening
from nearfar.training._update import Updater
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
    full = steps = updates * options.epochs
    warmup = warmup_epochs(options) * updates
    if options.max_updates is not None:
        steps = min(steps, options.max_updates)
        if options.warmup_epochs is None:
            warmup *= steps / full
    watch_every = options.watch_every
    if watch_every is None:
        watch_every = max(10, min(50, steps // 20))
    return Plan(
        batches_per_epoch=updates * options.accumulate,
        updates_per_epoch=updates,
        steps=steps,
        warmup=round(warmup),
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
        OSError: A checkpoint could not be written; earlier ones are intact. Or a file of data was
            changed while it was in use; the state is saved.
    """
    schedule = schedule or plan(len(source), options)
    optimizer = build_optimizer(method, options)
    checkpoint = latest_checkpoint(directory.checkpoints)
    engine.setup(method, optimizer)
    if checkpoint is not None:
        if checkpoint.step > schedule.steps:
            raise ValueError(
                f"{checkpoint.path} must be of the run's {schedule.steps:,} updates, but is that"
                f" after {checkpoint.step:,}"
            )
        checkpoint.restore(method, optimizer)
    first = engine.rank == 0
    training = _Training(
        method=method,
        options=options,
        schedule=schedule,
        engine=engine,
        directory=directory,
        watch=watch,
        progress=progress,
        optimizer=optimizer,
        checkpoint=checkpoint,
    )
    update = Updater(
        method=method,
        source=source,
        views=views,
        options=options,
        updates_per_epoch=schedule.updates_per_epoch,
        steps=schedule.steps,
        warmup=schedule.warmup,
        engine=engine,
        directory=directory,
        progress=progress if first else None,
    )
    method.train()
    updates = _updates(source, options, schedule, engine, start=training.done)
    here = engine.world_size == 1 and engine.device.type == "cpu"
    with StopRequest() as stop, listening(method, allowed=here):
        try:
            training.run(updates, update, stop)
        except Abandoned:
            training.save()
            raise Interrupted(
                f"stopped after update {training.done:,} of {schedule.steps:,}", directory.path
            ) from None
        except ChangedFileError:  # raised between two updates
            training.save()
            raise
        finally:
            updates.close()
    engine.barrier()
    return training.seconds


@final
class _Training:
    """The state of a run between two updates, and what is done with it."""

    def __init__(
        self,
        *,
        method: Method,
        options: TrainingOptions,
        schedule: Plan,
        engine: Engine,
        directory: RunDirectory,
        watch: Watch,
        progress: Progress,
        optimizer: Optimizer,
        checkpoint: Checkpoint | None,
    ) -> None:
        self.method, self.optimizer, self.engine = method, optimizer, engine
        self.options, self.schedule, self.directory = options, schedule, directory
        self.watch, self.progress = watch, progress
        self.done = checkpoint.step if checkpoint else 0
        self.meter = Meter(
            options.batch_size * options.accumulate,
            pending=checkpoint.pending if checkpoint else None,
        )
        first = engine.rank == 0
        self.log = MetricsLog(directory.metrics, step=self.done) if first else None
        lines = directory.read_metrics().watch if first and self.done else ()
        self.best = BestState(directory.checkpoints, method=method, done=self.done, lines=lines)
        self.latest = Latest()
        self._saved = self.done if checkpoint else -1
        self._started = time.perf_counter() - (checkpoint.seconds if checkpoint else 0.0)

    @property
    def seconds(self) -> float:
        """Training time, including that before an interruption."""
        return time.perf_counter() - self._started

    def run(
        self, updates: Iterator[tuple[int, list[Batch]]], update: Updater, stop: StopRequest
    ) -> None:
        """Perform the remaining updates.

        Raises:
            Abandoned: A stop was asked for; the state is that after the last complete update.
        """
        alone = self.engine.world_size == 1  # processes must complete what they do together
        if alone and self.done and self._due() and self.log and not self.log.watched(self.done):
            with stop.abandons():  # the run was stopped within these measurements
                self._measure()
        before = Snapshot(self.method)
        while self.done < self.schedule.steps:
            before.take()
            try:
                with stop.abandons(alone):
                    step, group = next(updates)
                    found = update.accumulate(step, group)
            except Abandoned:
                before.restore()
                raise
            update.apply(step)
            self.done = step + 1
            self._count(*found, rate=update.learning_rate(step))
            if self._due():  # in all processes, which compute the loss jointly
                with stop.abandons(alone):
                    self._measure()
            self._report()
            every = self.options.checkpoint_every or self.schedule.updates_per_epoch
            if self.done % every == 0 or self.done == self.schedule.steps:
                self.save()
            if self.engine.any(stop.asked):
                raise Abandoned("stopped between two updates")

    def save(self) -> None:
        """Write a checkpoint, unless the newest one is of this update."""
        if self.engine.rank == 0 and self._saved != self.done:
            save_checkpoint(
                self.directory.checkpoints,
                step=self.done,
                seconds=self.seconds,
                method=self.method,
                optimizer=self.optimizer,
                pending=self.meter.pending,
                lines=self.log.lines if self.log else 0,
            )
            last = self.done == self.schedule.steps
            self.best.save(done=self.done, seconds=self.seconds, last=last)
        self._saved = self.done

    @property
    def _epoch(self) -> float:
        return self.done / self.schedule.updates_per_epoch

    def _due(self) -> bool:
        return self.schedule.watches(self.done)

    def _count(self, loss: float, terms: dict[str, float], *, rate: float) -> None:
        """Add an update to the means, and write them if they are due."""
        self.meter.count(loss, terms)
        if self.done % self.options.log_every and self.done < self.schedule.steps:
            now = self.meter.peek(step=self.done, epoch=self._epoch)
            self.latest = replace(self.latest, now=now)
            return
        means = self.meter.read(step=self.done, epoch=self._epoch, learning_rate=rate)
        self.latest = replace(self.latest, train=means, now=means)
        if self.log:
            self.log.write(means)

    def _measure(self) -> None:
        readings = self.watch(
            self.method,
            self.engine,
            step=self.done,
            epoch=self._epoch,
            batch_size=self.options.batch_size,
        )
        self.latest = replace(self.latest, watch=readings)
        if self.log:
            self.log.write(readings)
            self.best.see(readings.representation_order, step=self.done, method=self.method)

    def _report(self) -> None:
        if self.engine.rank == 0:
            self.progress.update(
                step=self.done,
                steps=self.schedule.steps,
                epoch=self.done // self.schedule.updates_per_epoch,
                epochs=self.options.epochs,
                values=self.latest,
            )


def _updates(
    source: Source, options: TrainingOptions, schedule: Plan, engine: Engine, *, start: int
) -> Generator[tuple[int, list[Batch]], None, None]:
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

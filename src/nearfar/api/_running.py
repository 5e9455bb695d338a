"""Training and judging of a run that is set up."""

from __future__ import annotations

import copy
from contextlib import suppress
from dataclasses import replace

import torch
from torch import nn

from nearfar._launchers import first_process
from nearfar._platform import peak_memory
from nearfar.api._allocation_failures import explained_memory
from nearfar.api._judging import before_training, judge
from nearfar.api._passed_encoders import remember
from nearfar.api._requested import Requested
from nearfar.api._run_object import Run
from nearfar.api._setup import Setup, save_start
from nearfar.api._starting_weights import save_weights
from nearfar.data._unchanged_file import unchanged
from nearfar.records import HealthRecord, RunDirectory
from nearfar.records._run_lock import RunInUseError, holding
from nearfar.training import (
    Engine,
    Interrupted,
    Progress,
    TrainingOptions,
    Watch,
    latest_checkpoint,
    train,
)
from nearfar.training._devices import find_device
from nearfar.training._engine import asked_devices
from nearfar.training._process import same_threads
from nearfar.training._progress_interface import tell_stage
from nearfar.views import WithIndex

__all__ = ["begin_run", "device_again", "engine_of", "run_training"]


def device_again(directory: RunDirectory, asked: str | None) -> tuple[torch.device, str]:
    """The device of a resumed run, and a note if it has to be another one."""
    before = directory.read_run().device if directory.run.is_file() else ""
    if asked is not None or not before:
        return find_device(asked or "auto"), ""
    try:
        return find_device(before), ""
    except ValueError:
        found = find_device("auto")
        return found, f"resumed on {found}, as {before} is not here: the last digits may differ"


def engine_of(setup: Setup, device: torch.device) -> Engine:
    """The engine that a run is trained with."""
    training = setup.recipe.training
    devices = asked_devices(training.devices)
    engine = Engine(devices=devices, precision=training.precision, device=str(device))
    if training.batch_size % engine.devices:
        raise ValueError(
            f"`batch_size` must be a multiple of the number of processes, {engine.devices}, got"
            f" {training.batch_size}"
        )
    return engine


def begin_run(directory: RunDirectory, setup: Setup, asked: Requested) -> None:
    """Write what is known before training. The recipe comes last: it makes a directory a run."""
    if asked.division.record is not None:
        asked.division.record.save(directory.division)
    if asked.groups is not None:
        asked.groups.save(directory.groups)
    if asked.start is not None:
        save_start(directory, setup)
    _describe(directory, setup)
    setup.recipe.save(directory)


def _describe(directory: RunDirectory, setup: Setup) -> None:
    """Write ``encoder.json``, with which a checkpoint can be loaded."""
    directory.forget(directory.encoder_description)
    setup.kind.saved_description(setup.description).save(directory.encoder_description)


def run_training(
    setup: Setup,
    directory: RunDirectory,
    progress: Progress,
    *,
    engine: Engine,
    said: tuple[str, ...] = (),
) -> Run:
    """Train, judge and report; the run.

    Args:
        setup: The run as prepared.
        directory: Its directory.
        progress: Receives progress updates.
        engine: Devices and precision.
        said: Notes to show that do not belong in the record.

    Raises:
        Interrupted: Stopped in training, or while the result was measured.
    """
    if first_process():  # also where it is that of an export, or is missing in an older version
        _describe(directory, setup)
    tell_stage(progress, "")  # a display that shows something cannot be sent to a process
    with same_threads(_threads_before(directory)):
        with explained_memory(setup):
            engine.launch(_work, setup, directory, progress, said)
        try:
            if first_process():
                own, health = _finish(setup, directory, progress, device=engine.asked)
            else:
                own, health = None, _finished_by_the_first(directory)
        except KeyboardInterrupt:
            reason = "training is complete; stopped while the result was measured"
            raise Interrupted(reason, directory.path) from None
    progress.finish(health)
    if own is not None:
        remember(directory.path, own)
    return Run(directory.path, encoder=own, modality=setup.recipe.own_kind)


def _finished_by_the_first(directory: RunDirectory) -> HealthRecord:
    """The verdict, once the first process of a launcher has written it and ends its lock.

    Raises:
        OSError: It ended before.
    """
    while True:
        with suppress(RunInUseError), holding(directory.path, doing="waits for"):
            health = directory.read_health() if directory.finished() else None
            break
    if health is None:
        raise ChildProcessError(f"the first process ended before {directory.path} was complete")
    return health


def _threads_before(directory: RunDirectory) -> int:
    """The number of threads that the run was trained with so far; 0 if it is new."""
    return directory.read_run().threads if directory.run.is_file() else 0


def _finish(
    setup: Setup, directory: RunDirectory, progress: Progress, *, device: str
) -> tuple[nn.Module | None, HealthRecord]:
    """Write the encoder, the verdict and the report; return an encoder of one's own."""
    # training may have run in other processes, so the weights are read from the last checkpoint
    method = setup.method
    passed = setup.description.library in ("custom", "function")
    own = copy.deepcopy(method.encoder) if passed else None
    checkpoint = latest_checkpoint(directory.checkpoints)
    assert checkpoint is not None, "a finished run has a checkpoint"
    engine = Engine(devices=1, precision="32", device=device)
    untrained = before_training(setup, engine)
    checkpoint.restore_method(method)
    save_weights(directory.encoder, method.encoder, name=setup.description.name)
    tell_stage(progress, f"measuring {len(setup.watched):,} held-out samples")
    health = judge(directory, method, setup, engine=engine, untrained=untrained)
    record = directory.read_run()
    replace(
        record,
        finished=True,
        seconds=checkpoint.seconds,
        peak_memory=max(record.peak_memory, peak_memory()),
        # files that could not be read during training are known only now
        notes=tuple(dict.fromkeys((*record.notes, *setup.train.source.notes))),
        files=directory.checksums(finished=True),
    ).save(directory.run)
    tell_stage(progress, "writing the report")
    from nearfar.reports import write_report

    write_report(directory.path)
    return own, health


def _work(
    engine: Engine,
    setup: Setup,
    directory: RunDirectory,
    progress: Progress,
    said: tuple[str, ...],
) -> None:
    """Train in one of the processes."""
    options: TrainingOptions = setup.recipe.training
    method = setup.trainee()
    watch = _watch(setup)
    if engine.rank == 0:
        record = setup.record(directory, engine)
        record = replace(record, files=directory.checksums(finished=False))
        record.save(directory.run)
        progress.start(replace(record, notes=(*said, *record.notes)))
    train(
        method,
        unchanged(setup.train, setup.recipe.data),
        setup.training_views,
        options=options,
        engine=engine,
        directory=directory,
        watch=watch,
        progress=progress,
        schedule=setup.schedule,
    )
    if engine.rank == 0:
        record = replace(directory.read_run(), peak_memory=peak_memory())
        record.save(directory.run)


def _watch(setup: Setup) -> Watch:
    """The watched samples; without a loss if the method needs the index of each sample."""
    shown = setup.watched_views()
    if isinstance(setup.training_views, WithIndex):
        return Watch(shown)
    return Watch(shown, seen=shown if setup.method.positives else setup.seen_views())

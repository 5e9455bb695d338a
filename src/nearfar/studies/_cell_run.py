"""The run of a cell: trained, resumed or loaded; its encoder at the end and at checkpoints."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, final

from torch import Tensor

from nearfar import api
from nearfar.api._choices import fit_training
from nearfar.api._method_listing import find_preset
from nearfar.api._recipe import Recipe
from nearfar.api._setup import Setup, count_watched
from nearfar.api._unfinished_run import measured_at, prepared_again
from nearfar.methods import Method
from nearfar.records import HealthRecord, RunDirectory, RunRecord, write_text
from nearfar.studies._cell_samples import Samples
from nearfar.studies._cell_store import lock_of
from nearfar.studies._continued_method import continued_method
from nearfar.studies._embeddings_of_run import Embeddings
from nearfar.studies._supervised import supervised
from nearfar.studies._time_spent import TimeSpent
from nearfar.studies._training_settings import SUPERVISED, TrainingSettings
from nearfar.training import Checkpoint, latest_checkpoint, plan
from nearfar.training._metrics_writer import Pending

__all__ = ["CellRun", "MeasuredCheckpoint", "open_run"]


@dataclass(frozen=True)
class MeasuredCheckpoint:
    """The encoder after some updates.

    Attributes:
        step: Number of updates.
        epoch: Number of epochs, with fraction.
        embeddings: Its embeddings.
    """

    step: int
    epoch: float
    embeddings: Embeddings


def open_run(cell: TrainingSettings, samples: Samples, work: Path) -> CellRun:
    """The finished run of a cell: loaded if it has finished, else resumed or trained.

    Args:
        cell: The cell.
        samples: Its samples.
        work: Directory of the cell's own files; those of the cells that it needs are next to it.
    """
    own = _own_parts(cell, samples, work)
    directory = RunDirectory(work / "run")
    every = _checkpoint_every(cell, samples, own)
    spent = TimeSpent(
        work / "spent.json",
        checkpoints=directory.checkpoints,
        kept=work / "kept",
        every=every if cell.checkpoints else 0,
    )
    try:
        run = _trained(cell, samples, directory, spent=spent, own=own, every=every)
        spent.keep()
    finally:
        spent.note()
    return CellRun(cell, samples, run, work=work, spent=spent, own=own)


def _own_parts(cell: TrainingSettings, samples: Samples, work: Path) -> dict[str, Any]:
    """The parts of the run that are Python objects."""
    if cell.method == SUPERVISED:
        return {"method": supervised, "views": samples.labeled_views()}
    if cell.start is None:
        return {}
    place = work.parent / cell.start.file
    with lock_of(place):  # its record may have come without its run
        before = open_run(cell.start, Samples.open(cell.start.data), place)
    weights = before.weights()
    return {"method": continued_method(find_preset(cell.method), weights, carry=cell.carry)}


def _checkpoint_every(cell: TrainingSettings, samples: Samples, own: dict[str, Any]) -> int:
    """Updates between the checkpoints that are measured; 0 without any."""
    if not cell.checkpoints:
        return 0
    preset = own.get("method") or find_preset(cell.method)
    given = dict(cell.training)
    options = fit_training(given, kind=samples.kind, preset=preset, source=samples.train)
    steps = plan(len(samples.train) - count_watched(samples.train), options).steps
    return max(1, steps // cell.checkpoints)


def _trained(
    cell: TrainingSettings,
    samples: Samples,
    directory: RunDirectory,
    *,
    spent: TimeSpent,
    own: dict[str, Any],
    every: int,
) -> api.Run:
    if directory.exists() and not _has_checkpoints(directory, spent, every):
        shutil.rmtree(directory.path)
    if directory.exists():
        try:
            if directory.finished():
                return api.load(directory.path)
            return api.resume(directory.path, samples.train, progress=spent, **own)
        except (ValueError, TypeError):  # a run of an earlier version: start again
            shutil.rmtree(directory.path)
    parts = dict(own)
    method = parts.pop("method", cell.method)
    options = {"classes": samples.classes} if cell.method == SUPERVISED else {}
    training = {"devices": 1, **cell.training}
    if every:
        training["checkpoint_every"] = every
    return api.pretrain(
        method,
        samples.train,
        encoder=cell.encoder,
        out=directory.path,
        method_options={**options, **cell.method_options},
        view_options=dict(cell.view_options),
        progress=spent,
        seed=cell.seed,
        **parts,
        **samples.encoder_options,
        **training,
    )


def _has_checkpoints(directory: RunDirectory, spent: TimeSpent, every: int) -> bool:
    """Whether a run has, or will have, the checkpoints that are measured."""
    if not every:
        return True
    training = directory.read_recipe().get("training", {})
    if every % (training.get("checkpoint_every") or every + 1):
        return False
    steps = directory.read_run().steps if directory.finished() else 0
    return all(spent.has(step) for step in range(every, steps, every))


@final
class CellRun:
    """A finished run of a cell.

    Args:
        cell: The cell.
        samples: Its samples.
        run: The run.
        work: Directory of the cell's own files.
        spent: Time and memory of its training.
        own: The parts of the run that are Python objects.

    Attributes:
        notes: Notes that the run does not have.
    """

    def __init__(
        self,
        cell: TrainingSettings,
        samples: Samples,
        run: api.Run,
        *,
        work: Path,
        spent: TimeSpent,
        own: dict[str, Any],
    ) -> None:
        self._cell, self._samples, self._run, self._work = cell, samples, run, work
        self._spent, self._own = spent, own
        start = cell.start
        said = f"starts from the weights of {start.name} ({cell.carry})" if start else ""
        self.notes: tuple[str, ...] = (said,) if said else ()

    @property
    def record(self) -> RunRecord:
        """The run's record."""
        return self._run.record

    @property
    def spent(self) -> dict[str, float]:
        """CPU time and peak memory of the training."""
        return {"cpu_seconds": self._spent.seconds, "peak_memory": float(self._spent.peak)}

    @property
    def epochs(self) -> float:
        """Number of epochs, with fraction if the run ended by a number of updates."""
        return self.record.steps / self._setup.schedule.updates_per_epoch

    def weights(self) -> dict[str, Tensor]:
        """The state of the trained method."""
        return self._last.part("method")

    def embeddings(self, *, again: bool = False) -> Embeddings:
        """The embeddings of the trained encoder.

        Args:
            again: Judge the run now, if the verdict that it stored may be of other readings.
        """
        method = copy.deepcopy(self._setup.method)
        self._last.restore_method(method)
        judge = self._judge_at(self._last) if again else lambda: self._run.health
        return self._of(method, self.record.steps, judge)

    def checkpoints(self, wanted: int) -> Iterator[MeasuredCheckpoint]:
        """The initial weights and each kept checkpoint before the end, if any are wanted."""
        if not wanted:
            return
        method = copy.deepcopy(self._setup.method)
        state = {f"method.{name}": value for name, value in method.state_dict().items()}
        first = Checkpoint(self._work, 0, 0.0, state, {}, Pending())
        every = max(1, self.record.steps // wanted)
        kept = map(latest_checkpoint, sorted((self._work / "kept").glob("*")))
        for checkpoint in (first, *filter(None, kept)):
            if checkpoint.step >= self.record.steps or checkpoint.step % every:
                continue
            checkpoint.restore_method(method)
            epoch = checkpoint.step / self._setup.schedule.updates_per_epoch
            judge = self._judge_at(checkpoint)
            yield MeasuredCheckpoint(
                checkpoint.step, epoch, self._of(method, checkpoint.step, judge)
            )

    def _judge_at(self, checkpoint: Checkpoint) -> Callable[[], HealthRecord]:
        """A function that judges the run as if it had stopped at a checkpoint."""

        def judge() -> HealthRecord:
            with_metrics = RunDirectory(self._work / "measured")
            with_metrics.path.mkdir(exist_ok=True)
            source = self._run.directory
            replace(source.read_run(), files={}).save(with_metrics.run)  # of another course
            lines = source.metrics.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = [line for line in lines if _step_of(line) <= checkpoint.step]
            write_text(with_metrics.metrics, "".join(kept))
            setup = replace(self._setup, method=copy.deepcopy(self._setup.method))
            found = measured_at(checkpoint, with_metrics, setup).health
            shutil.rmtree(with_metrics.path)
            return found

        return judge

    @cached_property
    def _last(self) -> Checkpoint:
        found = latest_checkpoint(self._run.directory.checkpoints)
        assert found is not None, "a finished run has a checkpoint"
        return found

    @cached_property
    def _setup(self) -> Setup:
        directory = self._run.directory
        recipe = Recipe.from_tables(directory.read_recipe())
        return prepared_again(directory, recipe, self._samples.train, **self._own)

    def _of(self, method: Method, step: int, judge: Callable[[], HealthRecord]) -> Embeddings:
        setup = self._setup
        method.eval()
        positives = type(method).positives and self._cell.method != SUPERVISED
        return Embeddings(
            self._samples,
            encoder=method.encoder,
            views=self._samples.plain_views(setup.form),
            pairs=setup.views if positives else setup.kind.two_views(setup.form),
            method=method,
            judge=judge,
            seed=self._cell.seed,
            step=step,
        )


def _step_of(line: str) -> int:
    """The update of a line of metrics."""
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return 0

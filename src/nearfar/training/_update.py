"""One update: views, forward and backward passes of each batch, optimiser step."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import final

import numpy as np
import torch
from torch import Tensor

from nearfar.data import Batch, Source
from nearfar.inputs import View, move
from nearfar.methods._method import Method, Step
from nearfar.records import RunDirectory
from nearfar.training._caching import num_parts, two_passes
from nearfar.training._checkpoint import latest_checkpoint
from nearfar.training._engine import Engine
from nearfar.training._metrics_writer import mean
from nearfar.training._optimizers import peak_learning_rate, scheduled_learning_rate
from nearfar.training._options import TrainingOptions
from nearfar.training._progress_interface import Progress, tell_part
from nearfar.training._stopping import NonFiniteLossError
from nearfar.views import Views

__all__ = ["Updater"]


@final
@dataclass(frozen=True)
class Updater:
    """Performs updates.

    Attributes:
        method: The method in training.
        source: Training samples, to name those of a batch with a loss that is not finite.
        views: Generates the views of a batch.
        options: Options of the training loop.
        updates_per_epoch: Updates per epoch.
        steps: Updates of the whole run.
        warmup: Updates of the learning-rate warm-up.
        engine: Devices and precision.
        directory: Directory of the run.
        progress: Told how far an update of several micro-batches is; None in further processes.
    """

    method: Method
    source: Source
    views: Views
    options: TrainingOptions
    updates_per_epoch: int
    steps: int
    warmup: int
    engine: Engine
    directory: RunDirectory
    progress: Progress | None

    def learning_rate(self, step: int, *, steady: bool = False) -> float:
        """Learning rate of an update; with `steady` that of modules without decay."""
        return scheduled_learning_rate(
            step,
            steps=self.steps,
            warmup=self.warmup,
            peak=peak_learning_rate(self.options),
            constant=steady or self.options.schedule == "constant",
        )

    def accumulate(self, step: int, group: list[Batch]) -> tuple[float, dict[str, float]]:
        """Accumulate gradients; loss and named terms, means over the group's batches."""
        total = 0.0
        terms: dict[str, list[float]] = {}
        for index, batch in enumerate(group):
            # for dropout and stochastic depth: a function of seed, update and process
            torch.manual_seed(_entropy(self.options.seed, step, index, self.engine.rank))
            result, loss, read = self._batch(batch, step, index=index, batches=len(group))
            self.method.after_batch(result)
            total += loss / len(group)
            for name, value in read.items():
                terms.setdefault(name, []).append(value)
        # of the whole batch, of which each process has a share
        names = sorted(terms)
        total, *means = self.engine.mean([total, *(mean(terms[name]) for name in names)])
        found = dict(zip(names, means, strict=True))
        return total, {name: found[name] for name in terms}

    def apply(self, step: int) -> None:
        """Perform the optimiser step."""
        self.engine.update(self.learning_rate(step), steady=self.learning_rate(step, steady=True))
        self.method.after_update((step + 1) / self.steps)

    def _batch(
        self, batch: Batch, step: int, *, index: int, batches: int
    ) -> tuple[Step, float, dict[str, float]]:
        """Accumulate a batch's gradients; return the step, and loss and terms as floats."""
        value, last = math.nan, index == batches - 1

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
            tell = _Parts(self.progress, batches=batches, index=index, parts=len(parts))
            makers = [tell.before(partial(self._views_of, part, step)) for part in parts]
            result = two_passes(
                self.method, makers, precision=self.engine.autocast, backward=backward
            )
            terms = _numbers(result.terms)
            if last:
                self.engine.average_gradients()
        if batches > 1:
            tell_part(self.progress, (index + 1) / batches)
        return result, value, terms

    def _parts(self, batch: Batch) -> list[Batch]:
        samples = len(batch.samples)
        count = num_parts(samples, self.options.micro_batch or samples)
        if count == 1:
            return [batch]
        return batch.split(count)

    def _views_of(self, batch: Batch, step: int) -> tuple[View, ...]:
        device, exact = self.engine.device, self.engine.exact
        shown = self.views(
            move(batch.inputs, exact),
            batch.samples.to(exact),
            seed=self.options.seed,
            epoch=step // self.updates_per_epoch,
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
            " Try a lower learning rate, a longer warm-up, or precision 32"
        )


@final
class _Parts:
    """Tells a display which fraction of an update is complete, micro-batch by micro-batch."""

    def __init__(self, progress: Progress | None, *, batches: int, index: int, parts: int) -> None:
        self._progress, self._batches, self._index, self._parts = progress, batches, index, parts
        self._calls = 0

    def before(self, make: Callable[[], tuple[View, ...]]) -> Callable[[], tuple[View, ...]]:
        """The function that generates a micro-batch, which first tells how far the update is."""

        def made() -> tuple[View, ...]:
            first = min(self._calls, self._parts)  # a forward pass takes about a quarter of both
            share = (first + 3 * max(0, self._calls - self._parts)) / (4 * self._parts)
            tell_part(self._progress, (self._index + share) / self._batches)
            self._calls += 1
            return make()

        return made


def _numbers(terms: Mapping[str, Tensor]) -> dict[str, float]:
    return {str(name): float(term) for name, term in terms.items()}


def _entropy(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])

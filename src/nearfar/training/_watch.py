"""Measurements during training that need no labels, on samples set aside."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, final

import torch
from torch import Tensor

from nearfar.diagnostics import measurements
from nearfar.inputs import View, count, move, select
from nearfar.methods._method import Method
from nearfar.parallel import gather
from nearfar.records import WatchMetrics
from nearfar.training._engine import Engine

__all__ = ["Watch"]


@final
class Watch:
    """Fixed views of samples that are never trained on, embedded now and then.

    Views are made once, so a change in a reading is a change of the network. The network is in
    evaluation mode meanwhile: nothing of its state moves.

    Args:
        views: Two or more views of the same samples; the first two are embedded and measured.
        seen: The same samples as the method is shown them in training; its loss is measured on
            these. Without them no loss is measured.
    """

    def __init__(self, views: tuple[View, ...], *, seen: tuple[View, ...] | None = None) -> None:
        self.views = views[:2]
        self.seen = seen

    @torch.no_grad()
    def project(self, method: Method, engine: Engine) -> tuple[Tensor, Tensor, Tensor]:
        """Projections of both views, and the first view's representations; float32."""
        with _evaluating(method), engine.autocast():
            shown = tuple(move(view, engine.device, engine.dtype) for view in self.views)
            (h1, z1), (_, z2) = method.embed_views(shown)
        return z1.float(), z2.float(), h1.float()

    @torch.no_grad()
    def loss(self, method: Method, engine: Engine, *, batch_size: int) -> tuple[float, int] | None:
        """The method's loss, and the size of the batches over which it is the mean.

        Batches are as large as in training, so that both losses are compared with the same chance;
        where fewer samples are watched, all of them are one batch. Processes share a batch as they
        do in training: each of them must call this.

        Args:
            method: In any mode; its queues, statistics and momentum copies stay as they are.
            engine: Devices and precision.
            batch_size: Of the training, over all processes.

        Returns:
            None where no loss can be had: `seen` was not given, there are too few samples for the
            objective, or the loss is not finite.
        """
        if self.seen is None:
            return None
        samples, processes = count(self.seen[0]), engine.world_size
        size = min(batch_size, samples) // processes * processes
        if not size:
            return None
        batches = samples // size
        losses = []
        with _evaluating(method), _same_draws(engine.device), engine.autocast():
            for first in range(batches):
                # spread over the data, which may be in the order of its classes
                rows = torch.arange(first, samples, batches)[:size].chunk(processes)[engine.rank]
                parts = (select(view, rows) for view in self.seen)
                shown = tuple(move(part, engine.device, engine.dtype) for part in parts)
                try:
                    losses.append(method(shown).loss)
                except ValueError:  # fewer samples than the objective needs
                    return None
        value = float(gather(torch.stack(losses).mean()[None]).mean())
        return (value, size) if math.isfinite(value) else None

    def __call__(
        self,
        method: Method,
        engine: Engine,
        *,
        step: int = 0,
        epoch: float | None = None,
        batch_size: int = 256,
    ) -> WatchMetrics:
        """All readings; in every process but the first the loss alone.

        Args:
            method: What is trained.
            engine: Devices and precision.
            step: Updates done.
            epoch: Passes over the data.
            batch_size: Of the training, over all processes.
        """
        line = WatchMetrics(step=step, epoch=epoch)
        found = self.loss(method, engine, batch_size=batch_size)
        if found is not None:
            loss, size = found
            line = replace(line, loss=loss, chance=method.chance(size), batch_size=size)
        if engine.rank > 0:
            return line
        z1, z2, _ = self.project(method, engine)
        if not (z1.isfinite().all() and z2.isfinite().all()):
            return line  # the loop stops at the loss, which names the samples
        measured: dict[str, Any] = dict(measurements(z1, z2))
        return replace(line, **measured, dim=z1.shape[1], samples=z1.shape[0])


@contextmanager
def _evaluating(method: Method) -> Iterator[None]:
    """Evaluation mode for a while."""
    training = method.training
    method.eval()
    try:
        yield
    finally:
        method.train(training)


@contextmanager
def _same_draws(device: torch.device) -> Iterator[None]:
    """What a method draws is the same each time, and leaves no trace in the generators."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        yield

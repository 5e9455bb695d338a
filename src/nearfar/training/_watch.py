"""Label-free measurements on held-out samples during training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple, final

import torch
from torch import Tensor

from nearfar.diagnostics import measurements
from nearfar.diagnostics._watched_readings import spectrum_shares, watched_readings
from nearfar.inputs import View, count, move, select
from nearfar.inputs._forward_parts import forward_parts
from nearfar.methods._method import Method
from nearfar.parallel import gather
from nearfar.records import WatchMetrics
from nearfar.training._engine import Engine

__all__ = ["Watch", "Watched"]


class Watched(NamedTuple):
    """Projections and representations of two views of the watched samples.

    Attributes:
        z1: Projections of the first view, samples × dim.
        z2: Projections of the second view.
        h1: Representations of the first view, samples × width.
        h2: Representations of the second view.
    """

    z1: Tensor
    z2: Tensor
    h1: Tensor
    h2: Tensor


@final
class Watch:
    """Measurements on fixed views of held-out samples.

    The views are generated once, so changes in the measurements are changes in the network. The
    network is in evaluation mode and its state does not change.

    Args:
        views: Two or more views of the same samples; the first two are embedded and measured.
        seen: The same samples in the form that the method receives in training, for measuring its
            loss; by default the loss is not measured.
    """

    def __init__(self, views: tuple[View, ...], *, seen: tuple[View, ...] | None = None) -> None:
        self.views = views[:2]
        self.seen = seen

    @torch.no_grad()
    def project(self, method: Method, engine: Engine) -> Watched:
        """Projections and representations of both views, in float32."""
        with _evaluating(method), engine.autocast():
            parts = [
                method.embed_views(tuple(move(v, engine.device, engine.dtype) for v in views))
                for views in forward_parts(*self.views)
            ]
        (h1, z1), (h2, z2) = (
            [torch.cat(of) for of in zip(*one, strict=True)] for one in zip(*parts, strict=True)
        )
        return Watched(*(matrix.float().to(engine.exact) for matrix in (z1, z2, h1, h2)))

    @torch.no_grad()
    def loss(self, method: Method, engine: Engine, *, batch_size: int) -> tuple[float, int] | None:
        """Mean loss of the method over batches, and the size of these batches.

        Batches are as large as in training, so that both losses have the same chance level; with
        fewer watched samples, all of them form one batch. As in training, a batch is divided among
        the processes, and all of them must call this function.

        Args:
            method: The method, in any mode; its queues, statistics and momentum copies are not
                changed.
            engine: Devices and precision.
            batch_size: Batch size of the training, over all processes.

        Returns:
            None if there is no loss: `seen` was not given, there are too few samples for the
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
                # every `batches`-th sample, as the samples may be sorted by class
                rows = torch.arange(first, samples, batches)[:size].chunk(processes)[engine.rank]
                parts = (select(view, rows) for view in self.seen)
                try:
                    losses.append(_loss(method, tuple(parts), engine))
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
        """All measurements; in processes other than the first only the loss.

        Args:
            method: The method in training.
            engine: Devices and precision.
            step: Number of completed updates.
            epoch: Number of completed epochs, with fraction.
            batch_size: Batch size of the training, over all processes.
        """
        line = WatchMetrics(step=step, epoch=epoch)
        found = self.loss(method, engine, batch_size=batch_size)
        if found is not None:
            loss, size = found
            line = replace(line, loss=loss, chance=method.chance(size), batch_size=size)
        if engine.rank > 0:
            return line
        shown = self.project(method, engine)
        if not all(matrix.isfinite().all() for matrix in shown):
            return line  # the loop will stop at the loss and name the samples
        measured: dict[str, Any] = {
            **measurements(shown.z1, shown.z2),
            **watched_readings(*shown),
            "spectrum": spectrum_shares(shown.z1) or None,
            "representation_spectrum": spectrum_shares(shown.h1) or None,
        }
        return replace(line, **measured, dim=shown.z1.shape[1], samples=len(shown.z1))


def _loss(method: Method, views: tuple[View, ...], engine: Engine) -> Tensor:
    """The loss of a batch; large pictures pass the network in parts."""
    projected = [
        method.project(tuple(move(view, engine.device, engine.dtype) for view in part))
        for part in forward_parts(*views, joined=True)
    ]
    if len(projected) == 1:
        return method.compare(projected[0]).loss
    joined = (zip(*group, strict=True) for group in zip(*projected, strict=True))
    return method.compare(tuple(tuple(map(torch.cat, group)) for group in joined)).loss


@contextmanager
def _evaluating(method: Method) -> Iterator[None]:
    """Evaluation mode inside the context."""
    training = method.training
    method.eval()
    try:
        yield
    finally:
        method.train(training)


@contextmanager
def _same_draws(device: torch.device) -> Iterator[None]:
    """Fixed random numbers inside the context; the generators' states are restored."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        yield

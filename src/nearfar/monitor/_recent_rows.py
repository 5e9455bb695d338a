"""The rows of the most recent updates, a bounded number, without any synchronisation."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from torch import Tensor, distributed

from nearfar.parallel import is_distributed, rank, world_size

__all__ = ["Collected", "RecentRows"]


@dataclass(frozen=True)
class Collected:
    """Rows of recent updates of all processes, on the CPU.

    Attributes:
        views: Matrices by name, one row per sample.
        loss: Mean loss of these updates; None if none was given.
        updates: Number of updates.
        left_out: Number of rows with NaN or infinity, which `views` does not have.
    """

    views: dict[str, Tensor]
    loss: float | None
    updates: int
    left_out: int


class _Update(NamedTuple):
    """Rows of an update in this process, and their number in all processes."""

    views: dict[str, Tensor]
    loss: Tensor | None
    rows: int
    epoch: int


@final
class RecentRows:
    """Copies of rows of the most recent updates, at most `capacity` over all processes.

    Of a batch with more rows, every k-th row of the whole batch is kept, which is divided among
    the processes in the order of their ranks. So processes with equal shards keep the rows that
    one process would keep of the whole batch. Adding neither waits for the device nor
    communicates. A sample has one row per epoch, so that the rows of one epoch are different
    samples: :meth:`collect` takes those of the epoch that has most of them.

    Args:
        capacity: Largest number of rows.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._kept: deque[_Update] = deque()

    def add(self, views: Mapping[str, Tensor], loss: Tensor | None, epoch: int) -> None:
        """Copy rows of an update, and discard those of the oldest updates.

        Args:
            views: Matrices with as many rows each, of this process.
            loss: Loss of the batch.
            epoch: Number of the epoch.

        Raises:
            ValueError: Other matrices than those so far, or of other widths.
        """
        rows = len(next(iter(views.values())))
        everywhere = rows * world_size()
        step = math.ceil(everywhere / self.capacity)
        some = slice(-rank() * rows % step, None, step)
        widths = {name: view.shape[1:] for name, view in views.items()}
        if self._kept:
            known = {name: view.shape[1:] for name, view in self._kept[-1].views.items()}
            if widths != known:
                raise ValueError(
                    f"matrices must be those so far, {_shown(known)}, got {_shown(widths)};"
                    " start again with reset()"
                )
        self._kept.append(
            _Update(
                {name: view.detach()[some].clone() for name, view in views.items()},
                None if loss is None else loss.detach().clone(),
                math.ceil(everywhere / step),
                epoch,
            )
        )
        while sum(update.rows for update in self._kept) > self.capacity:
            self._kept.popleft()

    def collect(self) -> Collected:
        """The rows kept by all processes, which must all call it; in the order of the updates."""
        counts: Counter[int] = Counter()
        for update in self._kept:
            counts[update.epoch] += update.rows
        best = max(counts, key=lambda epoch: (counts[epoch], epoch), default=0)
        own = [
            ({name: _exact(view) for name, view in update.views.items()}, _number(update.loss))
            for update in self._kept
            if update.epoch == best
        ]
        shards = [own]
        if is_distributed():
            shards = [[] for _ in range(world_size())]
            distributed.all_gather_object(shards, own)
        updates = min(map(len, shards))
        if not updates:
            return Collected({}, None, 0, 0)
        parts = [part for at in range(-updates, 0) for part in (shard[at] for shard in shards)]
        views = {name: torch.cat([found[name] for found, _ in parts]) for name in parts[0][0]}
        finite = torch.stack([view.isfinite().all(dim=1) for view in views.values()]).all(dim=0)
        losses = [loss for _, loss in parts if loss is not None]
        return Collected(
            {name: view[finite] for name, view in views.items()},
            math.fsum(losses) / len(losses) if losses else None,
            updates,
            int((~finite).sum()),
        )


def _exact(view: Tensor) -> Tensor:
    view = view.cpu()
    return view if view.dtype == torch.float64 else view.float()


def _number(loss: Tensor | None) -> float | None:
    return None if loss is None else float(loss)


def _shown(widths: Mapping[str, torch.Size]) -> str:
    return ", ".join(f"{name} with {shape[0]} columns" for name, shape in widths.items())

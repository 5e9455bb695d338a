"""The weights after the update at which the other view of a sample was found best."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import final

import torch
from torch import Tensor, nn

from nearfar.records import WatchMetrics
from nearfar.training._checkpoint import BEST, best_step, save_best

__all__ = ["BestState"]

_HARDLY = 0.01  # difference of orders


@final
class BestState:
    """Keeps the state with the highest order of retrieval by representations.

    No objective optimises that reading of held-out samples, so that its peak is where a longer
    training began to harm. The state is copied when it is reached, and written with the next
    checkpoint, unless that is the same. At the end it is kept if it is better by more than 0.01.

    Args:
        folder: Folder of the checkpoints.
        method: The method, as restored from the newest checkpoint.
        done: Updates so far.
        lines: Measurements so far.
    """

    def __init__(
        self, folder: Path, *, method: nn.Module, done: int, lines: Iterable[WatchMetrics]
    ) -> None:
        self._path = folder / BEST
        self._order, self._step = float("-inf"), -1
        self._latest = float("-inf")
        self._state: dict[str, Tensor] | None = None
        known = {
            line.step: line.representation_order
            for line in lines
            if line.representation_order is not None and line.step <= done
        }
        try:
            stored = best_step(folder)
        except ValueError:  # damaged: the next state that is better replaces it
            stored = None
        if known and (step := max(known, key=lambda step: (known[step], -step))) == done:
            self.see(known[step], step=step, method=method)
        elif stored in known:
            self._order, self._step = known[stored], stored

    def see(self, order: float | None, *, step: int, method: nn.Module) -> None:
        """Copy the state if its order is higher than any before."""
        self._latest = float("-inf") if order is None else order
        if order is None or not order > self._order:
            return
        self._order, self._step = order, step
        state = method.state_dict()
        self._state = {
            name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, value in state.items()
        }

    def save(self, *, done: int, seconds: float, last: bool = False) -> None:
        """Write the state with a checkpoint after `done` updates, if that is another one.

        Args:
            done: Updates of the checkpoint.
            seconds: Training time so far.
            last: Whether it is the end of the run, which replaces a state that is hardly better.

        Raises:
            OSError: The disk is full or not writable.
        """
        if last and self._order - self._latest <= _HARDLY:
            self._path.unlink(missing_ok=True)
            return
        if self._state is None or self._step == done:
            return
        save_best(
            self._path, state=self._state, step=self._step, order=self._order, seconds=seconds
        )
        self._state = None

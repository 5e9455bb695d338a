"""Measure what an update costs: a few updates of a copy of the method, on real batches."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import final

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from nearfar.data import Source
from nearfar.methods._method import Method
from nearfar.ops import permutation
from nearfar.records import RunDirectory
from nearfar.training._budget import Cost
from nearfar.training._engine import Engine
from nearfar.training._optimizers import build_optimizer
from nearfar.training._options import TrainingOptions
from nearfar.training._update import Updater
from nearfar.views import Views

__all__ = ["measure"]

_FIRST, _GROWTH = 8, 4  # samples of the first updates, and the factor to those of the next
_STATES = {"adamw": 2, "sgd": 1, "lars": 1}  # numbers per weight that an optimiser keeps
# peak memory relative to what a pass saves for the backward pass, freed memory that is kept
# included: 2.1 for 256 pictures of 224 pixels at once, 3.1 in micro-batches of 16 and 32
_OVERHEAD = 2.5
_MOST = 1 << 30  # bytes that a measured update may take in addition to the weights
_OTHER_EPOCH = 2**32 - 2  # seeds a permutation that no training epoch uses


def measure(
    method: Method,
    source: Source,
    views: Views,
    *,
    options: TrainingOptions,
    engine: Engine,
    longest: float,
    whole: bool = False,
    enough: Callable[[Cost], bool] = lambda cost: False,
) -> Cost:
    """The cost of training, from a few updates of growing size.

    Neither the method nor the state of the random generators changes.

    Args:
        method: The method as it would be trained.
        source: Training samples.
        views: Generates the views of a batch.
        options: Options of the training loop.
        engine: A device; this engine can only be used for one measurement.
        longest: Seconds that the last update may take, approximately.
        whole: Whether an update costs the same for any batch.
        enough: Whether a cost is known well enough; it is at first overestimated.

    Raises:
        ValueError: A batch that the method refuses.
    """
    alone = replace(options, micro_batch=None)
    order = permutation(len(source), seed=options.seed, epoch=_OTHER_EPOCH)
    with torch.random.fork_rng([engine.device] if engine.device.type == "cuda" else []):
        trial = _Trial(
            copy.deepcopy(method), source, views, options=alone, engine=engine, order=order
        )
        size = options.batch_size if whole else min(_FIRST, options.batch_size)
        memory = trial.memory(size)
        small = large = (size, *trial.best(size))
        while True:
            cost = _cost(trial, small, large, memory=memory)
            if size == options.batch_size or enough(cost):
                return cost
            wanted = min(size * _GROWTH, options.batch_size)
            fitting = min(wanted, _fitting(memory))
            if fitting < min(wanted, 2 * size):
                return cost
            size = fitting
            # one size cannot separate the cost of an update from that of its samples
            if large is not small and cost.update + size * cost.sample > longest:
                return cost
            slow = large[2] > longest / _GROWTH
            large = (size, *(trial.seconds(size) if slow else trial.best(size)))


def _fitting(memory: float) -> int:
    """Samples whose update takes no more memory than measuring may."""
    return int(_MOST // max(memory, 1.0))


def _cost(
    trial: _Trial,
    small: tuple[int, float, float],
    large: tuple[int, float, float],
    *,
    memory: float,
) -> Cost:
    """A straight line through two measurements of (samples, seconds to read, seconds to train)."""
    (few, _, short), (many, reading, long) = small, large
    slope = (long - short) / (many - few) if many > few else long / many
    slope = min(max(slope, 0.0), long / many)
    weights = trial.weight_bytes
    return Cost(
        update=max(0.0, long - slope * many),
        sample=slope,
        read=reading / many,
        memory=weights * (1 + _STATES[trial.options.optimizer]),
        sample_memory=memory,
    )


@final
class _Trial:
    """Updates of a method that is thrown away."""

    def __init__(
        self,
        method: Method,
        source: Source,
        views: Views,
        *,
        options: TrainingOptions,
        engine: Engine,
        order: Tensor,
    ) -> None:
        self.options = options
        self._method, self._source, self._engine, self._order = method, source, engine, order
        engine.setup(method, build_optimizer(method, options))
        method.train()
        self._update = Updater(
            method,
            source,
            views,
            options,
            updates_per_epoch=1_000,
            steps=1_000,
            warmup=100,
            engine=engine,
            directory=RunDirectory(Path("none")),
            progress=None,
        )
        self._done = 0

    @property
    def weight_bytes(self) -> int:
        """Bytes of the weights that are trained."""
        return sum(
            p.numel() * p.element_size() for p in self._method.parameters() if p.requires_grad
        )

    def seconds(self, samples: int) -> tuple[float, float]:
        """Seconds to read a batch and to train on it."""
        start = time.perf_counter()
        places = (torch.arange(samples) + self._done) % len(self._order)
        batch = self._source.read(self._order[places])
        read = time.perf_counter()
        self._update.accumulate(self._done, [batch])
        self._update.apply(self._done)
        if self._engine.device.type == "cuda":
            torch.cuda.synchronize(self._engine.device)
        self._done += samples
        return read - start, time.perf_counter() - read

    def best(self, samples: int) -> tuple[float, float]:
        """The less disturbed of two updates."""
        return min(self.seconds(samples), self.seconds(samples), key=sum)

    def memory(self, samples: int) -> float:
        """Bytes per sample of a forward and backward pass; the first update, which is slower."""
        if self._engine.device.type == "cuda":
            device = self._engine.device
            torch.cuda.reset_peak_memory_stats(device)
            before = torch.cuda.memory_allocated(device)
            self.seconds(samples)
            return (torch.cuda.max_memory_allocated(device) - before) / samples
        known = {
            tensor.untyped_storage().data_ptr()
            for tensor in (*self._method.parameters(), *self._method.buffers())
        }
        saved: dict[int, int] = {}

        def count(tensor: Tensor) -> Tensor:
            dense = tensor.detach()
            if tensor.layout == torch.sparse_coo:
                dense = dense._values()
            elif tensor.layout != torch.strided:
                dense = dense.values()
            storage = dense.untyped_storage()
            if storage.data_ptr() not in known:
                saved[storage.data_ptr()] = storage.nbytes()
            return tensor

        with saved_tensors_hooks(count, lambda tensor: tensor):
            self.seconds(samples)
        return _OVERHEAD * sum(saved.values()) / samples

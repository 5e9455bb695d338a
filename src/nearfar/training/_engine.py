"""Devices, precision, processes: the one module that names Lightning Fabric."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, final

import torch
from lightning_fabric import Fabric
from torch import Tensor, distributed, nn
from torch.optim import Optimizer

from nearfar.inputs import View
from nearfar.methods._method import Method, Step
from nearfar.parallel import synchronise_batch_norm
from nearfar.training._optimizers import set_rates

__all__ = ["Engine", "computes_in_bfloat16"]

_PRECISIONS = {"64": "64-true", "32": "32-true", "16": "16-mixed", "bf16": "bf16-mixed"}


def computes_in_bfloat16() -> bool:
    """Whether the device multiplies bfloat16 faster than float32: AMX or AVX-512 BF16, or a GPU."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


@final
class _Held:
    """Views as one opaque argument: Fabric walks others and stumbles over frozen dataclasses."""

    def __init__(self, views: tuple[View, ...]) -> None:
        self.views = views


class _Tupled(nn.Module):
    """The method with its step as a plain tuple: Fabric walks outputs, and Step is frozen."""

    def __init__(self, method: Method) -> None:
        super().__init__()
        self.method = method

    def forward(self, held: _Held) -> tuple[Any, ...]:
        step = self.method(held.views)
        return step.loss, step.representations, step.projections, dict(step.terms), step.carry


@final
class Engine:
    """What the loop asks for: run a step, go backward, update, talk to other processes.

    Args:
        devices: Processes; 0 for every GPU, or one process where there is none.
        precision: ``auto``, ``bf16``, ``16``, ``32`` or ``64``.
    """

    def __init__(self, *, devices: int = 0, precision: str = "auto") -> None:
        if precision == "auto":
            precision = "bf16" if computes_in_bfloat16() else "32"
        gpus = torch.cuda.device_count()
        count = devices or max(1, gpus)
        if gpus and count > gpus:
            raise ValueError(f"`devices` must be at most {gpus}, the GPUs here, got {devices}")
        under_launcher = "TORCHELASTIC_RUN_ID" in os.environ or "SLURM_NTASKS" in os.environ
        strategy = "auto" if count == 1 else ("ddp" if under_launcher else "ddp_spawn")
        self.precision = precision
        self.devices = count
        # Fabric greets through its logger; the command line says the same in one line
        logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._fabric = Fabric(
                accelerator="cuda" if gpus else "cpu",
                devices=count,
                strategy=strategy,
                precision=_PRECISIONS[precision],  # type: ignore[arg-type]
            )
        self._wrapped: Any = None
        self._optimizer: Any = None

    def launch(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call ``function(engine, *arguments)`` in every process; the first one's result."""
        if self.devices == 1:
            self._fabric.launch()
            return function(self, *arguments)
        # one opaque argument, as for views
        work: Callable[..., Any] = partial(_enter, self.precision, function, arguments)
        return self._fabric.launch(work)

    @property
    def rank(self) -> int:
        """Number of this process, from 0."""
        return int(self._fabric.global_rank)

    @property
    def world_size(self) -> int:
        """Number of processes."""
        return int(self._fabric.world_size)

    @property
    def device(self) -> torch.device:
        """Where this process computes."""
        return self._fabric.device

    @property
    def dtype(self) -> torch.dtype:
        """Of weights and inputs; mixed precision starts from float32."""
        return torch.float64 if self.precision == "64" else torch.float32

    def setup(self, method: Method, optimizer: Optimizer) -> None:
        """Move to the device and, with several processes, join gradients and batch statistics."""
        if self.world_size > 1:
            synchronise_batch_norm(method)
        self._wrapped, self._optimizer = self._fabric.setup(_Tupled(method), optimizer)

    def forward(self, views: tuple[View, ...]) -> Step:
        """One step of the method, in the chosen precision."""
        loss, representations, projections, terms, carry = self._wrapped(_Held(views))
        return Step(loss, representations, projections, terms, carry)

    def autocast(self) -> AbstractContextManager[Any]:
        """The chosen precision, for forward passes outside :meth:`forward`."""
        context: AbstractContextManager[Any] = self._fabric.autocast()
        return context

    def backward(self, loss: Tensor, *, last: bool) -> None:
        """Gradients; processes exchange them only at the `last` batch of an update."""
        with self._fabric.no_backward_sync(self._wrapped, enabled=not last):
            self._fabric.backward(loss)

    def average_gradients(self) -> None:
        """Exchange the gradients of a backward pass that did not start at :meth:`forward`."""
        if self.world_size == 1:
            return
        gradients = [p.grad for p in self._wrapped.parameters() if p.grad is not None]
        together = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(together)
        together /= self.world_size
        start = 0
        for gradient in gradients:
            mean = together[start : start + gradient.numel()]
            gradient.copy_(mean.view_as(gradient))
            start += gradient.numel()

    def update(self, learning_rate: float, *, steady: float) -> None:
        """One optimiser step at this rate, then clear the gradients.

        Args:
            learning_rate: As scheduled.
            steady: Of the parts whose rate stays at its peak.
        """
        set_rates(self._optimizer, rate=learning_rate, steady=steady)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)

    def barrier(self) -> None:
        """Wait for every process."""
        self._fabric.barrier()


def _enter(
    precision: str, function: Callable[..., Any], arguments: tuple[Any, ...], fabric: Fabric
) -> Any:
    """In a spawned process: rebuild the engine around the Fabric that was handed over."""
    engine = Engine.__new__(Engine)
    engine.precision = precision
    engine.devices = int(fabric.world_size)
    engine._fabric = fabric
    engine._wrapped = engine._optimizer = None
    return function(engine, *arguments)

"""Devices, precision and processes; the only module that uses Lightning Fabric."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, TypeVar, cast, final

import torch
from torch import Tensor, distributed, nn
from torch.optim import Optimizer

from nearfar._launchers import first_process, launched_here, launched_processes
from nearfar._platform import end_with_parent, usable_cores
from nearfar.inputs import View
from nearfar.methods._method import Method, Step
from nearfar.parallel import is_distributed, synchronize_batch_norm
from nearfar.training._devices import computes_in_bfloat16, find_device
from nearfar.training._optimizers import set_rates

__all__ = ["Engine", "asked_devices"]

T = TypeVar("T")
_PER_CORE = 4  # processes
_PRECISIONS = {"64": "64-true", "32": "32-true", "16": "16-mixed", "bf16": "bf16-mixed"}


@final
class _Opaque:
    """Views as one opaque argument, as Fabric traverses arguments and fails on frozen classes."""

    def __init__(self, views: tuple[View, ...]) -> None:
        self.views = views


class _Tupled(nn.Module):
    """The method with its step as a plain tuple, as Fabric traverses outputs and Step is frozen."""

    def __init__(self, method: Method) -> None:
        super().__init__()
        self.method = method

    def forward(self, wrapped: _Opaque) -> tuple[Any, ...]:
        step = self.method(wrapped.views)
        return step.loss, step.representations, step.projections, dict(step.terms), step.carry


@final
class Engine:
    """Runs forward and backward passes and updates, on one or several devices.

    Args:
        devices: Number of processes; 0 for those of a launcher, else one per GPU, or a single one
            without a GPU. 1 is this process alone.
        precision: ``auto``, ``bf16``, ``16``, ``32`` or ``64``.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``. A numbered GPU is the only one.

    Raises:
        ValueError: A device that this computer does not have, or more processes than it serves.

    Attributes:
        asked: The device as it was asked for, without ``auto``.
    """

    def __init__(self, *, devices: int = 0, precision: str = "auto", device: str = "auto") -> None:
        where = find_device(device)
        if precision == "auto":
            precision = "bf16" if computes_in_bfloat16(where) else "32"
        if where.type == "mps" and precision == "64":
            raise ValueError("`precision` must be auto, bf16, 16 or 32 on mps, got '64'")
        count = _processes(devices, where)
        self._under_launcher = count > 1 and launched_processes() > 1
        here = launched_here() if self._under_launcher else count
        strategy = "auto" if count == 1 else ("ddp" if self._under_launcher else "ddp_spawn")
        self.precision = precision
        self.devices = count
        self.asked = str(where)
        # only training pays for it: it imports torchmetrics, and half as long as PyTorch
        from lightning_fabric import Fabric
        from lightning_fabric.plugins.environments.lightning import LightningEnvironment

        # its start-up messages repeat what is shown already; importing it resets the level
        logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._fabric = Fabric(
                accelerator=where.type,
                devices=[where.index] if ":" in str(where) else here,
                num_nodes=count // here,
                strategy=strategy,
                # which launchers there are is decided here: an allocation's shell is none
                plugins=None if self._under_launcher else [LightningEnvironment()],
                precision=_PRECISIONS[precision],  # type: ignore[arg-type]
            )
        self._wrapped: Any = None
        self._optimizer: Any = None

    def launch(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call ``function(engine, *arguments)`` in every process; return that of the first."""
        if self.devices == 1:
            self._fabric.launch()
            return function(self, *arguments)
        # the arguments are hidden from Fabric, as in _Opaque
        work: Callable[..., Any] = partial(_enter, self.precision, function, arguments)
        return self._fabric.launch(work)

    def share(self, make: Callable[[], T]) -> T:
        """The result of `make` in the first process, in each process that a launcher started.

        Without a launcher there is one process at this time, and the others are spawned from it.

        Raises:
            Exception: That which `make` raised, in all processes.
        """
        if self.devices == 1 or not self._under_launcher:
            return make()
        made: tuple[Any, Exception | None] = (None, None)
        if first_process():  # before the processes are connected: what is measured here is alone
            try:
                made = make(), None
            except Exception as error:
                made = None, error
        self._fabric.launch()
        result, failure = self._fabric.broadcast(made)
        if failure is not None:
            raise failure
        return cast(T, result)

    @property
    def rank(self) -> int:
        """Rank of this process, from 0."""
        return int(self._fabric.global_rank)

    @property
    def world_size(self) -> int:
        """Number of processes."""
        return int(self._fabric.world_size)

    @property
    def device(self) -> torch.device:
        """Device of this process."""
        return self._fabric.device

    @property
    def exact(self) -> torch.device:
        """Where views are generated and measurements computed: this device, if it has float64."""
        return torch.device("cpu") if self.device.type == "mps" else self.device

    @property
    def dtype(self) -> torch.dtype:
        """Data type of weights and inputs; float32 for mixed precision."""
        return torch.float64 if self.precision == "64" else torch.float32

    def broadcast(self, value: Any) -> Any:
        """The first process's value, in every process."""
        return self._fabric.broadcast(value)

    def setup(self, method: Method, optimizer: Optimizer) -> None:
        """Move to the device; with several processes, set up DDP and synchronised batch-norm."""
        if self.world_size > 1:
            synchronize_batch_norm(method)
        self._wrapped, self._optimizer = self._fabric.setup(_Tupled(method), optimizer)

    def forward(self, views: tuple[View, ...]) -> Step:
        """One step of the method, in the chosen precision."""
        loss, representations, projections, terms, carry = self._wrapped(_Opaque(views))
        return Step(loss, representations, projections, terms, carry)

    def autocast(self) -> AbstractContextManager[Any]:
        """The chosen precision, for forward passes outside :meth:`forward`."""
        context: AbstractContextManager[Any] = self._fabric.autocast()
        return context

    def backward(self, loss: Tensor, *, last: bool) -> None:
        """Accumulate gradients; processes average them only at the `last` batch of an update."""
        with self._fabric.no_backward_sync(self._wrapped, enabled=not last):
            self._fabric.backward(loss)

    def average_gradients(self) -> None:
        """Average gradients over processes after a backward pass that bypassed :meth:`forward`."""
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
        """Perform one optimiser step, then clear the gradients.

        Args:
            learning_rate: Scheduled learning rate.
            steady: Learning rate of modules without decay.
        """
        set_rates(self._optimizer, rate=learning_rate, steady=steady)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)

    def any(self, answer: bool) -> bool:
        """Whether the answer of any process is True; all processes must ask."""
        if self.world_size == 1:
            return answer
        counted = torch.tensor(float(answer), device=self.device)
        distributed.all_reduce(counted)
        return bool(counted.item() > 0)

    def mean(self, values: Sequence[float]) -> list[float]:
        """The means of numbers over the processes; all processes must ask."""
        if self.world_size == 1:
            return list(values)
        together = torch.tensor(values, dtype=torch.float64, device=self.exact)
        if self.device.type == "cuda":
            together = together.to(self.device)
        distributed.all_reduce(together)
        found: list[float] = (together / self.world_size).tolist()
        return found

    def barrier(self) -> None:
        """Wait for every process."""
        self._fabric.barrier()


def asked_devices(devices: int) -> int:
    """The number of processes that a run asks for: those of a launcher, if there is one.

    Raises:
        ValueError: A launcher has started another number.
    """
    launched = launched_processes()
    if launched == 1:
        return devices
    if devices not in (0, launched):
        raise ValueError(
            f"`devices` must be the {launched} processes that a launcher has started, or left out,"
            f" got {devices}"
        )
    return launched


def _processes(devices: int, where: torch.device) -> int:
    """The number of processes: as launched or asked for, or one per GPU if no GPU is named."""
    if launched_processes() > 1 and devices != 1:
        return asked_devices(devices)
    gpus = torch.cuda.device_count() if where.type == "cuda" else 0
    named = ":" in str(where)
    most = 1 if named or where.type == "mps" else gpus
    count = devices or max(1, most)
    most = most or _PER_CORE * max(2, usable_cores())
    if count > most:
        of_what = "the number of GPUs" if gpus and not named else f"on {where}"
        if not gpus and where.type == "cpu":
            of_what = f"{_PER_CORE} for each core"
        raise ValueError(f"`devices` must be at most {most}, {of_what}, got {devices}")
    return count


def _enter(
    precision: str, function: Callable[..., Any], arguments: tuple[Any, ...], fabric: Any
) -> Any:
    """Rebuild the engine around the given Fabric in a spawned process, and call the function."""
    if launched_processes() == 1:
        end_with_parent()
    engine = Engine.__new__(Engine)
    engine.precision = precision
    engine.devices = int(fabric.world_size)
    engine.asked = fabric.device.type
    engine._fabric = fabric
    engine._wrapped = engine._optimizer = None
    found = function(engine, *arguments)
    if is_distributed():  # a process that exits with connections may be aborted by their threads
        distributed.barrier()  # no other process needs them any more
        distributed.destroy_process_group()
    return found

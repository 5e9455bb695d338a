"""Base class of streaming diagnostics, and the validation of their inputs."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import Enum
from functools import reduce
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, distributed, nn

from nearfar.checks import check_finite_rows, check_matrix, check_same_shape
from nearfar.parallel import is_distributed, world_size

__all__ = ["Better", "Diagnostic", "StreamState", "checked_pair", "checked_rows"]


class Better(Enum):
    """Direction in which a measurement improves."""

    LOWER = "lower"
    HIGHER = "higher"


class StreamState(nn.Module):
    """A module whose state are tensors of any size: they are moved, stored, copied and reset.

    They are no buffers: DistributedDataParallel would replace them by those of the first process.
    The state keeps its precision: ``half()`` and ``to(dtype)`` have no effect. On MPS, which has no
    float64, it stays on the CPU.
    """

    _initial: dict[str, Tensor]
    _device: torch.device
    _placed: bool

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        made = super().__new__(cls)
        nn.Module.__init__(made)  # also for classes whose constructor does not call it
        made._initial, made._device, made._placed = {}, torch.device("cpu"), False
        return made

    def __init__(self) -> None:  # `__new__` has initialised it
        pass

    def add_state(self, name: str, initial: Tensor) -> None:
        """Declare an attribute that is part of the state.

        Args:
            name: Name of the attribute; assign new tensors to it, of any shape.
            initial: Value before any rows, and after :meth:`reset`.
        """
        self._initial[name] = initial
        setattr(self, name, initial.to(self.device, copy=True))

    @property
    def device(self) -> torch.device:
        """Device of the state: that of the first rows, unless it was moved with ``to`` before."""
        return self._device

    def reset(self) -> None:
        """Discard all rows."""
        for name, initial in self._initial.items():
            setattr(self, name, initial.to(self.device, copy=True))
        for part in self.children():
            if isinstance(part, StreamState):
                part.reset()

    def _take_place(self, device: torch.device) -> None:
        """Move to the device of the first rows."""
        if not self._placed:
            self.to(device)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        device = fn(torch.empty(0, device=self.device)).device
        self._device = torch.device("cpu") if device.type == "mps" else device
        self._placed = True
        for name in self._initial:
            tensor: Tensor = getattr(self, name)
            changed = tensor if device.type == "mps" else fn(tensor)
            kept = changed.dtype == tensor.dtype
            setattr(self, name, changed if kept else tensor.to(self.device))
        return self

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination.update({prefix + name: getattr(self, name).clone() for name in self._initial})

    def _load_from_state_dict(
        self,
        state_dict: Mapping[str, Any],
        prefix: str,
        local_metadata: Mapping[str, Any],
        strict: bool,
        missing_keys: list[str],
        *others: list[str],
    ) -> None:
        rest = dict(state_dict)
        for name in self._initial:
            if prefix + name in rest:
                setattr(self, name, rest.pop(prefix + name).to(self.device, copy=True))
            elif strict:
                missing_keys.append(prefix + name)
        super()._load_from_state_dict(rest, prefix, local_metadata, strict, missing_keys, *others)


class Diagnostic(StreamState, ABC):
    """A label-free measurement over a stream of embeddings.

    It is used like a metric of torchmetrics. Calling it adds rows and returns the measurement on
    these rows alone; :meth:`compute` is that of all rows so far, in every precision accumulated in
    float64. It is a module: ``to(device)``, ``state_dict``, pickling and copying include the rows
    so far. :meth:`merge` is associative and commutative, so chunks and processes may be combined in
    any order; the result equals the diagnostic's function on all rows at once.

    A subclass declares its state with :meth:`add_state`.

    Attributes:
        better: Direction in which it improves; None if neither is better.
        anchors: Reference values by dimension: ``complete collapse`` is a single point,
            ``isotropic`` many uniform samples on the sphere, ``unrelated views`` two independent
            such samples.

    Example:
        >>> import torch
        >>> from nearfar.diagnostics import Alignment
        >>> measured = Alignment()
        >>> z = torch.eye(4)
        >>> of_batch = measured(z, z), measured(z, -z)
        >>> [float(value) for value in of_batch], float(measured.compute())
        ([0.0, 4.0], 2.0)
    """

    better: ClassVar[Better | None]
    anchors: ClassVar[Mapping[str, Callable[[int], float]]]

    _width: Tensor

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        made = super().__new__(cls, *args, **kwargs)
        made.add_state("_width", torch.tensor(0))
        return made

    @abstractmethod
    def update(self, *embeddings: Any, **named: Any) -> None:
        """Add rows; for diagnostics of pairs, both views."""

    @abstractmethod
    def compute(self) -> Tensor | tuple[Tensor, ...]:
        """The measurement over all rows so far."""

    @abstractmethod
    def merge(self, other: Self) -> Self:
        """A new diagnostic over the rows of both, leaving both unchanged."""

    def forward(self, *embeddings: Tensor, **named: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Add rows, and return the measurement on these rows alone.

        Args:
            embeddings: As of :meth:`update`.
            named: As of :meth:`update`.

        Raises:
            ValueError: Rows that :meth:`update` refuses, or too few for a value of their own. They
                are not added.
        """
        batch = self.empty()
        batch.update(*embeddings, **named)
        value = batch.compute()
        self.update(*embeddings, **named)
        return value

    def gather(self) -> Self:
        """A new diagnostic over the rows of all processes, the same in each of them.

        All processes must call it. In a single process it is a copy.

        Raises:
            TypeError: A diagnostic without a declared state.
        """
        if [*self._initial] == ["_width"] and not list(self.children()):
            raise TypeError(f"`{type(self).__name__}` must declare its state with `add_state`")
        if not is_distributed():
            return copy.deepcopy(self)
        states: list[Any] = [None] * world_size()
        distributed.all_gather_object(
            states, {name: value.cpu() for name, value in self.state_dict().items()}
        )
        parts = []
        for state in states:
            part = self.empty()
            part.load_state_dict(state)
            parts.append(part)
        return reduce(lambda merged, part: merged.merge(part), parts)

    def empty(self) -> Self:
        """A new diagnostic with the same settings and without rows, on the same device."""
        made = copy.deepcopy(self)
        StreamState.reset(made)  # also if a subclass has a `reset` of its own
        made.reset()
        return made

    def _joined(self, other: Diagnostic) -> Self:
        """:meth:`empty`, after checking that `other` measures the same rows in the same way.

        Raises:
            TypeError: Another diagnostic.
            ValueError: Another setting, or embeddings of another dimension.
        """
        name = type(self).__name__
        if type(other) is not type(self):
            raise TypeError(f"`other` must be a diagnostic {name}, got {other!r:.80}")
        for setting, value in vars(self).items():
            found = vars(other).get(setting)
            own = isinstance(value, (int, float)) and not setting.startswith(("_", "training"))
            if own and found != value:
                raise ValueError(f"`other` must have the same `{setting}`, {value}, got {found}")
        widths = {int(part._width) for part in (self, other)} - {0}
        if len(widths) > 1:
            raise ValueError(
                f"`other` must have rows of {int(self._width)} columns, as {name} has, got"
                f" {int(other._width)}"
            )
        merged = self.empty()
        merged._width = merged._width + max(widths, default=0)
        return merged

    def accept(self, **z: Tensor) -> tuple[Tensor, ...]:
        """More rows in float64 and detached, after checking that they continue the stream.

        Args:
            z: Matrices (samples × dim) of the same shape, by the name of their argument.

        Raises:
            TypeError: Not floating point.
            ValueError: No matrices of finite numbers, of the same shape, or with the columns and on
                the device of the rows so far.
        """
        check_matrix(min_rows=1, **z)
        width = int(self._width)
        for name, tensor in z.items():
            place = tensor.device if tensor.device.type != "mps" else torch.device("cpu")
            if width and tensor.shape[1] != width:
                raise ValueError(
                    f"`{name}` must have {width} columns, as the rows so far, got"
                    f" {tensor.shape[1]}; start again with reset()"
                )
            if self._placed and place != self.device:
                raise ValueError(
                    f"`{name}` must be on {self.device}, as {type(self).__name__} is, got"
                    f" {tensor.device}; move one of them with .to(device)"
                )
        rows = _checked(min_rows=1, **z)
        self._take_place(rows[0].device)
        if not width:
            self._width = self._width + rows[0].shape[1]
        return rows


def _exact(z: Tensor) -> Tensor:
    z = z.detach()
    return (z.cpu() if z.device.type == "mps" else z).double()  # MPS has no float64


def _checked(*, min_rows: int = 1, **z: Tensor) -> tuple[Tensor, ...]:
    check_matrix(min_rows=min_rows, **z)
    check_same_shape(**z)
    devices = {name: tensor.device for name, tensor in z.items()}
    first = next(iter(devices))
    for name, device in devices.items():
        if device != devices[first]:
            raise ValueError(
                f"`{name}` must be on the device of `{first}`, {devices[first]}, got {device}"
            )
    check_finite_rows(**z)
    return tuple(map(_exact, z.values()))


def checked_rows(z: Tensor, *, min_rows: int = 1) -> Tensor:
    """`z` detached and in float64, after checking that it is a matrix of finite numbers."""
    return _checked(min_rows=min_rows, z=z)[0]


def checked_pair(z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
    """:func:`checked_rows` for two views of the same samples."""
    z1, z2 = _checked(z1=z1, z2=z2)
    return z1, z2

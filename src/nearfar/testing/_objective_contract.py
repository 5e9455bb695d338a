"""The declared properties of an objective."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from nearfar.checks import check_choice, check_integer
from nearfar.testing._check import Contract

__all__ = ["DRAWS", "Anchor", "ObjectiveContract", "Tensors", "converted"]

Tensors = tuple[Tensor, ...]
DRAWS = 5  # number of random inputs per check


@final
@dataclass(frozen=True)
class Anchor:
    """Inputs with a known value of an objective.

    Attributes:
        inputs: Float64 input tensors of the objective.
        value: Expected value.
        num_negatives: Argument of ``Objective.chance`` in addition to the batch size.
    """

    inputs: Tensors
    value: float
    num_negatives: int = 0


@final
@dataclass(frozen=True)
class ObjectiveContract(Contract):
    """An objective and its declared properties.

    Undeclared properties are not checked, with two exceptions: an objective that couples samples
    must declare it, and a class whose ``chance`` is a number must provide inputs with that value.

    Args:
        objective: The function (with positional tensors, and all other arguments by keyword), or a
            class that is constructed with `arguments` and whose instances are called.
        inputs: Input tensors, with one entry per sample along the first axis except for
            `sample_axes` and `shared_inputs`. Floating-point inputs must be float64; the checks
            also use random ones of the same shapes. At least 4 samples.
        arguments: Keyword arguments of the function or class, and of the references.
        loss_class: The :class:`nearfar.objectives.Objective` that stores the arguments of the
            function.
        reference: A slow, straightforward implementation over NumPy arrays: ``reference(*arrays,
            **arguments)`` returns the value.
        reference_gradient: The gradient for each input in closed form, instead of finite
            differences, for an objective with internal stop-gradients.
        symmetric: Whether the value is invariant to swapping the first two inputs.
        couples_batch: Whether the value is not a mean over samples, so that several processes must
            gather their inputs first.
        unmoved_by: Transformations of all inputs under which the value is invariant: ``lengths``
            (each vector times a positive number), ``rotation`` and ``shift`` of the space.
        minimum: Lower bound of the value over all inputs.
        maximum: Upper bound of the value over all inputs.
        perfect: Inputs with a perfect solution, and their value.
        collapsed: Inputs with all samples at a single point, and their value.
        at_chance: Inputs with equal scores for all candidates, and their value, which ``chance`` of
            the class must equal.
        sample_axes: Sample axis by index of the input, for inputs whose sample axis is not the
            first.
        shared_inputs: Inputs that are not per-sample, such as a queue or prototypes.
        frozen_inputs: Inputs that receive no gradient.
        learnable: Arguments that can be a learnable scalar, such as a temperature.
        refused: Invalid arguments, each with part of the error message, in which ``.*`` matches
            anything.
        refused_inputs: Invalid inputs, each with part of the error message.
        compiles: Whether ``torch.compile`` compiles it as one graph.
        processes: With 2 or more, the objective is also run in this number of processes and
            compared with one process; all arguments must then be picklable, and the calling script
            importable.
        tolerance: Tolerance of the value against the reference and under invariances, relative and
            absolute.
        variant: Label that distinguishes several uses of one function in messages.
        skip: Names of checks to skip.

    Raises:
        TypeError: Inputs in a precision other than float64.
        ValueError: Fewer than 4 samples, an unknown transformation in `unmoved_by`, or `processes`
            below 1.

    Example:
        >>> from nearfar.objectives import alignment_loss
        >>> from nearfar.testing import check_objective
        >>> def by_hand(z1, z2, *, alpha):
        ...     u, v = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (z1, z2))
        ...     return sum(np.linalg.norm(u[i] - v[i]) ** alpha for i in range(len(u))) / len(u)
        >>> z1, z2 = torch.randn(2, 6, 4, dtype=torch.float64)
        >>> check_objective(
        ...     alignment_loss, inputs=(z1, z2), arguments={"alpha": 2}, reference=by_hand
        ... )
    """

    objective: Callable[..., Tensor] | type[nn.Module]
    _: KW_ONLY
    inputs: Tensors
    arguments: Mapping[str, Any] = field(default_factory=dict)
    loss_class: type[nn.Module] | None = None
    reference: Callable[..., float] | None = None
    reference_gradient: Callable[..., tuple[np.ndarray, ...]] | None = None
    symmetric: bool = False
    couples_batch: bool = False
    unmoved_by: Collection[str] = ()
    minimum: float = -math.inf
    maximum: float = math.inf
    perfect: Anchor | None = None
    collapsed: Anchor | None = None
    at_chance: Anchor | None = None
    sample_axes: Mapping[int, int] = field(default_factory=dict)
    shared_inputs: Collection[int] = ()
    frozen_inputs: Collection[int] = ()
    learnable: Collection[str] = ()
    refused: tuple[tuple[Mapping[str, Any], str], ...] = ()
    refused_inputs: tuple[tuple[Tensors, str], ...] = ()
    compiles: bool = False
    processes: int = 1
    tolerance: float = 1e-10
    variant: str = ""
    skip: Collection[str] = ()

    def __post_init__(self) -> None:
        check_integer(at_least=1, processes=self.processes)
        for change in self.unmoved_by:
            check_choice(("lengths", "rotation", "shift"), unmoved_by=change)
        for i, x in enumerate(self.inputs):
            if x.is_floating_point() and x.dtype != torch.float64:
                raise TypeError(f"`inputs` must be float64 or integers, got {x.dtype} at {i}")
        samples = self.batch_size(self.inputs)
        if samples < 4 or samples % self.processes:
            raise ValueError(
                "`inputs` must have 4 samples or more, a multiple of `processes`,"
                f" {self.processes}, got {samples}"
            )

    def __call__(self, *tensors: Tensor) -> Tensor:
        """The value with `arguments`."""
        return self.called_with(self.arguments, *tensors)

    @property
    def subject(self) -> str:
        """Name in messages."""
        given = [f"{name}={value}" for name, value in self.arguments.items()]
        return " ".join([self.name, *([self.variant] if self.variant else []), *given])

    @property
    def name(self) -> str:
        """The name of the function or class."""
        return str(getattr(self.objective, "__name__", type(self.objective).__name__))

    @property
    def made_class(self) -> type[nn.Module] | None:
        """The class, given either as `objective` or as `loss_class`."""
        return self.objective if isinstance(self.objective, type) else self.loss_class

    @property
    def has_class(self) -> bool:
        """Whether there is a class."""
        return self.made_class is not None

    def make(self, **arguments: Any) -> Any:
        """An instance of the class with `arguments`, overridden by those given."""
        assert self.made_class is not None
        return self.made_class(**{**self.arguments, **arguments})

    def called_with(self, arguments: Mapping[str, Any], *tensors: Tensor) -> Tensor:
        """The value with other arguments."""
        if isinstance(self.objective, type):
            value: Tensor = self.objective(**arguments)(*tensors)
            return value
        return self.objective(*tensors, **arguments)

    @property
    def matrices(self) -> bool:
        """Whether every input is a floating-point matrix, samples × dim."""
        return all(x.ndim == 2 and x.is_floating_point() for x in self.inputs)

    def drawn(self, seed: int) -> Tensors:
        """Inputs of the same shapes with random floating-point values."""
        source = torch.Generator().manual_seed(seed)
        return tuple(
            torch.randn(x.shape, generator=source, dtype=x.dtype) if x.is_floating_point() else x
            for x in self.inputs
        )

    def learnt(self, inputs: Tensors) -> list[Tensor]:
        """The inputs that receive a gradient, with ``requires_grad`` set."""
        return [
            x.requires_grad_()
            for i, x in enumerate(inputs)
            if x.is_floating_point() and i not in self.frozen_inputs
        ]

    def select(self, inputs: Tensors, samples: Tensor) -> Tensors:
        """Select samples in the given order; shared inputs are unchanged."""
        return tuple(
            x if i in self.shared_inputs else x.index_select(self.sample_axes.get(i, 0), samples)
            for i, x in enumerate(inputs)
        )

    def batch_size(self, inputs: Tensors) -> int:
        """Number of samples in the first input."""
        return inputs[0].shape[self.sample_axes.get(0, 0)]

    def gradients(self, inputs: Tensors, *, autocast: bool = False) -> list[Tensor]:
        """The value, and its gradient for every input that receives one."""
        inputs = tuple(x.detach().clone() for x in inputs)
        learnt = self.learnt(inputs)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            loss = self(*inputs)
        return [loss.detach(), *torch.autograd.grad(loss, learnt)]


def converted(inputs: Tensors, dtype: torch.dtype) -> Tensors:
    """Convert floating-point inputs to another precision."""
    return tuple(x.to(dtype) if x.is_floating_point() else x for x in inputs)

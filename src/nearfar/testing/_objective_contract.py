"""What an objective promises, as a record."""

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
DRAWS = 5  # random inputs of each check that draws them


@final
@dataclass(frozen=True)
class Anchor:
    """Inputs at which the value of an objective is known.

    Attributes:
        inputs: Float64 tensors, as the objective takes them.
        value: What it must read there.
        num_negatives: What ``Objective.chance`` takes besides the batch size.
    """

    inputs: Tensors
    value: float
    num_negatives: int = 0


@final
@dataclass(frozen=True)
class ObjectiveContract(Contract):
    """An objective and what it promises.

    What is left out is not checked, with two exceptions: an objective that couples samples must say
    so, and a class whose ``chance`` is a number must show inputs that read it.

    Args:
        objective: The function (tensors positional, everything else by keyword), or a class made
            with `arguments` whose instances are called.
        inputs: Tensors that it takes, with one entry for each sample along the first axis unless
            `sample_axes` or `shared_inputs` say otherwise; those of floating point are float64, and
            are also drawn at random in the same shapes. At least 4 samples.
        arguments: Keyword arguments of the function or class, and of the references.
        loss_class: The :class:`nearfar.objectives.Objective` that remembers the arguments of the
            function.
        reference: A slow, obvious implementation over NumPy arrays: ``reference(*arrays,
            **arguments)`` gives the value.
        reference_gradient: The gradient for each input in closed form, in the place of finite
            differences: for an objective that stops gradients itself.
        symmetric: Whether swapping the first two inputs changes nothing.
        couples_batch: Whether it is more than a mean over samples, so that several processes must
            gather before it.
        unmoved_by: Which changes of all inputs leave the value: ``lengths`` (each vector times a
            positive number), ``rotation`` and ``shift`` (of the space).
        minimum: No input reads less.
        maximum: No input reads more.
        perfect: Where nothing is left to learn.
        collapsed: Where every sample is mapped to one point.
        at_chance: Where every candidate looks alike; ``chance`` of the class must read this.
        sample_axes: By the number of the input: where its samples lie, if not along the first axis.
        shared_inputs: Inputs that belong to no sample: a queue, prototypes.
        frozen_inputs: Inputs that receive no gradient.
        learnable: Arguments that may be a learnable scalar, such as a temperature.
        refused: Arguments that must be refused, each with words of the message, in which ``.*``
            stands for anything.
        refused_inputs: Inputs that must be refused, each with words of the message.
        compiles: Whether ``torch.compile`` takes it as one graph.
        processes: With 2 or more, also compare so many processes with one; everything handed over
            must then be picklable, and the calling script importable.
        tolerance: Of the value against the reference and under invariances, relative and absolute.
        variant: A word that tells several uses of one function apart in messages.
        skip: Names of checks to leave out.

    Raises:
        TypeError: Inputs in another precision than float64.
        ValueError: Fewer than 4 samples, an unknown change in `unmoved_by`, or no process.

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
                raise TypeError(f"`inputs` must be float64 or whole numbers, got {x.dtype} at {i}")
        samples = self.batch_size(self.inputs)
        if samples < 4 or samples % self.processes:
            raise ValueError(
                "`inputs` must hold 4 samples or more, a multiple of `processes`,"
                f" {self.processes}, got {samples}"
            )

    def __call__(self, *tensors: Tensor) -> Tensor:
        """The value with `arguments`."""
        return self.called_with(self.arguments, *tensors)

    @property
    def subject(self) -> str:
        """How messages call it."""
        given = [f"{name}={value}" for name, value in self.arguments.items()]
        return " ".join([self.name, *([self.variant] if self.variant else []), *given])

    @property
    def name(self) -> str:
        """The name of the function or class."""
        return str(getattr(self.objective, "__name__", type(self.objective).__name__))

    @property
    def made_class(self) -> type[nn.Module] | None:
        """The class, whichever way it was handed over."""
        return self.objective if isinstance(self.objective, type) else self.loss_class

    @property
    def has_class(self) -> bool:
        """Whether there is a class."""
        return self.made_class is not None

    def make(self, **arguments: Any) -> Any:
        """An instance of the class, with `arguments` but for those given."""
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
        """Inputs of the same shapes, with other numbers of floating point."""
        source = torch.Generator().manual_seed(seed)
        return tuple(
            torch.randn(x.shape, generator=source, dtype=x.dtype) if x.is_floating_point() else x
            for x in self.inputs
        )

    def learnt(self, inputs: Tensors) -> list[Tensor]:
        """The inputs that get a gradient, made to record it."""
        return [
            x.requires_grad_()
            for i, x in enumerate(inputs)
            if x.is_floating_point() and i not in self.frozen_inputs
        ]

    def select(self, inputs: Tensors, samples: Tensor) -> Tensors:
        """Some of the samples, in the order given; what belongs to no sample stays whole."""
        return tuple(
            x if i in self.shared_inputs else x.index_select(self.sample_axes.get(i, 0), samples)
            for i, x in enumerate(inputs)
        )

    def batch_size(self, inputs: Tensors) -> int:
        """Samples in the first input."""
        return inputs[0].shape[self.sample_axes.get(0, 0)]

    def gradients(self, inputs: Tensors, *, autocast: bool = False) -> list[Tensor]:
        """The value, and its gradient for every input that gets one."""
        inputs = tuple(x.detach().clone() for x in inputs)
        learnt = self.learnt(inputs)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            loss = self(*inputs)
        return [loss.detach(), *torch.autograd.grad(loss, learnt)]


def converted(inputs: Tensors, dtype: torch.dtype) -> Tensors:
    """Inputs of floating point in another precision."""
    return tuple(x.to(dtype) if x.is_floating_point() else x for x in inputs)

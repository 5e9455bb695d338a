"""The record of one way to use an objective, and the worlds that many records share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nearfar import objectives
from nearfar.objectives import Objective

Tensors = tuple[Tensor, ...]


@dataclass(frozen=True)
class Anchor:
    """A world with a known reading: what the docstring's Scale line promises.

    Attributes:
        world: The inputs.
        value: What the objective reads.
        num_negatives: What the class's ``chance`` must be told beside the batch size.
    """

    world: Tensors
    value: float
    num_negatives: int = 0


@dataclass(frozen=True)
class ObjectiveCase:
    """What the contract tests must know of an objective.

    Attributes:
        name: The function's, in ``nearfar.objectives``.
        make: Its class with `arguments`; None for a term, which has no class.
        inputs: Float64 tensors with one entry per sample along the first axis, unless one of the
            fields below says otherwise. Integers and booleans are passed on as they are.
        reference: The slow function over NumPy arrays.
        reference_gradient: The gradient for every input in closed form, where finite differences
            would not show it (a loss that stops gradients itself).
        arguments: Keyword arguments of function and reference.
        variant: A word that tells cases of one function apart.
        matrices: Every input is a floating-point matrix, samples × dim; the first two alike.
            Without it the general tests of refused shapes are left to `refused_inputs`.
        sample_axes: Where an input's samples lie, if not along the first axis.
        shared_inputs: Inputs that belong to no sample: a bank, prototypes.
        frozen_inputs: Inputs that get no gradient.
        symmetric: Swapping the first two inputs changes nothing.
        couples_batch: Not a mean over samples, so shards must be gathered.
        unmoved_by: Which changes of all inputs leave the value: lengths, rotation, shift.
        minimum: No input reads less.
        maximum: No input reads more.
        perfect: Where nothing is left to learn.
        collapsed: Where every sample is mapped to one point.
        at_chance: Where every candidate looks alike, if there are candidates.
        num_negatives: Rows of the bank in `inputs`.
        refused: Arguments that raise, each with words of the message.
        refused_inputs: Inputs that raise, each with words of the message.
    """

    name: str
    inputs: Tensors
    reference: Callable[..., float]
    perfect: Anchor
    collapsed: Anchor
    minimum: float
    maximum: float = math.inf
    make: Callable[[], Objective] | None = None
    reference_gradient: Callable[..., tuple[np.ndarray, ...]] | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    variant: str = ""
    matrices: bool = True
    sample_axes: Mapping[int, int] = field(default_factory=dict)
    shared_inputs: frozenset[int] = frozenset()
    frozen_inputs: frozenset[int] = frozenset()
    symmetric: bool = False
    couples_batch: bool = False
    unmoved_by: frozenset[str] = frozenset()
    at_chance: Anchor | None = None
    num_negatives: int = 0
    refused: tuple[tuple[dict[str, Any], str], ...] = ()
    refused_inputs: tuple[tuple[Tensors, str], ...] = ()

    def __call__(self, *tensors: Tensor) -> Tensor:
        function = getattr(objectives, self.name)
        value: Tensor = function(*tensors, **self.arguments)
        return value

    def __str__(self) -> str:
        given = [f"{k}={v}" for k, v in self.arguments.items()]
        return " ".join([self.name, *([self.variant] if self.variant else []), *given])

    def drawn(self, seed: int) -> Tensors:
        """Inputs of the same shapes with every floating-point number drawn anew."""
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


def rows(*counts: int, dim: int = 5) -> Tensors:
    source = torch.Generator().manual_seed(0)
    return tuple(torch.randn(n, dim, generator=source, dtype=torch.float64) for n in counts)


def constant(*counts: int) -> Tensors:
    """Every sample at one point."""
    return tuple(torch.tensor([[0.6, 0.8]], dtype=torch.float64).repeat(n, 1) for n in counts)


def normal(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def alike(*shape: int) -> Tensor:
    """One vector at every place."""
    return constant(1)[0].expand(*shape, 2).contiguous()


AXES = torch.eye(8, dtype=torch.float64)
CROSS = torch.cat([AXES[:2], -AXES[:2]])  # four points, as uniform on the circle as can be
OPPOSITE = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64)
SPREAD = torch.tensor([[1, 1], [1, -1], [-1, 1], [-1, -1]], dtype=torch.float64)
SPHERE = frozenset({"lengths", "rotation"})
TEMPERATURES = (
    ({"temperature": 0.0}, "`temperature` must be a finite number above 0, got 0.0"),
    ({"temperature": -0.1}, "`temperature` must be a finite number above 0, got -0.1"),
    ({"temperature": math.inf}, "`temperature` must be a finite number above 0, got inf"),
    ({"temperature": torch.ones(2)}, "`temperature` must be a number .* of shape (2,)"),
)

"""One record per way to use an objective; the contract tests are made from this list."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from nearfar import objectives
from nearfar.objectives import (
    AlignmentLoss,
    BYOLLoss,
    InfoNCELoss,
    NTXentLoss,
    Objective,
    UniformityLoss,
    VICRegLoss,
)
from tests.references import alignment, byol, info_nce, nt_xent, uniformity, vicreg

Tensors = tuple[Tensor, ...]


@dataclass(frozen=True)
class Anchor:
    """A world with a known reading: what the docstring's Scale line promises."""

    world: Tensors
    value: float


@dataclass(frozen=True)
class ObjectiveCase:
    """What the contract tests must know of an objective.

    Attributes:
        name: The function's, in ``nearfar.objectives``.
        make: Its class with `arguments`; None for a term, which has no class.
        inputs: Float64 tensors, one row per sample.
        reference: The slow function over NumPy arrays.
        arguments: Keyword arguments of function and reference.
        symmetric: Swapping the two views changes nothing.
        couples_batch: Not a mean over samples, so shards must be gathered.
        unmoved_by: Which changes of all inputs leave the value: lengths, rotation, shift.
        minimum: No input reads less.
        maximum: No input reads more.
        perfect: Where nothing is left to learn.
        collapsed: Where every sample is mapped to one point.
        at_chance: Where every candidate looks alike, if there are candidates.
        num_negatives: Rows of the bank in `inputs`.
        refused: Arguments that raise, each with words of the message.
    """

    name: str
    inputs: Tensors
    reference: Callable[..., float]
    perfect: Anchor
    collapsed: Anchor
    minimum: float
    maximum: float = math.inf
    make: Callable[[], Objective] | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    symmetric: bool = False
    couples_batch: bool = False
    unmoved_by: frozenset[str] = frozenset()
    at_chance: Anchor | None = None
    num_negatives: int = 0
    refused: tuple[tuple[dict[str, Any], str], ...] = ()

    def __call__(self, *tensors: Tensor) -> Tensor:
        function = getattr(objectives, self.name)
        value: Tensor = function(*tensors, **self.arguments)
        return value

    def __str__(self) -> str:
        given = [f"{k}={v}" for k, v in self.arguments.items()]
        bank = ["bank"] if self.num_negatives else []
        wide = ["wide"] if self.inputs[0].shape[0] < self.inputs[0].shape[1] else []
        return " ".join([self.name, *bank, *wide, *given])


def rows(*counts: int, dim: int = 5) -> Tensors:
    source = torch.Generator().manual_seed(0)
    return tuple(torch.randn(n, dim, generator=source, dtype=torch.float64) for n in counts)


def constant(*counts: int) -> Tensors:
    """Every sample at one point."""
    return tuple(torch.tensor([[0.6, 0.8]], dtype=torch.float64).repeat(n, 1) for n in counts)


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


def nt_xent_case(temperature: float) -> ObjectiveCase:
    return ObjectiveCase(
        "nt_xent_loss",
        make=lambda: NTXentLoss(temperature=temperature),
        arguments={"temperature": temperature},
        inputs=rows(6, 6),
        reference=nt_xent.nt_xent,
        symmetric=True,
        couples_batch=True,
        unmoved_by=SPHERE,
        minimum=0.0,
        maximum=math.log1p(10 * math.exp(2 / temperature)),
        perfect=Anchor((OPPOSITE, OPPOSITE), math.log1p(2 * math.exp(-2 / temperature))),
        collapsed=Anchor(constant(6, 6), math.log(11)),
        at_chance=Anchor((AXES[:4], AXES[4:]), math.log(7)),
        refused=TEMPERATURES,
    )


def info_nce_case(temperature: float) -> ObjectiveCase:
    return ObjectiveCase(
        "info_nce_loss",
        make=lambda: InfoNCELoss(temperature=temperature),
        arguments={"temperature": temperature},
        inputs=rows(6, 6),
        reference=info_nce.info_nce,
        couples_batch=True,
        unmoved_by=SPHERE,
        minimum=0.0,
        maximum=math.log1p(5 * math.exp(2 / temperature)),
        perfect=Anchor((OPPOSITE, OPPOSITE), math.log1p(math.exp(-2 / temperature))),
        collapsed=Anchor(constant(6, 6), math.log(6)),
        at_chance=Anchor((AXES[:4], AXES[4:]), math.log(4)),
        refused=TEMPERATURES,
    )


def info_nce_bank_case(temperature: float) -> ObjectiveCase:
    return ObjectiveCase(
        "info_nce_loss",
        make=lambda: InfoNCELoss(temperature=temperature),
        arguments={"temperature": temperature},
        inputs=rows(6, 6, 9),
        reference=info_nce.info_nce,
        unmoved_by=SPHERE,
        minimum=0.0,
        maximum=math.log1p(9 * math.exp(2 / temperature)),
        perfect=Anchor(
            (OPPOSITE[:1], OPPOSITE[:1], OPPOSITE[1:]), math.log1p(math.exp(-2 / temperature))
        ),
        collapsed=Anchor(constant(6, 6, 9), math.log(10)),
        at_chance=Anchor((AXES[:3], AXES[3:6], AXES[6:]), math.log(3)),
        num_negatives=9,
        refused=TEMPERATURES,
    )


def alignment_case(alpha: float) -> ObjectiveCase:
    return ObjectiveCase(
        "alignment_loss",
        make=lambda: AlignmentLoss(alpha=alpha),
        arguments={"alpha": alpha},
        inputs=rows(6, 6),
        reference=alignment.alignment,
        symmetric=True,
        unmoved_by=SPHERE,
        minimum=0.0,
        maximum=2**alpha,
        perfect=Anchor((AXES, AXES), 0.0),
        collapsed=Anchor(constant(6, 6), 0.0),
        refused=(({"alpha": 0.0}, "`alpha` must be a finite number above 0, got 0.0"),),
    )


def uniformity_case(t: float, *, include_self: bool) -> ObjectiveCase:
    near, far, same = 2 * math.exp(-2 * t), math.exp(-4 * t), float(include_self)
    return ObjectiveCase(
        "uniformity_loss",
        make=lambda: UniformityLoss(t=t, include_self=include_self),
        arguments={"t": t, "include_self": include_self},
        inputs=rows(6),
        reference=uniformity.uniformity,
        couples_batch=True,
        unmoved_by=SPHERE,
        minimum=-4 * t,
        maximum=0.0,
        perfect=Anchor((CROSS,), math.log((near + far + same) / (3 + same))),
        collapsed=Anchor(constant(6), 0.0),
        refused=(({"t": -1.0}, "`t` must be a finite number above 0, got -1.0"),),
    )


def vicreg_case(**weights: float) -> ObjectiveCase:
    variance_weight = weights.get("variance_weight", 25.0)
    return ObjectiveCase(
        "vicreg_loss",
        make=lambda: VICRegLoss(**weights),
        arguments=weights,
        inputs=rows(6, 6),
        reference=vicreg.vicreg,
        symmetric=True,
        couples_batch=True,
        unmoved_by=frozenset({"shift"}),
        minimum=0.0,
        perfect=Anchor((SPREAD, SPREAD), 0.0),
        collapsed=Anchor(constant(6, 6), 1.98 * variance_weight),
        refused=(
            ({"invariance_weight": -1.0}, "`invariance_weight` must be .* 0 or above, got -1.0"),
            ({"covariance_weight": math.nan}, "`covariance_weight` must be .* got nan"),
        ),
    )


OBJECTIVE_CASES = [
    nt_xent_case(0.5),
    nt_xent_case(0.05),
    info_nce_case(0.5),
    info_nce_bank_case(0.07),
    alignment_case(2.0),
    alignment_case(1.0),
    alignment_case(0.5),
    uniformity_case(2.0, include_self=False),
    uniformity_case(3.0, include_self=True),
    ObjectiveCase(
        "byol_loss",
        make=BYOLLoss,
        inputs=rows(6, 6),
        reference=byol.byol,
        symmetric=True,
        unmoved_by=SPHERE,
        minimum=0.0,
        maximum=4.0,
        perfect=Anchor((AXES, 3 * AXES), 0.0),
        collapsed=Anchor(constant(6, 6), 0.0),
    ),
    vicreg_case(),
    vicreg_case(invariance_weight=2.0, variance_weight=3.0, covariance_weight=5.0),
    ObjectiveCase(
        "invariance_term",
        inputs=rows(6, 6),
        reference=vicreg.invariance,
        symmetric=True,
        unmoved_by=frozenset({"rotation", "shift"}),
        minimum=0.0,
        perfect=Anchor((SPREAD, SPREAD), 0.0),
        collapsed=Anchor(constant(6, 6), 0.0),
    ),
    ObjectiveCase(
        "variance_term",
        inputs=rows(6),
        reference=vicreg.variance,
        couples_batch=True,
        unmoved_by=frozenset({"shift"}),
        minimum=0.0,
        maximum=0.99,
        perfect=Anchor((SPREAD,), 0.0),
        collapsed=Anchor(constant(6), 0.99),
    ),
    ObjectiveCase(
        "covariance_term",
        inputs=rows(6),
        reference=vicreg.covariance,
        couples_batch=True,
        unmoved_by=frozenset({"shift"}),
        minimum=0.0,
        perfect=Anchor((SPREAD,), 0.0),
        collapsed=Anchor(constant(6), 0.0),
    ),
    ObjectiveCase(  # fewer samples than dimensions: the other Gram matrix
        "covariance_term",
        inputs=rows(4, dim=7),
        reference=vicreg.covariance,
        couples_batch=True,
        unmoved_by=frozenset({"shift"}),
        minimum=0.0,
        perfect=Anchor((torch.cat([AXES[:1], -AXES[:1]]),), 0.0),
        collapsed=Anchor((AXES[:1].repeat(4, 1),), 0.0),
    ),
]

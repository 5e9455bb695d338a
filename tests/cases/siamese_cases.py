"""Objectives of siamese networks; see objective_case.py."""

from __future__ import annotations

import math

import torch

from nearfar.objectives import (
    AlignmentUniformityLoss,
    BarlowTwinsLoss,
    CenterLoss,
    ContrastiveLoss,
    DecorrelationLoss,
    ExtraGradientLoss,
    ForwardPredictiveLoss,
    InversePredictiveLoss,
    MultiViewLoss,
    NegativeCosineLoss,
    ResidualLoss,
    SwappedPredictionLoss,
    alignment_uniformity_loss,
    barlow_twins_loss,
    center_loss,
    contrastive_loss,
    decorrelation_loss,
    extra_gradient_loss,
    forward_predictive_loss,
    inverse_predictive_loss,
    multi_view_loss,
    negative_cosine_loss,
    residual_loss,
    swapped_prediction_loss,
)
from nearfar.testing import Anchor
from nearfar.testing._objective_contract import ObjectiveContract
from tests.cases.objective_case import (
    AXES,
    CROSS,
    OPPOSITE,
    SPHERE,
    SPREAD,
    TEMPERATURES,
    constant,
    normal,
    rows,
)
from tests.references import (
    alignment_uniformity,
    barlow_twins,
    center_residual_losses,
    contrastive,
    decorrelation,
    extra_gradient,
    multi_view,
    negative_cosine,
    predictive,
    swapped_prediction,
)

ROUNDING = 1e-6
MIRRORED = torch.tensor([[1.0, 0.0], [-0.28, 0.96]], dtype=torch.float64)  # at (0.6, 0.8)


def contrastive_case(temperature: float) -> ObjectiveContract:
    return ObjectiveContract(
        contrastive_loss,
        loss_class=ContrastiveLoss,
        learnable=("temperature",),
        arguments={"temperature": temperature},
        inputs=rows(6, 6),
        reference=contrastive.contrastive,
        symmetric=True,
        couples_batch=True,
        unmoved_by=SPHERE,
        minimum=0.0,
        maximum=math.log1p(5 * math.exp(2 / temperature)),
        perfect=Anchor((OPPOSITE, OPPOSITE), math.log1p(math.exp(-2 / temperature))),
        collapsed=Anchor(constant(6, 6), math.log(6)),
        at_chance=Anchor((AXES[:4], AXES[4:]), math.log(4)),
        refused=TEMPERATURES,
    )


def contrastive_bank_case(temperature: float) -> ObjectiveContract:
    return ObjectiveContract(
        contrastive_loss,
        variant="bank",
        loss_class=ContrastiveLoss,
        learnable=("temperature",),
        arguments={"temperature": temperature},
        inputs=rows(6, 6, 9),
        shared_inputs=frozenset({2}),
        reference=contrastive.contrastive,
        unmoved_by=SPHERE,
        minimum=0.0,
        maximum=math.log1p(9 * math.exp(2 / temperature)),
        perfect=Anchor(
            (OPPOSITE[:1], OPPOSITE[:1], OPPOSITE[1:]), math.log1p(math.exp(-2 / temperature))
        ),
        collapsed=Anchor(constant(6, 6, 9), math.log(10)),
        at_chance=Anchor((AXES[:3], AXES[3:6], AXES[6:]), math.log(3), num_negatives=2),
        refused=TEMPERATURES,
        refused_inputs=(
            (rows(6, 6)[:2] + rows(9, dim=4), "`negatives` must have the columns of .*, 5, got 4"),
        ),
    )


def contrastive_own_negatives_case(temperature: float) -> ObjectiveContract:
    z1, z2, negatives = rows(6, 6, 42)
    return ObjectiveContract(
        contrastive_loss,
        variant="own negatives",
        loss_class=ContrastiveLoss,
        learnable=("temperature",),
        arguments={"temperature": temperature},
        inputs=(z1, z2, negatives.view(6, 7, 5)),
        reference=contrastive.contrastive,
        unmoved_by=SPHERE,
        minimum=0.0,
        maximum=math.log1p(7 * math.exp(2 / temperature)),
        perfect=Anchor(
            (OPPOSITE, OPPOSITE, -OPPOSITE[:, None]), math.log1p(math.exp(-2 / temperature))
        ),
        collapsed=Anchor((*constant(6, 6), constant(42)[0].view(6, 7, 2)), math.log(8)),
        at_chance=Anchor(
            (AXES[:2], AXES[2:4], AXES[4:].view(2, 2, 8)), math.log(3), num_negatives=2
        ),
        refused=TEMPERATURES,
        refused_inputs=(
            ((z1, z2, negatives[:35].view(5, 7, 5)), "`negatives` must have a matrix of 5 columns"),
            ((z1, z2[:5]), "`z2` must have the shape of `z1`, (6, 5), got (5, 5)"),
        ),
    )


def alignment_uniformity_case(**arguments: float) -> ObjectiveContract:
    t, weight = arguments.get("t", 2.0), arguments.get("uniformity_weight", 1.0)
    spread = math.log((2 * math.exp(-2 * t) + math.exp(-4 * t)) / 3)
    return ObjectiveContract(
        alignment_uniformity_loss,
        loss_class=AlignmentUniformityLoss,
        arguments=arguments,
        inputs=rows(6, 6),
        reference=alignment_uniformity.alignment_uniformity,
        symmetric=True,
        couples_batch=True,
        unmoved_by=SPHERE,
        minimum=-4 * t * weight,
        maximum=arguments.get("alignment_weight", 1.0) * 2 ** arguments.get("alpha", 2.0),
        perfect=Anchor((CROSS, CROSS), weight * spread),
        collapsed=Anchor(constant(6, 6), 0.0),
        refused=(
            ({"alpha": 0.0}, "`alpha` must be a finite number above 0, got 0.0"),
            ({"t": -1.0}, "`t` must be a finite number above 0, got -1.0"),
            ({"alignment_weight": -1.0}, "`alignment_weight` must be .* 0 or above, got -1.0"),
            ({"uniformity_weight": math.nan}, "`uniformity_weight` must be .* got nan"),
        ),
    )


def multi_view_case(**weights: float) -> ObjectiveContract:
    temperature = 0.5
    alone = not weights
    size = 2 if alone else 6  # views; with reconstructions, signals, and representations
    kept = weights.get("contrastive_weight", 1.0)
    near = kept * math.log1p(math.exp(-2 / temperature))
    return ObjectiveContract(
        multi_view_loss,
        loss_class=MultiViewLoss,
        learnable=("temperature",),
        arguments={"temperature": temperature, **weights},
        inputs=rows(*(6,) * size),
        reference=multi_view.multi_view,
        couples_batch=True,
        unmoved_by=SPHERE if alone else frozenset({"rotation"}),
        minimum=0.0,
        perfect=Anchor((OPPOSITE,) * size, near),
        collapsed=Anchor(constant(*(6,) * size), kept * math.log(6)),
        at_chance=Anchor((AXES[:4], AXES[4:]), math.log(4)) if alone else None,
        refused=(
            *TEMPERATURES,
            ({"contrastive_weight": -1.0}, "`contrastive_weight` must be .* 0 or above, got -1.0"),
            ({"forward_weight": math.nan}, "`forward_weight` must be .* got nan"),
            ({"inverse_weight": math.inf}, "`inverse_weight` must be .* got inf"),
        ),
        refused_inputs=(
            (
                rows(6, 6, 6),
                "`reconstructions` and `signals` must be given together",
            ),
            (rows(6, 6, 6, 6, 6), "`h1` and `h2` must be given together"),
            (rows(6, 6, 6, 6, 6, 5), "`h2` must have the shape of `h1`, (6, 5), got (5, 5)"),
            (rows(6, 6, 6, 5), "`signals` must have the shape of `reconstructions`, (6, 5)"),
        ),
    )


def barlow_twins_case(
    variant: str, weight: float, *shape: int, invariance: float = 1.0
) -> ObjectiveContract:
    samples, dim = shape
    return ObjectiveContract(
        barlow_twins_loss,
        variant=variant,
        loss_class=BarlowTwinsLoss,
        arguments={"off_diagonal_weight": weight, "invariance_weight": invariance},
        inputs=rows(samples, samples, dim=dim),
        reference=barlow_twins.barlow_twins,
        symmetric=True,
        couples_batch=True,
        unmoved_by=frozenset({"shift"}),
        minimum=-ROUNDING,
        maximum=4 * invariance * dim + weight * dim * (dim - 1),
        perfect=Anchor((SPREAD, SPREAD), 2 * invariance * (1 - 1 / (1 + 1e-5)) ** 2),
        collapsed=Anchor((AXES[:1].repeat(samples, 1),) * 2, 8.0 * invariance),
        refused=(
            ({"off_diagonal_weight": -1.0}, "`off_diagonal_weight` must be .* above, got -1.0"),
            ({"invariance_weight": -1.0}, "`invariance_weight` must be .* above, got -1.0"),
        ),
    )


def swapped_prediction_case(variant: str, **arguments: float) -> ObjectiveContract:
    temperature, epsilon = arguments["temperature"], arguments.get("epsilon", 0.05)
    shared_out = arguments.get("iterations", 3) > 0
    cropped = variant == "queue and small crops"
    queues, crops = (2, 3) if cropped else (0, 0)
    wrong = 1 / (1 + math.exp(2 / epsilon))  # the other prototype's share of a code
    near = math.log1p(math.exp(-2 / temperature)) + wrong * 2 / temperature
    z1, z2, prototypes, *earlier = rows(6, 6, 4, *(5,) * queues)
    small = (normal(crops, 6, 5),) if crops else ()

    def several(world: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (world.expand(crops, *world.shape).contiguous(),) if crops else ()

    return ObjectiveContract(
        swapped_prediction_loss,
        variant=variant,
        loss_class=SwappedPredictionLoss,
        learnable=("temperature",),
        arguments=arguments,
        inputs=(z1, z2, prototypes, *earlier, *small),
        shared_inputs=frozenset({2, 3, 4}) if cropped else frozenset({2}),
        frozen_inputs=frozenset({3, 4}) if cropped else frozenset(),
        sample_axes={5: 1} if cropped else {},
        reference=swapped_prediction.swapped_prediction,
        reference_gradient=swapped_prediction.swapped_prediction_gradient,
        symmetric=not cropped,
        couples_batch=shared_out,
        unmoved_by=SPHERE,
        minimum=0.0,
        maximum=math.log(4) + 2 / temperature,
        perfect=Anchor((OPPOSITE,) * (3 + queues) + several(OPPOSITE), near),
        collapsed=Anchor(
            (*constant(6, 6), MIRRORED, *constant(5, 5)[:queues], *several(constant(6)[0])),
            math.log(2),
        ),
        at_chance=Anchor(
            (AXES[:2], AXES[2:4], AXES[4:], *(AXES[:4],) * queues, *several(AXES[:2])),
            math.log(4),
            num_negatives=3,
        ),
        refused=(
            *TEMPERATURES,
            ({"epsilon": 0.0}, "`epsilon` must be a finite number above 0, got 0.0"),
            ({"iterations": -1}, "`iterations` must be a whole number of 0 or more, got -1"),
        ),
        refused_inputs=(
            (rows(6, 6) + rows(4, dim=3), "`prototypes` must have the columns of `z1`, 5, got 3"),
            ((z1, z2, prototypes[0]), "`prototypes` must be a matrix"),
            (
                (z1, z2, prototypes, z1),
                "`queue1` and `queue2` must be given together",
            ),
            (
                (z1, z2, prototypes, z1, z1[:, :4]),
                "`queue2` must have the columns of `z1`, 5, got 4",
            ),
            ((z1, z2, prototypes, z1, z1, z1), "`small` must have the axes crops × batch × dim"),
            (
                (z1, z2, prototypes, z1, z1, z1[None, 1:]),
                "`small` must have the rows and columns of `z1`, (6, 5), in each crop, got",
            ),
            *([((z1[:1], z2[:1], prototypes), "`z1` needs at least 2 rows")] if shared_out else []),
        ),
    )


def extra_gradient_case(*, keep_center: bool, keep_residual: bool) -> ObjectiveContract:
    arguments = {"keep_center": keep_center, "keep_residual": keep_residual}
    return ObjectiveContract(
        extra_gradient_loss,
        loss_class=ExtraGradientLoss,
        arguments=arguments,
        inputs=rows(6, 6, 6),
        frozen_inputs=frozenset({1, 2}),
        reference=extra_gradient.extra_gradient,
        reference_gradient=extra_gradient.extra_gradient_gradient,
        couples_batch=keep_center != keep_residual,
        unmoved_by=frozenset({"rotation"}),
        minimum=-math.inf,
        perfect=Anchor((OPPOSITE, OPPOSITE, 0 * OPPOSITE), -1.0),
        collapsed=Anchor(constant(6, 6, 6), -2.0 if keep_center else -1.0),
    )


SIAMESE_CASES = [
    contrastive_case(0.5),
    contrastive_case(0.07),
    contrastive_bank_case(0.1),
    contrastive_own_negatives_case(0.1),
    alignment_uniformity_case(),
    alignment_uniformity_case(alpha=1.0, t=3.0, alignment_weight=0.75, uniformity_weight=0.5),
    ObjectiveContract(
        forward_predictive_loss,
        loss_class=ForwardPredictiveLoss,
        inputs=tuple(x.view(6, 2, 5) for x in rows(12, 12)),
        reference=predictive.forward_predictive,
        symmetric=True,
        unmoved_by=frozenset({"rotation", "shift"}),
        minimum=0.0,
        perfect=Anchor((SPREAD, SPREAD), 0.0),
        collapsed=Anchor((0 * SPREAD, SPREAD), 2.0),
        refused_inputs=(
            (rows(6, 5), "`signals` must have the shape of `reconstructions`, (6, 5), got (5, 5)"),
            ((torch.ones(3, 2).long(),) * 2, "`reconstructions` must be floating point, got"),
            ((torch.ones(0, 2),) * 2, "`reconstructions` needs at least 1 sample, got shape (0,"),
        ),
    ),
    ObjectiveContract(
        inverse_predictive_loss,
        loss_class=InversePredictiveLoss,
        inputs=rows(6, 6),
        reference=predictive.inverse_predictive,
        symmetric=True,
        unmoved_by=frozenset({"rotation", "shift"}),
        minimum=0.0,
        perfect=Anchor((SPREAD, SPREAD), 0.0),
        collapsed=Anchor(constant(6, 6), 0.0),
    ),
    multi_view_case(),
    multi_view_case(contrastive_weight=0.5, forward_weight=0.25, inverse_weight=0.125),
    ObjectiveContract(
        negative_cosine_loss,
        loss_class=NegativeCosineLoss,
        inputs=rows(6, 6),
        reference=negative_cosine.negative_cosine,
        symmetric=True,
        unmoved_by=SPHERE,
        minimum=-1.0 - ROUNDING,
        maximum=1.0,
        perfect=Anchor((AXES, 3 * AXES), -1.0),
        collapsed=Anchor(constant(6, 6), -1.0),
    ),
    barlow_twins_case("", 0.005, 6, 5),
    barlow_twins_case("wide", 0.5, 4, 7),
    barlow_twins_case("redundancy alone", 0.5, 6, 5, invariance=0.0),
    swapped_prediction_case("", temperature=0.1),
    swapped_prediction_case("queue and small crops", temperature=0.5, epsilon=0.1, iterations=5),
    swapped_prediction_case("", temperature=0.1, iterations=0),
    ObjectiveContract(
        center_loss,
        loss_class=CenterLoss,
        inputs=rows(6),
        reference=center_residual_losses.center,
        reference_gradient=center_residual_losses.center_gradient,
        couples_batch=True,
        unmoved_by=SPHERE,
        minimum=-1.0 - ROUNDING,
        maximum=0.0,
        perfect=Anchor((CROSS,), 0.0),
        collapsed=Anchor(constant(6), -1.0),
    ),
    ObjectiveContract(
        residual_loss,
        loss_class=ResidualLoss,
        inputs=rows(6),
        reference=center_residual_losses.residual,
        reference_gradient=center_residual_losses.residual_gradient,
        couples_batch=True,
        unmoved_by=SPHERE,
        minimum=-1.0 - ROUNDING,
        maximum=0.0,
        perfect=Anchor((CROSS,), -1.0),
        collapsed=Anchor(constant(6), 0.0),
    ),
    ObjectiveContract(
        decorrelation_loss,
        loss_class=DecorrelationLoss,
        inputs=rows(6),
        reference=decorrelation.decorrelation,
        couples_batch=True,
        unmoved_by=frozenset({"lengths"}),
        minimum=0.0,
        maximum=4 / 25 * (6 / 5) ** 2,
        perfect=Anchor((CROSS,), 0.0),
        collapsed=Anchor(constant(6), 0.0),
    ),
    *(
        extra_gradient_case(keep_center=center, keep_residual=residual)
        for center in (True, False)
        for residual in (True, False)
    ),
]

"""One record per way to use an objective; the contract tests are made from this list."""

from __future__ import annotations

import math

import torch

from nearfar.objectives import (
    AlignmentLoss,
    BYOLLoss,
    InfoNCELoss,
    NTXentLoss,
    UniformityLoss,
    VICRegLoss,
    alignment_loss,
    byol_loss,
    covariance_term,
    info_nce_loss,
    invariance_term,
    nt_xent_loss,
    uniformity_loss,
    variance_term,
    vicreg_loss,
)
from nearfar.testing import Anchor
from nearfar.testing._objective_contract import ObjectiveContract
from tests.cases.amdim_cases import AMDIM_CASES
from tests.cases.location_cases import LOCATION_CASES
from tests.cases.objective_case import (
    AXES,
    CROSS,
    OPPOSITE,
    SPHERE,
    SPREAD,
    TEMPERATURES,
    constant,
    rows,
)
from tests.cases.score_cases import SCORE_CASES
from tests.cases.siamese_cases import SIAMESE_CASES
from tests.references import alignment, byol, info_nce, nt_xent, uniformity, vicreg


def nt_xent_case(temperature: float) -> ObjectiveContract:
    return ObjectiveContract(
        nt_xent_loss,
        loss_class=NTXentLoss,
        learnable=("temperature",),
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


def info_nce_case(temperature: float) -> ObjectiveContract:
    return ObjectiveContract(
        info_nce_loss,
        loss_class=InfoNCELoss,
        learnable=("temperature",),
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


def info_nce_bank_case(temperature: float) -> ObjectiveContract:
    return ObjectiveContract(
        info_nce_loss,
        loss_class=InfoNCELoss,
        learnable=("temperature",),
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
        at_chance=Anchor((AXES[:3], AXES[3:6], AXES[6:]), math.log(3), num_negatives=2),
        shared_inputs=frozenset({2}),
        variant="bank",
        refused=TEMPERATURES,
        refused_inputs=(
            (rows(6, 6)[:2] + rows(9, dim=4), "`negatives` must have the columns of `queries`, 5"),
        ),
    )


def alignment_case(alpha: float) -> ObjectiveContract:
    return ObjectiveContract(
        alignment_loss,
        loss_class=AlignmentLoss,
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


def uniformity_case(t: float, *, include_self: bool) -> ObjectiveContract:
    near, far, same = 2 * math.exp(-2 * t), math.exp(-4 * t), float(include_self)
    return ObjectiveContract(
        uniformity_loss,
        loss_class=UniformityLoss,
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


def vicreg_case(**weights: float) -> ObjectiveContract:
    variance_weight = weights.get("variance_weight", 25.0)
    return ObjectiveContract(
        vicreg_loss,
        loss_class=VICRegLoss,
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
    ObjectiveContract(
        byol_loss,
        loss_class=BYOLLoss,
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
    ObjectiveContract(
        invariance_term,
        inputs=rows(6, 6),
        reference=vicreg.invariance,
        symmetric=True,
        unmoved_by=frozenset({"rotation", "shift"}),
        minimum=0.0,
        perfect=Anchor((SPREAD, SPREAD), 0.0),
        collapsed=Anchor(constant(6, 6), 0.0),
    ),
    ObjectiveContract(
        variance_term,
        inputs=rows(6),
        reference=vicreg.variance,
        couples_batch=True,
        unmoved_by=frozenset({"shift"}),
        minimum=0.0,
        maximum=0.99,
        perfect=Anchor((SPREAD,), 0.0),
        collapsed=Anchor(constant(6), 0.99),
    ),
    ObjectiveContract(
        covariance_term,
        inputs=rows(6),
        reference=vicreg.covariance,
        couples_batch=True,
        unmoved_by=frozenset({"shift"}),
        minimum=0.0,
        perfect=Anchor((SPREAD,), 0.0),
        collapsed=Anchor(constant(6), 0.0),
    ),
    ObjectiveContract(  # fewer samples than dimensions: the other Gram matrix
        covariance_term,
        inputs=rows(4, dim=7),
        reference=vicreg.covariance,
        couples_batch=True,
        unmoved_by=frozenset({"shift"}),
        minimum=0.0,
        perfect=Anchor((torch.cat([AXES[:1], -AXES[:1]]),), 0.0),
        collapsed=Anchor((AXES[:1].repeat(4, 1),), 0.0),
        variant="wide",
    ),
    *SCORE_CASES,
    *LOCATION_CASES,
    *AMDIM_CASES,
    *SIAMESE_CASES,
]

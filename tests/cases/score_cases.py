"""Objectives over given scores, triplets and negatives; see objective_case.py."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from nearfar.objectives import (
    BinaryDiscriminationLoss,
    CosineTripletLoss,
    CURLLoss,
    DonskerVaradhanLoss,
    InfoNCELoss,
    JensenShannonLoss,
    NTLogisticLoss,
    PairwiseMarginLoss,
    TripletLoss,
    binary_discrimination_loss,
    cosine_triplet_loss,
    curl_loss,
    donsker_varadhan_loss,
    info_nce_loss,
    jensen_shannon_loss,
    nt_logistic_loss,
    pairwise_margin_loss,
    triplet_loss,
)
from nearfar.testing import Anchor
from nearfar.testing._objective_contract import ObjectiveContract
from tests.cases.objective_case import (
    AXES,
    OPPOSITE,
    SPHERE,
    TEMPERATURES,
    alike,
    constant,
    normal,
    rows,
)
from tests.references import curl, info_nce, scores, triplet

ROTATION = frozenset({"rotation"})
SAME = torch.tensor([True, False, False, True, False, False])


def zeros(*shape: int) -> Tensor:
    return torch.zeros(shape, dtype=torch.float64)


# --- InfoNCE with other scores and negatives ------------------------------------------------------


def own_negatives_case(temperature: float, *, normalize: bool) -> ObjectiveContract:
    size = 1 if normalize else 10
    lead = 2 * size**2 / temperature
    return ObjectiveContract(
        info_nce_loss,
        loss_class=InfoNCELoss,
        learnable=("temperature",),
        arguments={"temperature": temperature, "normalize": normalize},
        inputs=(*rows(6, 6), normal(6, 3, 5)),
        reference=info_nce.info_nce,
        unmoved_by=SPHERE if normalize else ROTATION,
        minimum=0.0,
        maximum=math.log1p(3 * math.exp(2 / temperature)) if normalize else math.inf,
        perfect=Anchor(
            (size * OPPOSITE, size * OPPOSITE, -size * OPPOSITE[:, None]),
            math.log1p(math.exp(-lead)),
        ),
        collapsed=Anchor((*constant(6, 6), alike(6, 3)), math.log(4)),
        at_chance=Anchor(
            (AXES[:3], AXES[3:6], AXES[6:].repeat(3, 1, 1)), math.log(3), num_negatives=2
        ),
        variant="own negatives",
        refused=TEMPERATURES,
        refused_inputs=(
            (
                (*rows(6, 6), normal(6, 3, 4)),
                "`negatives` must have a matrix of 5 columns for each of the 6 queries,"
                " got shape (6, 3, 4)",
            ),
            ((*rows(6, 6), normal(5, 3, 5)), "for each of the 6 queries, got shape (5, 3, 5)"),
            (
                (*rows(6, 6), normal(6, 0, 5)),
                "batch × negatives × dim, none empty, got .*(6, 0, 5)",
            ),
            ((*rows(6, 6), normal(6, 3, 5).long()), "`negatives` must be floating point, got"),
        ),
    )


def plain_info_nce_case(temperature: float) -> ObjectiveContract:
    return ObjectiveContract(
        info_nce_loss,
        loss_class=InfoNCELoss,
        learnable=("temperature",),
        arguments={"temperature": temperature, "normalize": False},
        inputs=rows(6, 6),
        reference=info_nce.info_nce,
        couples_batch=True,
        unmoved_by=ROTATION,
        minimum=0.0,
        perfect=Anchor((3 * OPPOSITE, 3 * OPPOSITE), math.log1p(math.exp(-18 / temperature))),
        collapsed=Anchor(constant(6, 6), math.log(6)),
        at_chance=Anchor((AXES[:4], AXES[4:]), math.log(4)),
        refused=TEMPERATURES,
    )


# --- margins --------------------------------------------------------------------------------------

NEGATIVE = ({"margin": -0.5}, "`margin` must be a finite number of 0 or above, got -0.5")


def triplet_case(margin: float) -> ObjectiveContract:
    return ObjectiveContract(
        triplet_loss,
        loss_class=TripletLoss,
        arguments={"margin": margin},
        inputs=(*rows(6, 6), normal(6, 5)),
        reference=triplet.triplet,
        unmoved_by=frozenset({"rotation", "shift"}),
        minimum=0.0,
        perfect=Anchor((AXES, AXES, AXES + (1 + margin) * AXES.flip(0)), 0.0),
        collapsed=Anchor(constant(6, 6, 6), margin),
        at_chance=Anchor((zeros(8, 8), AXES, -AXES), margin),
        refused=(NEGATIVE,),
    )


def cosine_triplet_case(margin: float) -> ObjectiveContract:
    return ObjectiveContract(
        cosine_triplet_loss,
        loss_class=CosineTripletLoss,
        arguments={"margin": margin},
        inputs=(*rows(6, 6), normal(6, 5)),
        reference=triplet.cosine_triplet,
        unmoved_by=SPHERE,
        minimum=max(0.0, margin - 2),
        maximum=margin + 2,
        perfect=Anchor((OPPOSITE, 3 * OPPOSITE, -OPPOSITE), max(0.0, margin - 2)),
        collapsed=Anchor(constant(6, 6, 6), margin),
        at_chance=Anchor((AXES[:4], AXES[4:], -AXES[4:]), margin),
        refused=(NEGATIVE,),
    )


def nt_logistic_case(temperature: float) -> ObjectiveContract:
    least, most = (2 * math.log1p(math.exp(sign / temperature)) for sign in (-1, 1))
    return ObjectiveContract(
        nt_logistic_loss,
        loss_class=NTLogisticLoss,
        learnable=("temperature",),
        arguments={"temperature": temperature},
        inputs=(*rows(6, 6), normal(6, 5)),
        reference=triplet.nt_logistic,
        unmoved_by=SPHERE,
        minimum=least,
        maximum=most,
        perfect=Anchor((OPPOSITE, 3 * OPPOSITE, -OPPOSITE), least),
        collapsed=Anchor(constant(6, 6, 6), (least + most) / 2),
        at_chance=Anchor((AXES[:4], AXES[4:], -AXES[4:]), 2 * math.log(2)),
        refused=TEMPERATURES,
    )


def pairwise_margin_case(margin: float) -> ObjectiveContract:
    z1, z2 = rows(6, 6)
    return ObjectiveContract(
        pairwise_margin_loss,
        loss_class=PairwiseMarginLoss,
        arguments={"margin": margin},
        inputs=(z1, z2, SAME),
        reference=triplet.pairwise_margin,
        symmetric=True,
        unmoved_by=frozenset({"rotation", "shift"}),
        minimum=0.0,
        perfect=Anchor(
            (AXES[:6], AXES[:6] + margin * AXES[2:].flip(0) * (~SAME)[:, None], SAME), 0.0
        ),
        collapsed=Anchor((*constant(6, 6), SAME), margin**2 * 4 / 6),
        refused=(({"margin": 0.0}, "`margin` must be a finite number above 0, got 0.0"),),
        refused_inputs=(
            ((z1, z2[1:], SAME), "`z2` must have the shape of `z1`, (6, 5), got (5, 5)"),
            ((z1, z2, SAME[1:]), "`same` must have one entry for each of the 6 pairs, got"),
            ((z1, z2, SAME.long()), "`same` must be boolean, got torch.int64"),
            ((z1[0], z2, SAME), "`z1` must be a matrix (samples × dim), got shape (5,)"),
            ((z1.long(), z2, SAME), "`z1` must be floating point, got torch.int64"),
        ),
    )


# --- scores ---------------------------------------------------------------------------------------


def scores_refused(first: str, second: str) -> tuple[tuple[tuple[Tensor, Tensor], str], ...]:
    return (
        ((zeros(0), zeros(3)), f"`{first}` must contain at least one score, got shape (0,)"),
        ((zeros(3), zeros(2, 0)), f"`{second}` must contain at least one score, got shape (2, 0)"),
        ((zeros(3).long(), zeros(3)), f"`{first}` must be floating point, got torch.int64"),
        ((zeros(3), zeros(3).bool()), f"`{second}` must be floating point, got torch.bool"),
    )


def score_case(objective: Any, loss_class: Any, reference: Any, **known: Any) -> ObjectiveContract:
    return ObjectiveContract(
        objective,
        loss_class=loss_class,
        inputs=(normal(6), normal(6, 3)),
        reference=reference,
        **known,
    )


SURE = (zeros(4) + 30, zeros(4, 2) - 30)
UNSURE = (zeros(4), zeros(4, 2))
SCORES = [
    score_case(
        jensen_shannon_loss,
        JensenShannonLoss,
        scores.jensen_shannon,
        minimum=0.0,
        perfect=Anchor(SURE, 2 * math.log1p(math.exp(-30))),
        collapsed=Anchor(UNSURE, 2 * math.log(2)),
        at_chance=Anchor(UNSURE, 2 * math.log(2)),
        refused_inputs=scores_refused("joint", "marginal"),
    ),
    score_case(
        donsker_varadhan_loss,
        DonskerVaradhanLoss,
        scores.donsker_varadhan,
        couples_batch=True,
        unmoved_by=frozenset({"shift"}),
        minimum=-math.inf,
        perfect=Anchor((zeros(4) + 3, zeros(4, 2) - 3), -6.0),
        collapsed=Anchor((zeros(4) + 900, zeros(4, 2) + 900), 0.0),
        at_chance=Anchor(UNSURE, 0.0),
        refused_inputs=scores_refused("joint", "marginal"),
    ),
    score_case(
        binary_discrimination_loss,
        BinaryDiscriminationLoss,
        scores.binary_discrimination,
        minimum=0.0,
        perfect=Anchor(SURE, math.log1p(math.exp(-30))),
        collapsed=Anchor(UNSURE, math.log(2)),
        at_chance=Anchor(UNSURE, math.log(2)),
        refused_inputs=scores_refused("positives", "negatives"),
    ),
]

# --- CURL -----------------------------------------------------------------------------------------


def curl_case(surrogate: str, *, block: int = 0) -> ObjectiveContract:
    anchors, positives = rows(6, 6)
    negatives = normal(6, 3, 5)
    if block:
        positives, negatives = normal(6, block, 5), normal(6, 3, block, 5)
    logistic = surrogate == "logistic"
    lead = 3 * OPPOSITE, 3 * OPPOSITE, -3 * OPPOSITE[:, None].repeat(1, 2, 1)
    return ObjectiveContract(
        curl_loss,
        loss_class=CURLLoss,
        arguments={"surrogate": surrogate},
        inputs=(anchors, positives, negatives),
        reference=curl.curl,
        unmoved_by=ROTATION,
        minimum=0.0,
        perfect=Anchor(lead, math.log2(1 + 2 * math.exp(-18)) if logistic else 0.0),
        collapsed=Anchor((*constant(6, 6), alike(6, 3)), 2.0 if logistic else 1.0),
        at_chance=Anchor(
            (AXES[:3], AXES[3:6], AXES[6:].repeat(3, 1, 1)),
            math.log2(3) if logistic else 1.0,
            num_negatives=2,
        ),
        variant=f"block={block}" if block else "",
        refused=(({"surrogate": "log"}, "`surrogate` must be one of hinge, logistic, got 'log'"),),
        refused_inputs=(
            ((anchors[0], positives, negatives), "`anchors` must be a matrix (samples × dim), got"),
            ((anchors, anchors[:, 1:], negatives), "`positives` must have the samples and columns"),
            (
                (anchors, positives, anchors),
                "`negatives` must have the axes batch × negatives × dim",
            ),
            ((anchors, positives, negatives[1:]), "columns of `anchors`, (6, 5), got shape (5, 3"),
            ((anchors.long(), positives, negatives), "`anchors` must be floating point, got"),
        ),
    )


SCORE_CASES = [
    own_negatives_case(0.2, normalize=True),
    own_negatives_case(1.0, normalize=False),
    plain_info_nce_case(1.0),
    triplet_case(1.0),
    cosine_triplet_case(0.4),
    cosine_triplet_case(2.5),
    nt_logistic_case(0.5),
    pairwise_margin_case(4.0),
    *SCORES,
    curl_case("logistic"),
    curl_case("hinge"),
    curl_case("logistic", block=2),
    curl_case("hinge", block=2),
]

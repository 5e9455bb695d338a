"""Objectives over locations of images and times of sequences; see objective_case.py."""

from __future__ import annotations

import math

from nearfar.objectives import (
    CPCLoss,
    DeepInfomaxLoss,
    cpc_loss,
    deep_infomax_loss,
)
from nearfar.testing import Anchor
from nearfar.testing._objective_contract import ObjectiveContract
from tests.cases.objective_case import (
    AXES,
    OPPOSITE,
    TEMPERATURES,
    alike,
    constant,
    normal,
    rows,
)
from tests.references import cpc, scores

ROTATION = frozenset({"rotation"})


def deep_infomax_case(
    estimator: str, perfect: float, minimum: float, collapsed: float, chance: Anchor
) -> ObjectiveContract:
    local, whole = normal(6, 3, 5), rows(6)[0]
    lone = local[:1], whole[:1]
    return ObjectiveContract(
        deep_infomax_loss,
        loss_class=DeepInfomaxLoss,
        arguments={"estimator": estimator},
        inputs=(local, whole),
        reference=scores.deep_infomax,
        couples_batch=True,
        unmoved_by=ROTATION,
        minimum=minimum,
        perfect=Anchor((4 * OPPOSITE[:, None].repeat(1, 3, 1), 4 * OPPOSITE), perfect),
        collapsed=Anchor((alike(6, 3), constant(6)[0]), collapsed),
        at_chance=chance,
        refused=(
            ({"estimator": "nce"}, "`estimator` must be one of donsker_varadhan, info_nce, "),
        ),
        refused_inputs=(
            ((whole, whole), "`local_features` must have the axes batch × locations × dim, none"),
            ((local.long(), whole), "`local_features` must be floating point, got torch.int64"),
            ((local, whole[:, :4]), "columns of `local_features`, (6, 5), got shape (6, 4)"),
            ((local, whole[1:]), "columns of `local_features`, (6, 5), got shape (5, 5)"),
            (lone, "`global_features` needs at least 2 rows and 1 column, got shape (1, 5)"),
            ((local, whole.long()), "`global_features` must be floating point, got torch.int64"),
        ),
    )


CROSSED = AXES[4:].repeat(4, 1, 1), AXES[:4]  # every score is 0
INFOMAX = [
    deep_infomax_case(
        "jensen_shannon",
        perfect=2 * math.log1p(math.exp(-16)),
        minimum=0.0,
        collapsed=1 + 2 * math.log1p(math.exp(-1)),  # sp(−1) + sp(1): every score is 1
        chance=Anchor(CROSSED, 2 * math.log(2)),
    ),
    deep_infomax_case(
        "donsker_varadhan",
        perfect=-32.0,
        minimum=-math.inf,
        collapsed=0.0,
        chance=Anchor(CROSSED, 0.0),
    ),
    deep_infomax_case(
        "info_nce",
        perfect=math.log1p(3 * math.exp(-32)),
        minimum=0.0,
        collapsed=math.log(1 + 5 * 3),
        chance=Anchor(CROSSED, math.log(1 + 3 * 4), num_negatives=12),
    ),
]


def cpc_case(
    candidates: str, temperature: float, *, steps: int = 2, places: tuple[int, ...] = ()
) -> ObjectiveContract:
    """Of sequences, or of the places of grids; these with the next time skipped."""
    predictions, encodings = normal(steps, 6, 4, *places, 5), normal(6, 4, *places, 5, seed=2)
    skip = len(places)
    negatives = {"batch": 7, "same_sequence": 3, "other_sequences": 4}[candidates]
    alone = ((normal(1, 1, 4, 5), normal(1, 4, 5)), "`encodings` needs at least 2 sequences")
    return ObjectiveContract(
        cpc_loss,
        loss_class=CPCLoss,
        learnable=("temperature",),
        arguments={"skip": skip, "candidates": candidates, "temperature": temperature},
        inputs=(predictions, encodings),
        reference=cpc.cpc,
        sample_axes={0: 1},
        couples_batch=candidates != "same_sequence",
        unmoved_by=ROTATION,
        minimum=0.0,
        perfect=perfect_forecast(candidates, temperature, skip),
        collapsed=Anchor((alike(1, 2, 4), alike(2, 4)), math.log(1 + negatives)),
        at_chance=Anchor(
            (AXES[:4].repeat(2, 2, 1, 1), AXES[4:].repeat(2, 1, 1)),
            math.log(1 + negatives),
            num_negatives=negatives,
        ),
        refused=(
            *TEMPERATURES,
            ({"candidates": "sequence"}, "`candidates` must be one of batch, other_sequences, "),
            ({"skip": -1}, "`skip` must be a whole number of 0 or more, got -1"),
        ),
        refused_inputs=(
            (
                (predictions[:, :, :2], encodings[:, :2]),
                f"must have fewer than 2 steps, got {steps} after 1 skipped",
            ),
        )
        if places
        else (
            ((predictions[0], encodings), "`predictions` must have the axes steps × batch × time"),
            (
                (predictions, encodings[0]),
                "`encodings` must have the axes batch × time × dim, none",
            ),
            ((predictions[:, :5], encodings), "`encodings`, (6, 4, 5), got (5, 4, 5)"),
            (
                (normal(4, 6, 4, 5), encodings),
                "must have fewer than 4 steps, got 4",
            ),
            ((predictions.long(), encodings), "`predictions` must be floating point, got"),
            *([alone] if candidates == "other_sequences" else []),
        ),
    )


def perfect_forecast(candidates: str, temperature: float, skip: int) -> Anchor:
    """Two sequences, constant and opposite, or one whose last time is unlike the others."""
    if candidates == "other_sequences":
        encodings = OPPOSITE[:, None].repeat(1, 3, 1)
        others = 3 * math.exp(-2 / temperature)
        return Anchor((encodings[None], encodings), math.log1p(others))
    others = skip + 1
    encodings = OPPOSITE[None, [0] * others + [1]]
    forecast = OPPOSITE[None, None, [1] * (others + 1)]
    return Anchor((forecast, encodings), math.log1p(others * math.exp(-2 / temperature)))


LOCATION_CASES = [
    *INFOMAX,
    cpc_case("batch", 1.0),
    cpc_case("batch", 0.5, steps=3),
    cpc_case("same_sequence", 1.0),
    cpc_case("other_sequences", 1.0, steps=1),
    cpc_case("batch", 2.0, places=(2,)),
    cpc_case("same_sequence", 1.0, places=(3,)),
    cpc_case("other_sequences", 1.0, steps=1, places=(2,)),
]

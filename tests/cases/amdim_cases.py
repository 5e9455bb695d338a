"""AMDIM's objective; see objective_case.py."""

from __future__ import annotations

import math

from nearfar.objectives import (
    AMDIMLoss,
    amdim_loss,
)
from nearfar.testing import Anchor
from nearfar.testing._objective_contract import ObjectiveContract
from tests.cases.objective_case import (
    AXES,
    OPPOSITE,
    alike,
    normal,
)
from tests.references.amdim import amdim


def amdim_case(queries: int, *, clip: float, penalty_weight: float) -> ObjectiveContract:
    many, places = normal(6, queries, 5), normal(6, 3, 5, seed=2)
    told = 4 * OPPOSITE[:, None]  # raw scores of ±16/√2
    right = clip * math.tanh(16 / math.sqrt(2) / clip)
    return ObjectiveContract(
        amdim_loss,
        loss_class=AMDIMLoss,
        arguments={"clip": clip, "penalty_weight": penalty_weight},
        inputs=(many, places),
        reference=amdim,
        couples_batch=True,
        unmoved_by=frozenset({"rotation"}),
        minimum=0.0,
        perfect=Anchor(
            (told.repeat(1, queries, 1), told.repeat(1, 3, 1)),
            math.log1p(3 * math.exp(-2 * right)) + penalty_weight * 128,
        ),
        collapsed=Anchor(  # every raw score is 1/√2
            (alike(6, queries), alike(6, 3)), math.log(1 + 5 * 3) + penalty_weight / 2
        ),
        at_chance=Anchor(
            (AXES[4:, None].repeat(1, queries, 1), AXES[:4, None].repeat(1, 3, 1)),
            math.log(1 + 3 * 3),
            num_negatives=9,
        ),
        refused=(
            ({"clip": 0.0}, "`clip` must be a finite number above 0, got 0.0"),
            ({"penalty_weight": -1.0}, "`penalty_weight` must be a finite number of 0 or above"),
        ),
        refused_inputs=(
            ((many[:, 0], places), "`queries` must have the axes batch × queries × dim, none"),
            ((many, places[:, 0]), "`locations` must have the axes batch × locations × dim"),
            ((many.long(), places), "`queries` must be floating point, got torch.int64"),
            ((many, places.long()), "`locations` must be floating point, got torch.int64"),
            ((many, places[1:]), "columns of `queries`, 6 and 5, got shape (5, 3, 5)"),
            ((many, places[..., :4]), "columns of `queries`, 6 and 5, got shape (6, 3, 4)"),
            ((many[:1], places[:1]), "`queries` needs at least 2 images"),
        ),
    )


AMDIM_CASES = [
    amdim_case(1, clip=20.0, penalty_weight=0.05),
    amdim_case(2, clip=1.5, penalty_weight=0.0),
]

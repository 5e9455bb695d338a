"""Losses at chance and at collapse: what each published objective is when nothing is learnt.

A loss has no meaning without these values. Each is computed from the paper's formula and from the
objective as nearfar trains it, on embeddings that are constant, equal in all dimensions, or
orthogonal.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from nearfar.records import Column
from nearfar.studies import Budget, Claim, ComputeCell, Largest, Row, Study

__all__ = ["STUDY", "Config", "losses"]


@dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes of the batch and of everything else.

    Args:
        batch: Pairs in the batch.
        dim: Dimensions.
        negatives: Keys in the queue.
        prototypes: Number of prototypes.
    """

    batch: int = 256
    dim: int = 128
    negatives: int = 4_096
    prototypes: int = 300


_STATES = {
    "NT-Xent": "all pairs alike: chance",
    "InfoNCE with a queue": "all keys alike: chance",
    "swapped prediction": "all prototypes alike: chance",
    "Barlow Twins": "constant output: collapse",
    "Barlow Twins, repeated": "one dimension, repeated: collapse",
    "VICReg": "constant output: collapse",
    "VICReg, weights of the code": "constant output: collapse",
    "alignment": "constant output: optimum",
    "uniformity": "constant output: collapse",
    "BYOL": "constant output: optimum",
    "SimSiam": "constant output: optimum",
    "SimSiam, orthogonal": "orthogonal prediction",
}


def losses(case: str, batch: int, dim: int, negatives: int, prototypes: int) -> dict[str, float]:
    """A loss by the paper's formula, and as nearfar computes it in double precision."""
    import torch

    from nearfar import objectives as o

    same = torch.ones(batch, dim, dtype=torch.float64)
    first, second = torch.eye(dim, dtype=torch.float64)[:2, None].expand(2, batch, dim)
    spread = 1e6 * torch.linspace(-1, 1, batch, dtype=torch.float64)  # far above the 1e-5 within
    repeated = spread[:, None].expand(batch, dim)
    many, centers = same[:1].expand(negatives, dim), same[:1].expand(prototypes, dim)
    code = {"invariance_weight": 25 / dim, "variance_weight": 12.5}
    formula, loss = {
        "NT-Xent": (math.log(2 * batch - 1), o.nt_xent_loss(same, same, temperature=0.2)),
        "InfoNCE with a queue": (
            math.log(negatives + 1),
            o.info_nce_loss(same, same, many, temperature=0.2),
        ),
        "swapped prediction": (
            math.log(prototypes),
            o.swapped_prediction_loss(same, same, centers),
        ),
        "Barlow Twins": (dim, o.barlow_twins_loss(same, same)),
        "Barlow Twins, repeated": (
            0.005 * dim * (dim - 1),
            o.barlow_twins_loss(repeated, repeated),
        ),
        "VICReg": (50 * (1 - math.sqrt(1e-4)), o.vicreg_loss(same, same)),
        "VICReg, weights of the code": (
            25 * (1 - math.sqrt(1e-4)),
            o.vicreg_loss(same, same, **code),
        ),
        "alignment": (0, o.alignment_loss(same, same)),
        "uniformity": (0, o.uniformity_loss(same)),
        "BYOL": (0, o.byol_loss(same, same)),
        "SimSiam": (-1, o.negative_cosine_loss(same, same)),
        "SimSiam, orthogonal": (0, o.negative_cosine_loss(first, second)),
    }[case]
    return {"formula": formula, "loss": float(loss), "deviation": abs(float(loss) - formula)}


def rows(config: Config) -> list[Row]:
    """One row per objective and state."""
    sizes = asdict(config)
    return [
        Row(case, [ComputeCell(losses, {"case": case, **sizes})], words={"state": state})
        for case, state in _STATES.items()
    ]


STUDY = Study(
    name="chance",
    ids=("A10",),
    source="the formulas of SimCLR, MoCo, SwAV, Barlow Twins, VICReg, alignment and uniformity,"
    " BYOL and SimSiam",
    question="What are the losses at chance and at collapse?",
    title="Losses at chance and at collapse",
    budgets={
        "smoke": Budget(config=Config(batch=16, dim=8, negatives=64, prototypes=10)),
        "minutes": Budget(config=Config(), cpu_minutes=0.1),
    },
    rows=rows,
    columns=(
        Column("state", "state", "words"),
        Column("formula", "formula", "number", "from the paper's formula"),
        Column("loss", "loss", "number", "computed by the objective"),
        Column("deviation", "deviation", "number", "absolute difference"),
    ),
    claims=(
        Claim.at_most("every loss is that of the formula to 1e-6", Largest("deviation"), 1e-6),
    ),
)

"""Losses at chance and at collapse: what each published objective is worth when nothing is learnt.

A loss has no meaning without these values. Each is computed from the paper's formula and from the
objective as nearfar trains it, on embeddings that are constant, equal in all dimensions, or
orthogonal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from nearfar.records import Column, StudyRecord
from nearfar.studies import Budget, Claim, ComputeCell, Exactly, Row, Study

__all__ = ["STUDY", "Config", "loss_value"]

_TEMPERATURE = 0.2


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


def expected(case: str, config: Config) -> float:
    """The value from the paper's formula."""
    return {
        "NT-Xent": math.log(2 * config.batch - 1),
        "InfoNCE with a queue": math.log(config.negatives + 1),
        "swapped prediction": math.log(config.prototypes),
        "Barlow Twins, constant": float(config.dim),
        "Barlow Twins, equal dimensions": 0.005 * config.dim * (config.dim - 1),
        "VICReg": 2 * 25 * (1 - math.sqrt(1e-4)),
        "VICReg, weights of the code": 2 * 12.5 * (1 - math.sqrt(1e-4)),
        "alignment": 0.0,
        "uniformity": 0.0,
        "BYOL": 0.0,
        "SimSiam": -1.0,
        "SimSiam, orthogonal": 0.0,
    }[case]


def loss_value(case: str, batch: int, dim: int, negatives: int, prototypes: int) -> float:
    """The loss of nearfar in one of the cases, in double precision."""
    import torch

    from nearfar import objectives as o

    same = torch.ones(batch, dim, dtype=torch.float64)
    one_number = torch.randn(batch, 1, dtype=torch.float64, generator=torch.Generator())
    apart = torch.zeros_like(same)
    apart[:, 1] = 1.0
    along = torch.zeros_like(same)
    along[:, 0] = 1.0
    code = {"invariance_weight": 25 / dim, "variance_weight": 12.5}
    losses = {
        "NT-Xent": lambda: o.nt_xent_loss(same, same, temperature=_TEMPERATURE),
        "InfoNCE with a queue": lambda: o.info_nce_loss(
            same, same, same[:1].expand(negatives, dim), temperature=_TEMPERATURE
        ),
        "swapped prediction": lambda: o.swapped_prediction_loss(
            same, same, same[:1].expand(prototypes, dim)
        ),
        "Barlow Twins, constant": lambda: o.barlow_twins_loss(same, same),
        # a standard deviation far above the 1e-5 of the standardisation
        "Barlow Twins, equal dimensions": lambda: o.barlow_twins_loss(
            1e6 * one_number.expand(batch, dim), 1e6 * one_number.expand(batch, dim)
        ),
        "VICReg": lambda: o.vicreg_loss(same, same),
        "VICReg, weights of the code": lambda: o.vicreg_loss(same, same, **code),
        "alignment": lambda: o.alignment_loss(same, same),
        "uniformity": lambda: o.uniformity_loss(same),
        "BYOL": lambda: o.byol_loss(same, same),
        "SimSiam": lambda: o.negative_cosine_loss(same, same),
        "SimSiam, orthogonal": lambda: o.negative_cosine_loss(along, apart),
    }
    return float(losses[case]())


_STATES = {
    "NT-Xent": "all pairs alike: chance",
    "InfoNCE with a queue": "all keys alike: chance",
    "swapped prediction": "all prototypes alike: chance",
    "Barlow Twins, constant": "constant output: collapse",
    "Barlow Twins, equal dimensions": "one dimension, repeated: collapse",
    "VICReg": "constant output: collapse",
    "VICReg, weights of the code": "constant output: collapse",
    "alignment": "constant output: the optimum",
    "uniformity": "constant output: collapse",
    "BYOL": "constant output: the optimum",
    "SimSiam": "constant output: the optimum",
    "SimSiam, orthogonal": "orthogonal prediction",
}


def rows(config: Config) -> list[Row]:
    """One row per objective and state."""
    sizes = {name: getattr(config, name) for name in ("batch", "dim", "negatives", "prototypes")}
    return [
        Row(case, [ComputeCell(loss_value, {"case": case, **sizes})],
            values={"expected": expected(case, config)}, words={"state": state})
        for case, state in _STATES.items()
    ]  # fmt: skip


def _deviation(record: StudyRecord) -> float | None:
    return max(
        (abs((row.mean("loss_value") or 0) - (row.mean("expected") or 0))
         for row in record.rows if row.values),
        default=None,
    )  # fmt: skip


STUDY = Study(
    name="chance",
    ids=("A10",),
    source="the formulas of SimCLR, MoCo, SwAV, Barlow Twins, VICReg, alignment and uniformity,"
    " BYOL and SimSiam",
    question="What are the losses at chance and at collapse?",
    title="Losses at chance and at collapse",
    budgets={
        "smoke": Budget(config=Config(batch=16, dim=8, negatives=64, prototypes=10)),
        "minutes": Budget(config=Config(), cpu_minutes=1),
    },
    rows=rows,
    columns=(
        Column("state", "state", "words"),
        Column("expected", "formula", "number", "from the paper's formula"),
        Column("loss_value", "loss", "number", "computed by the objective"),
    ),
    claims=(
        Claim(text="Every loss is that of the formula to 1e-6", kind="at most", least=1e-6,
              effect=Exactly(_deviation, label="largest deviation")),
    ),
)  # fmt: skip

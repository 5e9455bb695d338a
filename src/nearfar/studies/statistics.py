"""Barlow Twins and VICReg without one of their terms, and with other weights.

Zbontar et al. train by the invariance or the redundancy term alone and vary the weight between
them; Bardes et al. leave out the variance or the covariance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nearfar import studies
from nearfar._docstrings import documented_by
from nearfar.records import Column
from nearfar.studies import Claim, Difference, Level
from nearfar.studies._short_runs import (
    COLLAPSE_COLUMNS,
    LINEAR_COLUMNS,
    ShortRuns,
    short_budgets,
)
from nearfar.studies._usual_claims import behind, equals, no_better

__all__ = ["STUDY", "Config"]

_TWINS = "Barlow Twins"


@documented_by(ShortRuns)
@dataclass(frozen=True, kw_only=True)
class Config(ShortRuns):
    """Data and length of the trainings, and weights of the redundancy term.

    Args:
        weights: Weights of Barlow Twins' redundancy term, besides the published one.
    """

    weights: tuple[float, ...] = (0.002, 0.02)


def rows(config: Config) -> list[studies.Row]:
    """The untrained encoder, and both methods with their ablations."""
    twins: dict[str, dict[str, Any]] = {
        _TWINS: {},
        "invariance only": {"off_diagonal_weight": 0.0},
        "redundancy only": {"invariance_weight": 0.0},
        **{f"λ = {weight:g}": {"off_diagonal_weight": weight} for weight in config.weights},
    }
    vicreg: dict[str, dict[str, Any]] = {
        "VICReg": {},
        "no variance": {"variance_weight": 0.0},
        "no covariance": {"covariance_weight": 0.0},
    }
    return [
        config.untrained,
        *(config.row(name, "barlow_twins", options) for name, options in twins.items()),
        *(config.row(name, "vicreg", options) for name, options in vicreg.items()),
    ]


def claims(config: Config) -> list[Claim]:
    """What each term is needed for, and that the weight matters little."""
    return [
        no_better(("redundancy only",), "linear", published="0.1 of 71.4"),
        behind("invariance only", _TWINS, published="57.3 of 71.4"),
        *(
            equals(f"λ = {weight:g}", _TWINS, published="insensitive from 0.002 to 0.02")
            for weight in config.weights
        ),
        Claim(
            "no variance: VICReg's projections collapse, their standard deviation is below 0.1",
            Level("scale", "no variance", minus=0.1, sign=-1),
            least=0,
            published="collapse (Table 4)",
        ),
        Claim(
            "no covariance: the rank is lower by 5 or more",
            Difference("rank", "VICReg", "no covariance"),
            least=5,
        ),
        behind("no covariance", "VICReg", least=2, published="57.5 of 68.6 (Table 4)"),
    ]


STUDY = studies.Study(
    name="statistics",
    ids=("F3", "F4"),
    source="Zbontar et al. 2021 (arXiv 2103.03230), ablations; Bardes et al. 2022 (arXiv"
    " 2105.04906), Table 4",
    question="Which terms do Barlow Twins and VICReg need?",
    title="Terms of Barlow Twins and VICReg",
    budgets=short_budgets(
        Config,
        data="ImageNet, ResNet-50, 100 to 300 epochs of LARS",
        cpu_minutes=(14, 200),
        smoke={"weights": (0.02,)},
        gpu={
            "epochs": 300,
            "batch_size": 512,
            "optimizer": "lars",
            "learning_rate": 0.4,
            "weight_decay": 1e-6,
        },
    ),
    rows=rows,
    columns=(
        *LINEAR_COLUMNS,
        *COLLAPSE_COLUMNS,
        Column("scale", "std", "number", "standard deviation of the projections as they are"),
    ),
    claims=claims,
    figure=studies.ReadingLines(
        title="Effective rank of the projections over training",
        x="epoch",
        y={"rank": "rank"},
        x_title="epoch",
        y_title="effective rank",
    ),
)

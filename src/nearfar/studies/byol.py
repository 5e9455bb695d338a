"""BYOL without its predictor, and with other targets than the moving average.

Grill et al. find collapse without a predictor and without averaging, little from a constant random
target, and that a faster predictor makes up for the missing average.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nearfar import studies
from nearfar._docstrings import documented_by
from nearfar.studies import Claim, Difference
from nearfar.studies._short_runs import (
    COLLAPSE_COLUMNS,
    LINEAR_COLUMNS,
    SPREAD_OVER_TRAINING,
    ShortRuns,
    short_budgets,
)
from nearfar.studies._usual_claims import behind, collapses, equals, spread_out

__all__ = ["STUDY", "Config"]


@documented_by(ShortRuns)
@dataclass(frozen=True, kw_only=True)
class Config(ShortRuns):
    """Data and length of the trainings.

    Args:
        fast: Learning rate of the fast predictor, as a multiple.
    """

    fast: float = 10.0


def rows(config: Config) -> list[studies.Row]:
    """The untrained encoder, BYOL and its ablations."""
    arms: dict[str, dict[str, Any]] = {
        "BYOL": {},
        "no predictor": {"predictor": "none"},
        "no averaging": {"decay": 0.0},
        "random target": {"decay": 1.0},
        "no averaging, fast predictor": {"decay": 0.0, "predictor_rate": config.fast},
    }
    return [
        config.untrained,
        *(config.row(name, "byol", options) for name, options in arms.items()),
    ]


STUDY = studies.Study(
    name="byol",
    ids=("F2",),
    source="Grill et al. 2020 (arXiv 2006.07733), Tables 5 and 19 to 21",
    question="Does BYOL collapse without predictor or target network?",
    title="Ablations of BYOL",
    budgets=short_budgets(
        Config,
        data="ImageNet, ResNet-50, 300 epochs of LARS",
        cpu_minutes=(8, 120),
        smoke={},
        gpu={
            "epochs": 300,
            "batch_size": 512,
            "optimizer": "lars",
            "learning_rate": 0.6,
            "weight_decay": 1e-6,
        },
    ),
    rows=rows,
    columns=(*LINEAR_COLUMNS, *COLLAPSE_COLUMNS),
    claims=(
        spread_out("BYOL", 0.3, "72.5 (Table 5)"),
        collapses("no predictor", "0.2 of 72.5 (Table 5)"),
        collapses("no averaging", "0.3 or 5.5 of 72.5 (Tables 5 and 19)"),
        behind("random target", "BYOL", published="18.8 of 72.5 (Table 5)"),
        Claim(
            "random target: better than the untrained encoder by linear",
            Difference("linear", "random target", "untrained"),
            least=1,
            published="18.8 against 1.4",
        ),
        equals(
            "no averaging, fast predictor", "BYOL", within=3, published="66.6 of 72.5 (Table 21)"
        ),
    ),
    figure=SPREAD_OVER_TRAINING,
)

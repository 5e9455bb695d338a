"""SwAV with other numbers of Sinkhorn iterations, and with prototypes that are not learned.

The equal partition keeps assignments from being the same for all samples. Caron et al. find three
iterations enough, more no better, and fixed random prototypes nearly as good as learned ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from nearfar import studies
from nearfar._docstrings import documented_by
from nearfar.records import Column
from nearfar.studies import Claim, Level
from nearfar.studies._short_runs import (
    COLLAPSE_COLUMNS,
    LINEAR_COLUMNS,
    ShortRuns,
    short_budgets,
)
from nearfar.studies._usual_claims import behind, equals

__all__ = ["STUDY", "Config"]


@documented_by(ShortRuns)
@dataclass(frozen=True, kw_only=True)
class Config(ShortRuns):
    """Data and length of the trainings, and numbers of iterations.

    Args:
        iterations: Numbers of Sinkhorn iterations, with 0 and the published 3.
    """

    iterations: tuple[int, ...] = (0, 1, 3, 10)


def rows(config: Config) -> list[studies.Row]:
    """The untrained encoder, each number of iterations, and fixed prototypes."""
    arms: dict[str, dict[str, float]] = {
        **{f"{n} iterations": {"iterations": n} for n in config.iterations},
        "fixed prototypes": {"frozen": 1.0},
    }
    return [
        config.untrained,
        *(
            config.row(
                name,
                "swav",
                options,
                {"small_views": 0},
                also=("nearfar.studies._prototype_values:prototype_values",),
            )
            for name, options in arms.items()
        ),
    ]


def claims(config: Config) -> list[Claim]:
    """What the partition is needed for; how many iterations are enough."""
    return [
        Claim(
            "without iterations one prototype takes over half, or all are equally likely",
            Level("degenerate", "0 iterations", minus=1),
            least=0,
            published="loss at ln K",
        ),
        Claim(
            "with three iterations neither",
            Level("degenerate", "3 iterations", minus=1, sign=-1),
            least=0,
        ),
        behind("0 iterations", "3 iterations"),
        equals("10 iterations", "3 iterations", within=1, published="slightly worse"),
        equals("fixed prototypes", "3 iterations", published="73.1 of 73.9"),
    ]


STUDY = studies.Study(
    name="swav",
    ids=("F5",),
    source="Caron et al. 2020 (arXiv 2006.09882), ablations and appendix",
    question="What does SwAV need the equal partition for?",
    title="Partition and prototypes of SwAV",
    budgets=short_budgets(
        Config,
        data="ImageNet, ResNet-50, 400 epochs of LARS, small crops",
        cpu_minutes=(8, 120),
        smoke={"iterations": (0, 3)},
        gpu={
            "epochs": 400,
            "batch_size": 256,
            "optimizer": "lars",
            "learning_rate": 0.6,
            "weight_decay": 1e-6,
        },
    ),
    rows=rows,
    columns=(
        *LINEAR_COLUMNS,
        *COLLAPSE_COLUMNS,
        Column("share", "share", "number", "share of samples of the most frequent prototype"),
        Column("entropy", "entropy", "number", "mean entropy of the predictions, relative to ln K"),
    ),
    claims=claims,
    figure=studies.ReadingLines(
        title="Share of samples of the most frequent prototype over training",
        x="epoch",
        y={"share": "share"},
        x_title="epoch",
        y_title="share",
    ),
)

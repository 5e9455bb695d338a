"""Upper bounds on the supervised loss: how they depend on the number of negatives.

The bound of Arora et al. (CURL) divides by the probability that no negative collides with the
anchor, which vanishes exponentially; that of Nozawa and Sato by the probability that the draws
cover all classes, which tends to 1. Both follow from lower bounds of the contrastive loss, which
are tested on the same worlds and on random ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from nearfar import studies
from nearfar.records import Column
from nearfar.studies._bounds_of_worlds import five_classes, random_world

__all__ = ["STUDY", "Config"]

_FROM = 16  # negatives from which growth is judged


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of negatives, of worlds and of draws.

    Args:
        negatives: Numbers of negatives on the five classes, each twice the one before.
        samples: Samples that are the population.
        draws: Draws of the contrastive loss.
        worlds: Number of random worlds.
        seeds: Number of seeds on the five classes.
    """

    negatives: tuple[int, ...] = (4, 8, 16, 32, 64)
    samples: int = 10_000
    draws: int = 20_000
    worlds: int = 60
    seeds: int = 5


def rows(config: Config) -> list[studies.Row]:
    """One row per number of negatives, and one of all random worlds."""
    sizes = {"samples": config.samples, "draws": config.draws}
    worlds = studies.ComputeCell(random_world, sizes, version=2)
    cells = [studies.ComputeCell(five_classes, {"negatives": k, **sizes}) for k in config.negatives]
    return [
        *(
            studies.Row(f"K = {k}", studies.over_seeds(cell, config.seeds), {"negatives": k})
            for k, cell in zip(config.negatives, cells, strict=True)
        ),
        studies.Row("random worlds", studies.over_seeds(worlds, config.worlds)),
    ]


def claims(config: Config) -> list[studies.Claim]:
    """Both inequalities, and the growth of each upper bound."""
    doubled = [(f"K = {k}", f"K = {half}") for half, k in pairwise(config.negatives)]
    grown = {
        name: studies.AllOf(
            [
                studies.Difference(f"{name}_log", *pair)
                for pair, half in zip(doubled, config.negatives, strict=False)
                if half >= _FROM
            ]
        )
        for name in ("curl", "coupon")
    }
    return [
        *(
            studies.Claim.at_most(
                f"both bounds of {name} hold within 3 s.e., also on random worlds",
                studies.Largest(f"{key}_excess"),
                3,
            )
            for key, name in {"curl": "CURL", "coupon": "Nozawa and Sato"}.items()
        ),
        studies.Claim(
            "CURL's upper bound grows more than tenfold with each doubling of K from 16 on"
            " (difference of log10)",
            grown["curl"],
            above=1,
            least=1,
            published="from about 50 to 1,500 between 32 and 64 draws on CIFAR-10 (Figure 1)",
        ),
        studies.Claim.at_most(
            "Nozawa and Sato's less than doubles with each (difference of log10)",
            grown["coupon"],
            math.log10(2),
            published="between 6 and 8 from 32 to 512 draws on CIFAR-10 (Figure 1)",
        ),
    ]


STUDY = studies.Study(
    name="supervised_bounds",
    ids=("A3",),
    source="Nozawa and Sato 2021 (arXiv 2102.06866), Figure 1",
    question="Do upper bounds on the supervised loss grow with the number of negatives?",
    title="Upper bounds on the supervised loss",
    budgets={
        "smoke": studies.Budget(
            config=Config(negatives=(16, 32), samples=500, draws=500, worlds=3, seeds=2)
        ),
        "minutes": studies.Budget(
            config=Config(),
            changes=("Gaussian classes on the sphere in place of trained encoders",),
            cpu_minutes=2,
        ),
    },
    rows=rows,
    columns=(
        Column("negatives", "K", "number", "negatives"),
        Column("info_nce", "loss", "number", "contrastive loss"),
        Column("curl_lower", "CURL: loss ≥", "number", "lower bound"),
        Column("coupon_lower", "coupons: loss ≥", "number", "lower bound by coverage"),
        Column("supervised", "supervised", "number", "loss of the mean classifier"),
        Column("curl_upper", "CURL: sup ≤", "number", "upper bound; where it does not overflow"),
        Column("coupon_upper", "coupons: sup ≤", "number", "upper bound by coverage"),
        Column("curl_excess", "CURL, excess", "number", "largest violation in standard errors"),
        Column("coupon_excess", "coupons, excess", "number", "largest violation in s.e."),
    ),
    claims=claims,
    figure=studies.RowLines(
        title="Both upper bounds on the supervised loss, and the loss",
        x="negatives",
        y={
            "curl_upper": "CURL's bound",
            "coupon_upper": "Nozawa and Sato's bound",
            "supervised": "supervised loss",
        },
        x_title="negatives K",
        y_title="nats",
        log_x=True,
        log_y=True,
    ),
)

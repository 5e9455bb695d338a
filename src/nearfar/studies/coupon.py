"""Coverage of classes by negatives: whether an anchor and K negatives meet all classes.

Nozawa and Sato's bound has the weight υ, the probability that K + 1 draws cover all classes, where
the bound of Arora et al. divides by the probability that no negative collides with the anchor.
Here υ, the collision term and the expected number of draws are compared with an independent
recursion, with sums over binomial probabilities, and with simulations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from nearfar.records import Column
from nearfar.studies import Budget, Claim, ComputeCell, Largest, ReadingLines, Row, Study
from nearfar.studies._coverage_values import (
    binomial_log_collisions,
    coverage_by_recursion,
    published_coverage,
    simulated_draws,
)

__all__ = ["STUDY", "Config", "coverage"]

_PUBLISHED = {2: 3, 4: 9, 10: 30, 100: 519, 3029: 26030}  # draws, Table 3
_SIMULATED = 3e8  # geometric variables per cell at most
_NAIVE = 100  # classes up to which the alternating sum does not overflow


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of classes and of simulations.

    Args:
        classes: Numbers of equally likely classes.
        simulations: Simulated sequences of draws; fewer for many classes.
    """

    classes: tuple[int, ...] = (2, 4, 10, 20, 50, 100, 964, 3029)
    simulations: int = 1_000_000


def coverage(classes: int, simulations: int, seed: int) -> dict[str, Any]:
    """Probabilities of coverage and collision, and their deviations from other computations."""
    from nearfar.theory import coupon_collector_probability, expected_draws, expected_log_collisions

    usual = classes * (math.log(classes) + np.linspace(-1.5, 5, 40))
    draws = sorted({int(n) for n in np.ceil(usual) if n >= classes} | {classes, classes + 1})
    exact = np.array([coupon_collector_probability(n, classes) for n in draws])
    count = int(min(simulations, _SIMULATED / classes))
    needed = simulated_draws(classes, count, seed=seed)
    simulated = np.array([np.mean(needed <= n) for n in draws])
    likely = np.minimum(exact, 1 - exact) * count >= 10
    errors = np.sqrt(exact * (1 - exact) / count)[likely]
    mean = expected_draws(classes)
    values = {
        "draws": mean,
        "rounded": math.ceil(mean - 1e-9),
        "mean_z": abs(needed.mean() - mean) / (needed.std(ddof=1) / math.sqrt(count)),
        "recursion": np.abs(exact - coverage_by_recursion(classes, draws)).max(),
        "simulation": (np.abs(simulated - exact)[likely] / errors).max(),
        "collisions": max(
            abs(expected_log_collisions(k, classes) - binomial_log_collisions(k, classes))
            for k in (1, classes, 4 * classes)
        ),
    }
    if classes <= _NAIVE:
        naive = np.array([published_coverage(classes, n) for n in draws])
        values["naive"] = np.abs(naive - exact).max()
    curve = [{"draws": n, "probability": float(p)} for n, p in zip(draws, exact, strict=True)]
    return values | {"curve": curve}


def rows(config: Config) -> list[Row]:
    """One row per number of classes."""
    return [
        Row(
            f"{classes:,} classes",
            [ComputeCell(coverage, {"classes": classes, "simulations": config.simulations})],
            values={"paper": _PUBLISHED[classes]} if classes in _PUBLISHED else {},
        )
        for classes in config.classes
    ]


STUDY = Study(
    name="coupon",
    ids=("A1", "A2"),
    source="Nozawa and Sato 2021 (arXiv 2102.06866), Table 3",
    question="Are the probabilities of coverage and collision computed exactly, and does the"
    " published formula survive floating point?",
    title="Coverage of classes by negatives",
    budgets={
        "smoke": Budget(config=Config(classes=(2, 10), simulations=20_000)),
        "minutes": Budget(
            config=Config(),
            changes=("up to 3,029 equally likely classes; ImageNet's own prior is left out",),
            cpu_minutes=3,
        ),
    },
    rows=rows,
    columns=(
        Column("draws", "draws", "number", "expected number of draws until all classes appeared"),
        Column("rounded", "rounded up", "number", "to compare with the paper"),
        Column("paper", "paper", "number", "Table 3"),
        Column("recursion", "recursion", "number", "largest deviation from the recursion"),
        Column("simulation", "simulation", "number", "largest deviation in standard errors"),
        Column("mean_z", "mean", "number", "deviation of the mean number of draws, in s.e."),
        Column("collisions", "collisions", "number", "deviation from the binomial sum"),
        Column("naive", "published sum", "number", "largest error of the sum in floating point"),
    ),
    figure=ReadingLines(
        title="Probability that the draws cover all classes",
        x="draws",
        y={"probability": "exact"},
        x_title="draws, K + 1",
        y_title="probability",
        log_x=True,
    ),
    claims=(
        Claim.at_most("υ agrees with the recursion to 1e-9", Largest("recursion"), 1e-9),
        Claim.at_most("υ agrees with the simulations within 4 s.e.", Largest("simulation"), 4),
        Claim.at_most("the mean number of draws does, within 4 s.e.", Largest("mean_z"), 4),
        Claim.at_most("the collision term is that of a sum to 1e-9", Largest("collisions"), 1e-9),
        Claim.at_most(
            "the numbers of draws, rounded up, are those of Table 3",
            Largest("paper", minus="rounded"),
            0,
        ),
        Claim(
            "with 100 classes the published sum is off by 1e-4 or more in floating point",
            Largest("naive", "100 classes"),
            least=1e-4,
        ),
    ),
)

"""Coverage of classes by negatives: the probability that K negatives and the anchor meet all classes.

Nozawa and Sato's bound has the weight υ, the probability that K + 1 draws cover all classes, where
the bound of Arora et al. divides by the probability that no negative collides with the anchor.
Here υ, the collision term and the expected number of draws are computed exactly and compared with
an independent recursion, with sums over binomial probabilities, and with simulations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from nearfar.records import Column, StudyRecord
from nearfar.studies import Budget, Claim, ComputeCell, Exactly, ReadingLines, Row, Study

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
    """Exact probabilities of coverage and collision, and their deviations from other computations.

    A sequence of draws is simulated by its waiting times: the number of draws until the i-th new
    class is geometric with success probability (classes − i + 1) / classes.
    """
    from nearfar.theory import coupon_collector_probability, expected_draws, expected_log_collisions

    usual = classes * (math.log(classes) + np.linspace(-1.5, 5, 40))
    draws = sorted({int(n) for n in np.ceil(usual) if n >= classes} | {classes, classes + 1})
    exact = [coupon_collector_probability(n, classes) for n in draws]
    recursion = _recursion(classes, draws)
    simulations = int(min(simulations, _SIMULATED / classes))
    needed = _simulated(classes, simulations, seed)
    simulated = [float(np.mean(needed <= n)) for n in draws]
    likely = [i for i, p in enumerate(exact) if min(p, 1 - p) * simulations >= 10]
    errors = [math.sqrt(p * (1 - p) / simulations) for p in exact]
    naive = [abs(_naive(classes, n) - p) for n, p in zip(draws, exact, strict=True)]
    collisions = [
        abs(expected_log_collisions(k, classes) - _log_collisions(k, classes))
        for k in (1, classes, 4 * classes)
    ]
    mean = expected_draws(classes)
    return {
        "draws": mean,
        "rounded": math.ceil(mean - 1e-9),
        "mean_z": abs(needed.mean() - mean) / (needed.std(ddof=1) / math.sqrt(simulations)),
        "recursion": max(abs(p - q) for p, q in zip(exact, recursion, strict=True)),
        "simulation": max(abs(simulated[i] - exact[i]) / errors[i] for i in likely),
        "collisions": max(collisions),
        **({"naive": max(naive)} if classes <= _NAIVE else {}),
        "curve": [{"draws": n, "probability": p, "simulated": s}
                  for n, p, s in zip(draws, exact, simulated, strict=True)],
    }  # fmt: skip


def _recursion(classes: int, draws: list[int]) -> list[float]:
    """Probability that all classes appeared, from the number of classes seen after each draw."""
    seen = np.zeros(classes + 1)
    seen[0] = 1.0
    stay = np.arange(classes + 1) / classes
    found = {}
    for n in range(1, max(draws) + 1):
        seen[1:], seen[0] = seen[1:] * stay[1:] + seen[:-1] * (1 - stay[:-1]), 0.0
        found[n] = float(seen[-1])
    return [found[n] for n in draws]


def _simulated(classes: int, simulations: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    total = np.zeros(simulations)
    for missing in range(classes, 0, -1):
        total += rng.geometric(missing / classes, size=simulations)
    return total


def _naive(classes: int, draws: int) -> float:
    """The published double sum, in floating point as it stands."""
    return sum(
        math.comb(classes - 1, m) * (-1.0) ** m * (1 - (m + 1) / classes) ** (n - 1)
        for n in range(classes, draws + 1)
        for m in range(classes - 1)
    )


def _log_collisions(negatives: int, classes: int) -> float:
    """Mean of ln(1 + collisions) as a sum over the binomial distribution."""
    m = np.arange(negatives + 1)
    log_choose = [math.lgamma(negatives + 1) - math.lgamma(i + 1) - math.lgamma(negatives - i + 1)
                  for i in m]  # fmt: skip
    log_p = m * math.log(1 / classes) + (negatives - m) * math.log1p(-1 / classes)
    return float(np.exp(log_choose + log_p) @ np.log1p(m))


def rows(config: Config) -> list[Row]:
    """One row per number of classes."""
    return [
        Row(
            f"{classes:,} classes",
            [ComputeCell(coverage, {"classes": classes, "simulations": config.simulations})],
            words={"paper": str(_PUBLISHED.get(classes, "–"))},
        )
        for classes in config.classes
    ]


def _worst(column: str) -> Exactly:
    def value(record: StudyRecord) -> float | None:
        return max((v for row in record.rows for v in row.values.get(column, ())), default=None)

    return Exactly(value, label=f"largest {column} over all rows")


def _off_table(record: StudyRecord) -> float | None:
    known = [row for row in record.rows if row.words.get("paper", ("–",))[0] != "–" and row.values]
    return max((abs((row.mean("rounded") or 0) - int(row.words["paper"][0])) for row in known),
               default=None)  # fmt: skip


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
            changes=("up to 3,029 equally likely classes; ImageNet's prior is left out",),
            cpu_minutes=3,
        ),
    },
    rows=rows,
    columns=(
        Column("draws", "draws", "number", "expected number of draws until all classes appeared"),
        Column("rounded", "rounded up", "number", "to compare with the paper"),
        Column("paper", "paper", "words", "Table 3"),
        Column("recursion", "recursion", "number", "largest deviation from the recursion"),
        Column("simulation", "simulation", "number", "largest deviation, in standard errors"),
        Column("mean_z", "mean", "number", "deviation of the mean number of draws, in s.e."),
        Column("collisions", "collisions", "number", "deviation from the binomial sum"),
        Column("naive", "published sum", "number", "largest error of the sum in floating point"),
    ),
    figure=ReadingLines(
        title="Probability that the draws cover all classes",
        x="draws", y={"probability": "exact"}, log_x=True,
        x_title="draws, K + 1", y_title="probability",
    ),  # fmt: skip
    claims=(
        Claim(text="The exact probability agrees with the recursion to 1e-9", kind="at most",
              effect=_worst("recursion"), least=1e-9),
        Claim(text="It agrees with the simulations within 4 standard errors", kind="at most",
              effect=_worst("simulation"), least=4),
        Claim(text="The mean number of draws agrees within 4 standard errors", kind="at most",
              effect=_worst("mean_z"), least=4),
        Claim(text="The collision term agrees with the binomial sum to 1e-9", kind="at most",
              effect=_worst("collisions"), least=1e-9),
        Claim(text="The expected numbers of draws, rounded up, are those of Table 3",
              effect=Exactly(_off_table, label="largest difference"), kind="at most", least=0),
        Claim(text="With 100 classes the published sum in floating point is off by 1e-4 or more",
              effect=Exactly(lambda r: (row := r.row("100 classes")) and row.mean("naive"),
                             label="error"), least=1e-4),
    ),
)  # fmt: skip

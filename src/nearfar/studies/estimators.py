"""Estimators of mutual information on correlated Gaussians, with the best critic.

InfoNCE cannot exceed ln n for batches of n. With the log density ratio as critic nothing is
trained, so that bias and spread are those of the estimators alone.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from itertools import pairwise

from nearfar import studies
from nearfar.records import Column

__all__ = ["STUDY", "Config", "estimates"]

_NAMES = {  # by spread where the information is large, as claimed
    "donsker_varadhan": "Donsker–Varadhan",
    "nwj": "NWJ",
    "jensen_shannon": "Jensen–Shannon",
    "info_nce": "InfoNCE",
}


@dataclass(frozen=True, kw_only=True)
class Config:
    """Information, sizes of batches, repetitions.

    Args:
        information: True mutual information in nats.
        batches: Sizes of batches.
        dim: Dimensions of each vector.
        draws: Batches per seed.
        seeds: Number of seeds.
    """

    information: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)
    batches: tuple[int, ...] = (128, 512, 2048)
    dim: int = 8
    draws: int = 20
    seeds: int = 5

    @property
    def settings(self) -> dict[str, dict[str, float]]:
        """Information and size of the batch of each row."""
        every = [(i, b) for b in self.batches for i in self.information]
        return {f"{i:g} nats, batches of {b:,}": {"information": i, "batch": b} for i, b in every}


def estimates(information: float, batch: int, dim: int, draws: int, seed: int) -> dict[str, float]:
    """Mean, bias in percent and spread of each estimator over batches of pairs."""
    from nearfar import theory
    from nearfar.data import CorrelatedGaussians

    pairs = CorrelatedGaussians(dim, information=information)
    found: dict[str, list[float]] = {name: [] for name in _NAMES}
    for draw in range(draws):
        x, y = pairs.draw(batch, seed=1_000 * seed + draw)
        scores = pairs.log_density_ratios(x, y)
        for name, some in found.items():
            some.append(float(getattr(theory, f"{name}_information")(scores)))
    values = {"excess": max(found["info_nce"]) - math.log(batch)}
    for name, some in found.items():
        values[name] = statistics.fmean(some)
        values[f"{name}_bias"] = 100 * (values[name] / information - 1)
        values[f"{name}_spread"] = statistics.stdev(some)
    for wide, narrow in pairwise(_NAMES):
        ratio = values[f"{wide}_spread"] / max(values[f"{narrow}_spread"], 1e-12)
        values[f"{wide}_wider"] = math.log2(ratio)
    return values


def rows(config: Config) -> list[studies.Row]:
    """One row per size of batch and information."""
    same = {"dim": config.dim, "draws": config.draws}
    return [
        studies.Row(
            name,
            studies.over_seeds(studies.ComputeCell(estimates, setting | same), config.seeds),
            values={**setting, "ceiling": math.log(setting["batch"])},
            group=f"batches of {setting['batch']:,}",
        )
        for name, setting in config.settings.items()
    ]


def claims(config: Config) -> list[studies.Claim]:
    """The ceiling, the bias below it, the order of the spreads above it."""
    below = [name for name, s in config.settings.items() if s["information"] < math.log(s["batch"])]
    above = [name for name in config.settings if name not in below]
    return [
        studies.Claim.at_most("InfoNCE never exceeds ln n", studies.Largest("excess"), 1e-9),
        *(
            studies.Claim.equal(
                f"below ln n the bias of {_NAMES[name]} is within ± 5 %",
                studies.AllOf([studies.Level(f"{name}_bias", row) for row in below]),
                5,
            )
            for name in ("jensen_shannon", "donsker_varadhan")
        ),
        *(
            studies.Claim(
                f"above ln n {_NAMES[wide]} spreads more than {_NAMES[narrow]}",
                studies.AllOf([studies.Level(f"{wide}_wider", row) for row in above]),
                least=0.1,
            )
            for wide, narrow in pairwise(_NAMES)
        ),
    ]


STUDY = studies.Study(
    name="estimators",
    ids=("A8", "F12"),
    source="Tsai et al. 2021 (arXiv 2006.05576), proposition 1; van den Oord et al. 2018",
    question="Which estimators of mutual information does the size of the batch limit, and how do"
    " bias and spread trade off?",
    title="Estimators of mutual information",
    budgets={
        "smoke": studies.Budget(
            config=Config(information=(1, 8), batches=(32, 64), draws=4, seeds=3)
        ),
        "minutes": studies.Budget(
            config=Config(),
            changes=("the critic is the log density ratio: nothing is trained",),
            cpu_minutes=5,
        ),
    },
    rows=rows,
    columns=(
        Column("information", "true", "number", "mutual information in nats"),
        Column("ceiling", "ln n", "number", "ceiling of InfoNCE in nats"),
        *(Column(key, title, "number", "mean estimate") for key, title in _NAMES.items()),
        *(Column(f"{key}_bias", f"{title}, bias %") for key, title in _NAMES.items()),
        *(Column(f"{key}_spread", f"{title}, spread") for key, title in _NAMES.items()),
    ),
    claims=claims,
    figure=studies.RowLines(
        title="Mean estimate against the true mutual information",
        x="information",
        y=_NAMES,
        x_title="true mutual information, nats",
        y_title="estimate, nats",
        log_x=True,
    ),
)

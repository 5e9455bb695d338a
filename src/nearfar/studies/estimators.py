"""Estimators of mutual information on correlated Gaussians, with the best critic.

Tsai et al. (2021) estimate with Jensen-Shannon what InfoNCE cannot exceed: ln n for batches of n.
With the log density ratio as critic nothing is trained, so that bias and spread are those of the
estimators alone.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from nearfar.records import Column, StudyRecord
from nearfar.studies import (
    AllOf,
    Budget,
    Claim,
    ComputeCell,
    Exactly,
    Level,
    Row,
    RowLines,
    Study,
)  # fmt: skip

__all__ = ["STUDY", "Config", "estimates"]

_DIM = 8
_NAMES = {
    "info_nce": "InfoNCE",
    "jensen_shannon": "Jensen–Shannon",
    "nwj": "NWJ",
    "donsker_varadhan": "Donsker–Varadhan",
}
_ORDER = ("donsker_varadhan", "nwj", "jensen_shannon", "info_nce")  # by spread, as claimed


@dataclass(frozen=True, kw_only=True)
class Config:
    """Information, sizes of batches, repetitions.

    Args:
        information: True mutual information in nats.
        batches: Sizes of batches.
        draws: Batches per seed.
        seeds: Number of seeds.
    """

    information: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)
    batches: tuple[int, ...] = (128, 512, 2048)
    draws: int = 20
    seeds: int = 5


def estimates(information: float, batch: int, draws: int, seed: int) -> dict[str, float]:
    """Mean and spread of each estimator over batches of pairs."""
    from nearfar import theory
    from nearfar.data import CorrelatedGaussians

    pairs = CorrelatedGaussians(_DIM, information=information)
    found: dict[str, list[float]] = {name: [] for name in _NAMES}
    for draw in range(draws):
        x, y = pairs.draw(batch, seed=1_000 * seed + draw)
        scores = pairs.log_density_ratio(x[:, None], y[None])
        for name, values in found.items():
            estimate: Callable[..., float] = getattr(theory, f"{name}_information")
            values.append(float(estimate(scores)))
    values = {"excess": max(found["info_nce"]) - math.log(batch)}
    for name, some in found.items():
        values[name] = statistics.fmean(some)
        values[f"{name}_bias"] = 100 * (values[name] / information - 1)
        values[f"{name}_spread"] = statistics.stdev(some)
    spreads = [math.log2(max(values[f"{name}_spread"], 1e-12)) for name in _ORDER]
    for i, name in enumerate(_ORDER[:-1]):
        values[f"{name}_wider"] = spreads[i] - spreads[i + 1]
    return values


def _name(information: float, batch: int) -> str:
    return f"{information:g} nats, batches of {batch:,}"


def rows(config: Config) -> list[Row]:
    """One row per information and size of batch."""
    return [
        Row(
            _name(information, batch),
            [
                ComputeCell(
                    estimates,
                    {"information": information, "batch": batch, "draws": config.draws},
                    seed=seed,
                )
                for seed in range(config.seeds)
            ],
            values={"information": information, "ceiling": math.log(batch)},
            group=f"batches of {batch:,}",
        )
        for batch in config.batches
        for information in config.information
    ]


def _excess(record: StudyRecord) -> float | None:
    return max((v for row in record.rows for v in row.values.get("excess", ())), default=None)


def claims(config: Config) -> list[Claim]:
    """The ceiling, the bias below it, the order of the spreads above it."""
    settings = [(i, b) for b in config.batches for i in config.information]
    below = [_name(i, b) for i, b in settings if i < math.log(b)]
    above = [_name(i, b) for i, b in settings if i > math.log(b)]
    found = [Claim(text="InfoNCE never exceeds ln n", kind="at most", least=1e-9,
                   effect=Exactly(_excess, label="largest excess", of_unit="nats"),
                   published="ln n is its ceiling")]  # fmt: skip
    for name in ("jensen_shannon", "donsker_varadhan"):
        bias = [Level(f"{name}_bias", row) for row in below]
        found.append(
            Claim(
                text=f"Where the information is below ln n, the bias of {_NAMES[name]}"
                " is within ± 5 %",
                effect=AllOf(bias),
                kind="equal",
                least=5,
            )
        )
    for wide, narrow in zip(_ORDER, _ORDER[1:], strict=False):
        spread = [Level(f"{wide}_wider", row) for row in above]
        found.append(
            Claim(
                text=f"Where the information is above ln n, {_NAMES[wide]} spreads more"
                f" than {_NAMES[narrow]}",
                effect=AllOf(spread),
                least=0.1,
            )
        )
    return found


STUDY = Study(
    name="estimators",
    ids=("A8", "F12"),
    source="Tsai et al. 2021 (arXiv 2006.05576), proposition 1; van den Oord et al. 2018",
    question="Which estimators of mutual information are limited by the size of the batch, and how"
    " do bias and spread trade off?",
    title="Estimators of mutual information",
    budgets={
        "smoke": Budget(config=Config(information=(1.0, 8.0), batches=(32, 64), draws=4, seeds=3)),
        "minutes": Budget(
            config=Config(),
            changes=("the critic is the log density ratio, so nothing is trained",),
            cpu_minutes=5,
        ),
    },
    rows=rows,
    columns=(
        Column("information", "true", "number", "mutual information in nats"),
        Column("ceiling", "ln n", "number", "ceiling of InfoNCE, in nats"),
        *(Column(key, title, "number", "mean estimate, in nats") for key, title in _NAMES.items()),
        *(Column(f"{key}_bias", f"{title}, bias", "number", "in percent of the true value")
          for key, title in _NAMES.items()),
        *(Column(f"{key}_spread", f"{title}, spread", "number", "standard deviation over batches")
          for key, title in _NAMES.items()),
        *(Column(f"{key}_wider", f"{_NAMES[key]}, wider", "number",
                 "by how much it spreads more than the next estimator, log2") for key in _ORDER[:-1]),
        Column("excess", "excess", "number", "largest InfoNCE estimate minus ln n"),
    ),
    claims=claims,
    figure=RowLines(
        title="Mean estimate against the true mutual information",
        x="information", y=_NAMES, log_x=True,
        x_title="true mutual information, nats", y_title="estimate, nats",
    ),
)  # fmt: skip

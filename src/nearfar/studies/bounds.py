"""Bounds on the supervised loss of trained encoders, by the number of negatives.

The bound after Arora et al. grows exponentially with the number of negatives, that of Nozawa and
Sato (2021) does not, because the supervised loss in it has the weight of the probability that the
draws cover all classes. Both are computed here for encoders trained with each batch size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from nearfar import studies
from nearfar._docstrings import documented_by
from nearfar.records import Column
from nearfar.studies import AllOf, Claim, Difference, Row
from nearfar.studies._image_trainings import image_budgets
from nearfar.studies._negatives_sweep import BatchSweep

__all__ = ["STUDY", "Config"]

_COVERED = 64  # candidates from which 10 classes are covered with a probability above 0.8


@documented_by(BatchSweep)
@dataclass(frozen=True, kw_only=True)
class Config(BatchSweep):
    """Data, length of the training, and the batch sizes."""


def rows(config: Config) -> list[Row]:
    """Each batch size."""
    return config.by_batch()


def claims(config: Config) -> list[Claim]:
    """The gap, both upper bounds, the supervised part."""
    names = [f"batch {batch}" for batch in config.batches]
    covered = [f"batch {batch}" for batch in config.batches if batch >= _COVERED]

    def alike(column: str, several: list[str]) -> AllOf:
        return AllOf([Difference(column, name, several[0]) for name in several[1:]])

    return [
        Claim.equal(
            "the gap d(f) is that of the smallest batch within 0.1",
            alike("gap", names),
            0.1,
            published="−1.16 to −1.19 (Table 2)",
        ),
        Claim.equal(
            "Nozawa and Sato's upper bound is the same within a factor of 2 from 64 candidates on"
            " (difference of log10)",
            alike("coupon_log", covered),
            math.log10(2),
            published="between 6 and 8 (Figure 1)",
        ),
        Claim(
            "CURL's grows more than tenfold with each doubling (difference of log10)",
            AllOf([Difference("curl_log", more, less) for less, more in pairwise(names)]),
            above=1,
            least=1,
            published="from about 50 to 1,500 between 32 and 64 (Figure 1)",
        ),
        Claim.equal(
            "the supervised part over its weight is that of the smallest batch within 0.1",
            alike("supervised_share", names),
            0.1,
            published="1.80 to 1.83 (Table 2)",
        ),
    ]


STUDY = studies.Study(
    name="bounds",
    ids=("B2", "B3"),
    source="Nozawa and Sato 2021 (arXiv 2102.06866), Table 2 and Figure 1",
    question="Do bounds on the supervised loss of trained encoders grow with the negatives?",
    title="Bounds on the supervised loss of trained encoders",
    budgets=image_budgets(
        Config(image_size=16, held_out=5_000),
        changes=(
            "a ConvNet in place of a ResNet-18, SGD without LARC",
            "the population is 2,000 images kept out of the training, with 6 views each",
        ),
        cpu_minutes=(4, 60),
        smoke={"batches": (16, 32, 64), "views": 2, "measured": 64},
        gpu={"epochs": 500},
    ),
    rows=rows,
    columns=(
        Column("candidates", "K + 1", "number", "candidates"),
        Column("coverage", "υ", "number", "probability that they cover all classes"),
        Column("info_nce", "loss", "number", "contrastive loss"),
        Column("gap", "d(f)", "number", "gap of the bounds"),
        Column("curl_lower", "CURL: loss ≥", "number", "lower bound"),
        Column("coupon_lower", "coupons: loss ≥", "number", "lower bound by coverage"),
        Column("supervised", "supervised", "number", "loss of the mean classifier"),
        Column("supervised_share", "covered", "number", "that of draws that cover all classes"),
        Column("curl_log", "CURL: sup ≤", "number", "log10 of the upper bound"),
        Column("coupon_log", "coupons: sup ≤", "number", "log10 of the upper bound by coverage"),
    ),
    claims=claims,
    figure=studies.RowLines(
        title="Both upper bounds on the supervised loss, as powers of ten",
        x="candidates",
        y={"curl_log": "CURL", "coupon_log": "Nozawa and Sato"},
        x_title="candidates K + 1",
        y_title="log10 of the bound",
        log_x=True,
    ),
)

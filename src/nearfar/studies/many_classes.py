"""More negatives where they cover few of the classes.

With many classes a batch has only some of them, and the bound of Nozawa and Sato (2021) says
nothing of the supervised loss over all. On CIFAR-100 accuracy rises with the negatives even so.
"""

from __future__ import annotations

from dataclasses import dataclass

from nearfar import studies
from nearfar._docstrings import documented_by
from nearfar.records import Column
from nearfar.studies import AllOf, Claim, Difference, Level, Row
from nearfar.studies._image_trainings import image_budgets
from nearfar.studies._negatives_sweep import (
    ACCURACY_BY_CANDIDATES,
    ACCURACY_COLUMNS,
    CANDIDATES_COLUMN,
    NegativesSweep,
)

__all__ = ["STUDY", "Config"]


@documented_by(NegativesSweep)
@dataclass(frozen=True, kw_only=True)
class Config(NegativesSweep):
    """Data, length of the training, and the batch sizes."""

    data: str = "tiny-imagenet"
    batches: tuple[int, ...] = (32, 64, 128)
    fixed: int = 128
    limits: tuple[int, ...] = (32, 128)


def rows(config: Config) -> list[Row]:
    """Each batch size; one batch size with other numbers of negatives."""
    return [*config.by_batch(), *config.by_negatives()]


def claims(config: Config) -> list[Claim]:
    """Accuracy of the smallest and the largest, by batch and by negatives; the coverage."""
    names = [[row.name for row in some] for some in (config.by_batch(), config.by_negatives())]
    batches, limited = names
    accuracy = "projection_mean_classifier"
    return [
        Claim.at_most(
            "no batch covers all classes with a probability of 0.02",
            AllOf([Level("coverage", name) for name in batches]),
            0.02,
        ),
        Claim(
            "the mean classifier on projections is better with the largest batch than with the"
            " smallest",
            Difference(accuracy, batches[-1], batches[0]),
            least=2,
            published="+1.5 points from 128 to 256 candidates of CIFAR-100, υ < 0.001",
        ),
        Claim(
            "it is better with the most than with the fewest negatives of a batch of the same size",
            Difference(accuracy, limited[-1], limited[0]),
            least=2,
        ),
    ]


STUDY = studies.Study(
    name="many_classes",
    ids=("B4",),
    source="Nozawa and Sato 2021 (arXiv 2102.06866), CIFAR-100",
    question="Do more negatives help where they do not cover the classes?",
    title="Negatives that cover few of many classes",
    budgets=image_budgets(
        Config(image_size=16, held_out=5_000),
        changes=("50 classes of Tiny ImageNet in place of CIFAR-100", "a ConvNet, SGD"),
        cpu_minutes=(4, 60),
        smoke={"batches": (16, 32), "fixed": 32, "limits": (16, 32), "views": 2, "measured": 64},
        gpu={"epochs": 500},
    ),
    rows=rows,
    columns=(
        CANDIDATES_COLUMN,
        Column("coverage", "υ", "number", "probability that they cover all classes"),
        *ACCURACY_COLUMNS,
    ),
    claims=claims,
    figure=ACCURACY_BY_CANDIDATES,
)

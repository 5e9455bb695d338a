"""More negatives: better classifiers, or only fewer updates?

Nozawa and Sato (2021) find that accuracy rises with the number of negatives, although collisions of
classes become certain. Their number grows with the batch, and larger batches have fewer updates at
a higher rate. A second sweep keeps the batch and limits the negatives of each view.
"""

from __future__ import annotations

from dataclasses import dataclass

from nearfar import studies
from nearfar._docstrings import documented_by
from nearfar.records import Column
from nearfar.studies import Claim, Difference, Row, Slope
from nearfar.studies._image_trainings import image_budgets
from nearfar.studies._negatives_sweep import (
    ACCURACY_BY_CANDIDATES,
    ACCURACY_COLUMNS,
    CANDIDATES_COLUMN,
    QUANTILES,
    NegativesSweep,
)
from nearfar.studies._row_effects import ColumnDifference, QuantileDistance

__all__ = ["STUDY", "Config"]


@documented_by(NegativesSweep)
@dataclass(frozen=True, kw_only=True)
class Config(NegativesSweep):
    """Data, length of the training, and the batch sizes."""


def rows(config: Config) -> list[Row]:
    """Each batch size; one batch size with other numbers of negatives."""
    return [*config.by_batch(), *config.by_negatives()]


def claims(config: Config) -> list[Claim]:
    """Slopes of accuracy and loss; the head; collisions within a class."""
    names = [f"batch {batch}" for batch in config.batches]
    smallest, largest = names[0], names[-1]
    growing = [(f"batch {2 * b}", f"batch {b}") for b in config.batches[:-1] if b >= 64]
    accuracy = "projection_mean_classifier"
    return [
        Claim(
            "accuracy of the mean classifier on projections rises with each doubling of the batch",
            Slope(accuracy, "candidates", group="batch size", log2=True),
            least=0.5,
            published="+1.8 points per doubling",
        ),
        Claim(
            "it rises with each doubling of the negatives of a batch of the same size",
            Slope(accuracy, "candidates", group=config.limited, log2=True),
            least=0.5,
        ),
        Claim.equal(
            "the loss with K + 1 candidates rises by ln 2 ± 0.1 with each doubling from 64 on",
            studies.AllOf([Difference("excess", more, less) for more, less in growing]),
            0.1,
            published="+0.65 to +0.68 (ln 2 = 0.69)",
        ),
        Claim(
            "representations are better than projections by a linear probe, at each batch size",
            studies.AllOf([ColumnDifference("linear", "projection_linear", n) for n in names]),
            least=2,
            published="+3.5 to +4.9 points",
        ),
        Claim.equal(
            "similarities to colliding samples and to the positive differ equally at each size",
            studies.AllOf([Difference("deviation", name, smallest) for name in names[1:]]),
            0.05,
            published="0.60 to 0.62",
        ),
        Claim.at_most(
            "cosines within classes are distributed alike with the smallest and the largest batch:"
            " Wasserstein distance",
            QuantileDistance(QUANTILES, largest, smallest),
            0.05,
        ),
    ]


STUDY = studies.Study(
    name="negatives",
    ids=("B1", "B5", "B8"),
    source="Nozawa and Sato 2021 (arXiv 2102.06866), Table 1 and Figures 3 to 5",
    question="Do more negatives give better features, or do larger batches?",
    title="The number of negatives",
    budgets=image_budgets(
        Config(image_size=16, held_out=5_000, fixed=128, limits=(8, 32, 128)),
        changes=(
            "a ConvNet in place of a ResNet-18, SGD without LARC, linear scaling of the rate",
            "judged on 5,000 images kept out, loss and similarities on 6 views of 2,000 of them",
        ),
        cpu_minutes=(7, 100),
        smoke={
            "batches": (16, 32, 64),
            "fixed": 64,
            "limits": (16, 64),
            "views": 2,
            "measured": 64,
        },
        hours={"fixed": 512, "limits": (32, 128, 512)},
        gpu={"fixed": 512, "limits": Config.batches, "epochs": 500},
    ),
    rows=rows,
    columns=(
        CANDIDATES_COLUMN,
        *ACCURACY_COLUMNS,
        Column("excess", "− ln(K + 1)", "number", "the loss less its value at chance"),
        Column(
            "deviation", "collisions", "number", "difference of similarity to colliding samples"
        ),
        Column("within_class", "in class", "number", "mean cosine of samples of a class"),
    ),
    claims=claims,
    figure=ACCURACY_BY_CANDIDATES,
)

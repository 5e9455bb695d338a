"""CPC on spoken digits: how far ahead to predict, and among which candidates.

Van den Oord et al. find that features improve up to some steps ahead and then fall, and that
negatives from the same sequence are the useful ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nearfar import studies
from nearfar.records import Column
from nearfar.studies import Claim, Difference, Interior, Row, StudyData, TrainCell

__all__ = ["STUDY", "Config"]


@dataclass(frozen=True, kw_only=True)
class Config:
    """Data, length of the training, horizons and candidates.

    Args:
        data: Labelled sounds.
        samples: Number of training sequences; all by default.
        epochs: Number of epochs.
        steps: Numbers of steps ahead.
        seeds: Number of seeds.
    """

    data: str = "fsdd"
    samples: int | None = 1_000
    epochs: int = 1
    steps: tuple[int, ...] = (1, 2, 4, 8, 12)
    seeds: int = 3


def rows(config: Config) -> list[Row]:
    """The untrained encoder, each number of steps, each sort of candidates."""
    data = StudyData(source=config.data, samples=config.samples)

    def cells(method: str, **options: Any) -> list[TrainCell]:
        training = {"epochs": config.epochs}
        measures = ("knn", "linear")
        cell = TrainCell(
            method=method, data=data, method_options=options, training=training, measures=measures
        )
        return studies.over_seeds(cell, config.seeds)

    return [
        Row("untrained", cells("untrained"), baseline=True),
        *(
            Row(f"{n} steps ahead", cells("cpc", steps=n), {"steps": n}, group="steps ahead")
            for n in config.steps
        ),
        *(
            Row(f"candidates: {name.replace('_', ' ')}", cells("cpc", candidates=name))
            for name in ("batch", "same_sequence", "other_sequences")
        ),
    ]


STUDY = studies.Study(
    name="cpc",
    ids=("F8",),
    source="Van den Oord et al. 2018 (arXiv 1807.03748), Tables 1 and 2",
    question="How far ahead should CPC predict, and do negatives of the same sequence help?",
    title="Horizon and candidates of CPC",
    budgets={
        "smoke": studies.Budget(
            config=Config(samples=64, steps=(2, 4, 8), seeds=2), changes=("64 recordings",)
        ),
        "minutes": studies.Budget(
            config=Config(),
            changes=("1,000 spoken digits in place of LibriSpeech, 1 epoch", "a small encoder"),
            cpu_minutes=15,
        ),
        "hours": studies.Budget(
            config=Config(samples=None, epochs=4, seeds=5),
            changes=("spoken digits in place of LibriSpeech, 4 epochs", "a small encoder"),
            cpu_minutes=90,
        ),
    },
    rows=rows,
    columns=(
        Column("steps", "steps", "number", "number of steps ahead"),
        Column("knn", "kNN", "percent", "test accuracy of 20 nearest neighbors, digits"),
        Column("linear", "linear", "percent", "test accuracy of a linear probe, digits"),
    ),
    claims=(
        Claim(
            "the best number of steps ahead is inside the sweep",
            Interior("linear", "steps", group="steps ahead", log2=True),
            least=1,
            published="28.5, 57.6, 63.6, 64.6, 63.8 at 2, 4, 8, 12, 16 steps",
        ),
        Claim(
            "without negatives of the same sequence it learns less",
            Difference("linear", "candidates: batch", "candidates: other sequences"),
            least=2,
            published="64.6 against 57.3",
        ),
        Claim.equal(
            "with negatives of the same sequence alone it learns as much",
            Difference("linear", "candidates: same sequence", "candidates: batch"),
            2,
            published="65.2 against 64.6",
        ),
    ),
    figure=studies.RowLines(
        title="Accuracy of a linear probe by steps ahead",
        x="steps",
        y={"linear": "linear"},
        x_title="steps ahead",
        y_title="accuracy of the linear probe",
        log_x=True,
    ),
)

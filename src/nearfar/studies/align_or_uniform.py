"""Alignment or uniformity alone: each of the two is not enough.

Wang and Isola (2020) train encoders by a weighted sum of alignment and uniformity. With one weight
at zero, alignment alone collapses to a point, and uniformity alone spreads samples out without
regard to what they show; only both together give features that a probe can use.
"""

from __future__ import annotations

from dataclasses import dataclass

from nearfar.records import Column
from nearfar.studies import Budget, Claim, Difference, Level, Row, Study, StudyData, TrainCell

__all__ = ["STUDY", "Config"]

_LEAST = -3.94  # uniformity of points that are uniform on the sphere, t = 2, 128 dimensions


@dataclass(frozen=True, kw_only=True)
class Config:
    """Data and length of the training.

    Args:
        data: Labelled images.
        samples: Number of training images.
        labeled: Number of labelled training images for the probes.
        image_size: Side of the images in pixels; that of the data by default.
        epochs: Number of epochs.
        batch_size: Samples per batch.
        seeds: Number of seeds.
    """

    data: str = "cifar10"
    samples: int = 5_000
    labeled: int | None = None
    image_size: int | None = None
    epochs: int = 5
    batch_size: int = 128
    seeds: int = 3


_WEIGHTS = {"alignment only": (1.0, 0.0), "uniformity only": (0.0, 1.0), "both": (1.0, 1.0)}


def rows(config: Config) -> list[Row]:
    """Raw pixels, the untrained encoder, one term, the other, both."""
    size = {} if config.image_size is None else {"image_size": config.image_size}
    data = StudyData(
        source=config.data, samples=config.samples, labeled=config.labeled, options=size
    )
    training = {"epochs": config.epochs, "batch_size": config.batch_size}

    def trained(weights: tuple[float, float]) -> list[TrainCell]:
        options = dict(zip(("alignment_weight", "uniformity_weight"), weights, strict=True))
        return [
            TrainCell(
                method="alignment_uniformity",
                data=data,
                seed=seed,
                encoder="convnet",
                method_options=options,
                training=training,
            )
            for seed in range(config.seeds)
        ]

    untrained = [
        TrainCell(method="untrained", data=data, seed=seed, encoder="convnet")
        for seed in range(config.seeds)
    ]
    return [
        Row("raw pixels", [TrainCell(method="raw", data=data)], baseline=True),
        Row("untrained", untrained, baseline=True),
        *(Row(name, trained(weights)) for name, weights in _WEIGHTS.items()),
    ]


STUDY = Study(
    name="align_or_uniform",
    ids=("C2", "C3"),
    source="Wang and Isola 2020 (arXiv 2005.10242), Figure 5",
    question="Does alignment without uniformity, or uniformity without alignment, give useful"
    " features?",
    title="Alignment or uniformity alone",
    budgets={
        "smoke": Budget(
            config=Config(data="digits", samples=256, epochs=1, batch_size=64, seeds=2),
            changes=("handwritten digits, one epoch",),
        ),
        "minutes": Budget(
            config=Config(image_size=16),
            changes=(
                "CIFAR-10 in place of STL-10: 5,000 images of 16×16 pixels, 5 epochs",
                "a ConvNet in place of AlexNet",
            ),
            cpu_minutes=10,
        ),
        "hours": Budget(
            config=Config(samples=20_000, epochs=20, seeds=5),
            changes=(
                "CIFAR-10 in place of STL-10: 20,000 images, 20 epochs",
                "a ConvNet in place of AlexNet",
            ),
            cpu_minutes=150,
        ),
    },
    rows=rows,
    columns=(
        Column("knn", "kNN", "percent", "test accuracy of 20 nearest neighbours"),
        Column("linear", "linear", "percent", "test accuracy of a linear probe"),
        Column("alignment", "align", "number", "mean squared distance of two views on the sphere"),
        Column("uniformity", "uniform", "number", "log mean Gaussian potential, lower is better"),
        Column("verdict", "verdict", "words", "label-free verdict of each seed"),
    ),
    claims=(
        Claim(
            "Alignment only collapses: uniformity stays above −0.05",
            Level("uniformity", "alignment only", minus=-0.05),
            least=0,
        ),
        Claim(
            "Alignment only is no better than the untrained encoder by kNN",
            Difference("knn", "alignment only", "untrained"),
            least=1,
            kind="at most",
        ),
        Claim(
            "Uniformity only comes within 0.15 of the uniform distribution",
            Level("uniformity", "uniformity only", minus=_LEAST),
            least=0.15,
            kind="equal",
        ),
        Claim(
            "Uniformity only leaves views apart: alignment above 1",
            Level("alignment", "uniformity only", minus=1),
            least=0,
        ),
        Claim(
            "Both together beat uniformity only by a linear probe",
            Difference("linear", "both", "uniformity only"),
            least=3,
        ),
    ),
)

"""Comparison of all image methods with the same encoder and budget, and with baselines.

Published comparisons report each method at its own best setting, often for a single seed. Here only
heads and views differ, which are the presets' defaults.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

from nearfar import studies
from nearfar._deprecation import renamed_members
from nearfar.records import Column
from nearfar.studies._method_rows import compared
from nearfar.studies._published_accuracies import PUBLISHED, SOURCES

__all__ = ["STUDY", "Config"]

_RANKED = ("simclr", "moco_v2", "byol", "simsiam", "swav", "barlow_twins", "vicreg")
_BASELINES = ("raw", "untrained", "supervised", "autoencoder")  # without a claim of their own


@renamed_members(labelled="labeled")
@dataclass(frozen=True, kw_only=True)
class Config:
    """Methods to compare, and the length of their training.

    Args:
        data: Labelled images: a name (see `nearfar data`), a folder or a file.
        methods: Rows of the table, separated by commas: presets, methods of your own (file.py:name)
            and `supervised`; all presets if not given.
        seeds: Number of seeds per method: 0, 1, ...
        samples: Number of training images, a random subset; all if not given.
        labeled: Number of labelled images for training the probes; all if not given.
        image_size: Side of the images; that of the data if not given.
        encoder: Name of the encoder.
        epochs: Number of epochs.
        batch_size: Samples per batch.
        sgd: Train by SGD as published for small images: learning rate 0.06 for a batch of 128, in
            proportion to the batch, weight decay 0.0005. By default AdamW.
    """

    data: str = "cifar10"
    methods: tuple[str, ...] | None = None
    seeds: int = 3
    samples: int | None = None
    labeled: int | None = None
    image_size: int | None = None
    encoder: str = "convnet"
    epochs: int = 1
    batch_size: int = 128
    sgd: bool = False


def rows(config: Config) -> list[studies.Row]:
    """Raw pixels, the untrained encoder, and each method."""
    data = studies.StudyData(
        source=config.data,
        samples=config.samples,
        labeled=config.labeled,
        options={"image_size": config.image_size},
    )
    training: dict[str, object] = {"epochs": config.epochs, "batch_size": config.batch_size}
    if config.sgd:
        rate = 0.06 * config.batch_size / 128
        training |= {"optimizer": "sgd", "learning_rate": rate, "weight_decay": 5e-4}
    usual = studies.TrainCell(method="raw", data=data, encoder=config.encoder, training=training)
    return [
        studies.Row(
            name,
            studies.over_seeds(replace(usual, method=name), 1 if name == "raw" else config.seeds),
            words={"published": PUBLISHED.get(name, "")},
            baseline=name in _BASELINES,
        )
        for name in ("raw", "untrained", *compared(config.methods))
    ]


def claims(config: Config) -> list[studies.Claim]:
    """Each method against the baselines; collapse; labels; the best-known methods' range."""
    trained = [name for name in compared(config.methods) if name not in _BASELINES]
    pairs = [(probe, start) for probe in ("knn", "linear") for start in ("raw", "untrained")]
    best_known = [studies.Difference("linear", *pair) for pair in combinations(_RANKED, 2)]
    return [
        *(
            studies.Claim(
                f"{name} beats raw features and the untrained encoder by kNN and a linear probe",
                studies.AllOf([studies.Difference(probe, name, than) for probe, than in pairs]),
                least=1,
            )
            for name in trained
        ),
        studies.Claim(
            "no method's projections have an effective rank below 5",
            studies.AllOf([studies.Level("effective_rank", name, minus=5) for name in trained]),
            least=0,
        ),
        studies.Claim(
            "labels beat every method by a linear probe",
            studies.AllOf([studies.Difference("linear", "supervised", name) for name in trained]),
            least=1,
        ),
        studies.Claim.equal(
            "the seven best-known methods are within 5 points by a linear probe",
            studies.AllOf(best_known),
            5,
            published="3.8 points after 1,000 epochs (solo-learn)",
        ),
    ]


STUDY = studies.Study(
    name="methods",
    ids=("F1",),
    source="published comparisons on small images: lightly and solo-learn, CIFAR-10",
    question="Does each method, with its defaults, beat raw pixels and the untrained encoder?",
    title=lambda config: f"Image methods on {config.data}",
    budgets={
        "smoke": studies.Budget(
            config=Config(
                data="digits", methods=("simclr", "byol"), seeds=2, batch_size=64, samples=256
            ),
            changes=("handwritten digits, one epoch, two methods",),
        ),
        "minutes": studies.Budget(
            config=Config(samples=5_000, image_size=16, epochs=3),
            changes=("5,000 images of 16×16 pixels, 3 epochs, a ConvNet",),
            cpu_minutes=20,
        ),
        "hours": studies.Budget(
            config=Config(samples=20_000, epochs=20, seeds=3),
            changes=("20,000 images, 20 epochs, a ConvNet",),
            cpu_minutes=480,
        ),
        "gpu": studies.Budget(
            config=Config(encoder="resnet18", epochs=200, batch_size=512, sgd=True),
            changes=("one optimiser and one length for all methods: 200 epochs",),
        ),
    },
    rows=rows,
    columns=(
        *studies.PROBE_COLUMNS,
        *studies.HEALTH_COLUMNS,
        *studies.COST_COLUMNS,
        Column("published", "published", "words", "with a ResNet-18, see the notes"),
    ),
    claims=claims,
    notes=SOURCES,
)

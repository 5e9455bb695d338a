"""Projections on the circle: random, contrastive and supervised.

Wang and Isola (2020) train encoders whose output is a point on the circle. Classes lie in arcs when
the labels train the encoder; without labels the points spread over the whole circle, and views of
an image stay together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from nearfar import studies
from nearfar._docstrings import documented_by
from nearfar.records import Column
from nearfar.studies import Claim, Difference, Level, Row
from nearfar.studies._circle_picture import CirclePicture
from nearfar.studies._image_trainings import ImageTrainings, image_budgets

__all__ = ["STUDY", "Config"]

_ROWS = ("random", "contrastive", "supervised")


@documented_by(ImageTrainings)
@dataclass(frozen=True, kw_only=True)
class Config(ImageTrainings):
    """Data and length of the training.

    Args:
        temperature: Temperature of the contrastive loss.
    """

    temperature: float = 0.5


def rows(config: Config) -> list[Row]:
    """An encoder as initialized, one trained without labels, one with."""
    measures = ("nearfar.studies._circle_values:circle_values", "linear", "health")
    contrastive: dict[str, Any] = {"dim": 2, "temperature": config.temperature}
    method = "nearfar.studies._simclr_variants:linear_simclr"
    still = {"max_updates": 1, "learning_rate": 1e-12}
    return [
        Row(
            "random",
            config.cells(method, measures=measures, training=still, **contrastive),
            baseline=True,
        ),
        Row("contrastive", config.cells(method, measures=measures, **contrastive)),
        Row("supervised", config.cells("supervised", measures=measures, dim=2), baseline=True),
    ]


CLAIMS = (
    Claim(
        "contrastive projections on the circle are better than random ones by a linear probe",
        Difference("circle_linear", "contrastive", "random"),
        least=5,
        published="+15.9 points (12.7 and 28.6 %, Figure 3)",
    ),
    Claim(
        "supervised ones are better than contrastive ones",
        Difference("circle_linear", "supervised", "contrastive"),
        least=5,
        published="+28.6 points (57.2 %, Figure 3)",
    ),
    Claim(
        "the angles of contrastive projections have at least 95 % of the largest entropy",
        Level("angle_entropy", "contrastive", minus=0.95 * math.log(2 * math.pi)),
        least=0,
        published="nearly uniform (Figure 3)",
    ),
    Claim(
        "their entropy is not below that of supervised ones by 0.02",
        Difference("angle_entropy", "contrastive", "supervised"),
        above=-0.02,
        least=-0.02,
    ),
)

STUDY = studies.Study(
    name="circle",
    ids=("C1",),
    source="Wang and Isola 2020 (arXiv 2005.10242), Figure 3",
    question="Where on the circle does an encoder put its samples, without labels and with them?",
    title="Projections on the circle",
    budgets=image_budgets(
        Config(image_size=16),
        changes=("a ConvNet in place of AlexNet, AdamW", "batches of 128 (M = 254)"),
        cpu_minutes=(2, 30),
        gpu={"batch_size": 128},
    ),
    rows=rows,
    columns=(
        Column("circle_linear", "linear, circle", "percent", "linear probe on unit projections"),
        Column("linear", "linear, h", "percent", "linear probe on representations"),
        Column("angle_entropy", "entropy", "number", "of the angles, nats; at most ln 2π = 1.838"),
        *studies.HEALTH_COLUMNS[:2],
    ),
    claims=CLAIMS,
    figure=CirclePicture(
        title="Projections of test images on the circle, a ring per class, first seed", rows=_ROWS
    ),
)

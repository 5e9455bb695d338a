"""Alignment and uniformity against the contrastive loss, each at its best setting.

In the limit of many negatives the contrastive loss is alignment plus uniformity. Wang and Isola
(2020) find the two, with their own weights, no worse than the loss that they come from, with the
negatives of a batch and with those of a queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nearfar import studies
from nearfar._docstrings import documented_by
from nearfar.records import Column
from nearfar.studies import Claim, Difference, Row, TrainCell
from nearfar.studies._chosen_effects import VALIDATION, BestOfEach
from nearfar.studies._image_trainings import ImageTrainings, image_budgets

__all__ = ["STUDY", "Config"]

_METHODS = "nearfar.studies._queue_methods:queue_"
_QUEUES = {"contrastive": "queue, τ = 0.2", "alignment_uniformity": "queue, 3 : 1, t = 3"}

_WEIGHTS, _TEMPERATURES = ("1:1:2", "3:1:3", "0.5:1:2"), (0.1, 0.19, 0.5, 1)  # at minutes


@documented_by(ImageTrainings)
@dataclass(frozen=True, kw_only=True)
class Config(ImageTrainings):
    """Data, length of the training, weights and temperatures.

    Args:
        weights: Weight of alignment, of uniformity, and t, with colons between.
        temperatures: Temperatures of the contrastive loss.
        queue_size: Keys in the queue.
        decay: Decay of the key encoder.
    """

    weights: tuple[str, ...] = ("1:1:2", "1:1:3", "2:1:2", "3:1:3", "0.5:1:2")
    temperatures: tuple[float, ...] = (0.07, 0.1, 0.19, 0.3, 0.5, 1)
    queue_size: int = 512
    decay: float = 0.95

    @property
    def weighted(self) -> dict[str, dict[str, Any]]:
        """Options by the names of the rows with alignment and uniformity."""
        keys = ("alignment_weight", "uniformity_weight", "t")
        options = [
            dict(zip(keys, map(float, text.split(":")), strict=True)) for text in self.weights
        ]
        return {
            "{alignment_weight:g} : {uniformity_weight:g}, t = {t:g}".format(**some): some
            for some in options
        }

    @property
    def contrastive(self) -> dict[str, dict[str, Any]]:
        """Options by the names of the rows with the contrastive loss."""
        alone = {"alignment_weight": 0.0, "uniformity_weight": 0.0, "contrastive_weight": 1.0}
        return {f"τ = {tau:g}": alone | {"temperature": float(tau)} for tau in self.temperatures}


def rows(config: Config) -> list[Row]:
    """The untrained encoder; weights; temperatures; both losses with a queue."""
    measures = ("knn", "linear", "health", VALIDATION)

    def trained(method: str, options: dict[str, Any]) -> list[TrainCell]:
        return config.cells(method, measures=measures, **options)

    start = config.cells("untrained", measures=("knn", "linear"))
    queue = {"queue_size": config.queue_size, "decay": config.decay}
    with_batch = {"weights": config.weighted, "temperatures": config.contrastive}
    return [
        Row("untrained", start, baseline=True),
        *(
            Row(name, trained("alignment_uniformity", options), group=group)
            for group, several in with_batch.items()
            for name, options in several.items()
        ),
        *(
            Row(name, trained(f"{_METHODS}{loss}", queue), group="queue")
            for loss, name in _QUEUES.items()
        ),
    ]


def claims(config: Config) -> list[Claim]:
    """Equivalence with negatives of the batch; not worse with a queue."""
    best = BestOfEach(
        "linear", tuple(config.weighted), tuple(config.contrastive), by="validation_linear"
    )
    return [
        Claim.equal(
            "the best weights are within 1.5 points of the best temperature by a linear probe",
            best,
            1.5,
            published="+0.5 points on STL-10 (Table 1), +1.8 on ImageNet-100 (Table 3)",
        ),
        Claim(
            "with a queue, alignment and uniformity are at most half a point below the contrastive"
            " loss by a linear probe",
            Difference("linear", _QUEUES["alignment_uniformity"], _QUEUES["contrastive"]),
            above=-0.5,
            least=-0.5,
            published="+0.2 points on ImageNet (Table 5)",
        ),
    ]


STUDY = studies.Study(
    name="align_or_contrast",
    ids=("C5", "C8"),
    source="Wang and Isola 2020 (arXiv 2005.10242), Tables 1 and 5",
    question="Are alignment and uniformity, optimized directly, as good as the contrastive loss?",
    title="Alignment and uniformity against the contrastive loss",
    budgets=image_budgets(
        Config(image_size=16, weights=_WEIGHTS, temperatures=_TEMPERATURES),
        changes=("CIFAR-10 in place of STL-10 and ImageNet", "a ConvNet, AdamW"),
        cpu_minutes=(7, 100),
        smoke={"weights": ("1:1:2",), "temperatures": (0.2,), "queue_size": 128},
        hours={"weights": Config.weights, "temperatures": Config.temperatures},
        gpu={
            "weights": Config.weights,
            "temperatures": Config.temperatures,
            "queue_size": 16_384,
            "decay": 0.999,
        },
    ),
    rows=rows,
    columns=(
        *studies.PROBE_COLUMNS[:2],
        Column("validation_linear", "validation", "percent", "of a fifth of the probe's samples"),
        *studies.HEALTH_COLUMNS[:2],
    ),
    claims=claims,
    figure=studies.RowPoints(
        title="Alignment and uniformity of each encoder",
        x="uniformity",
        y={"alignment": "alignment"},
        x_title="uniformity",
        y_title="alignment",
    ),
    notes=(
        "the best weights and the best temperature are those with the highest validation accuracy:"
        " a linear probe's on a fifth of its training images, which it is not fitted to",
    ),
)

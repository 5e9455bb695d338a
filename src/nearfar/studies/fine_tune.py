"""A weak encoder is trained on with alignment, with uniformity, or with both.

Wang and Isola (2020) start from an encoder whose temperature was too high. Each term alone improves
itself and harms the features; only both together improve them.
"""

from __future__ import annotations

from dataclasses import dataclass

from nearfar import studies
from nearfar._docstrings import documented_by
from nearfar.studies import Claim, Difference, Row
from nearfar.studies._image_trainings import ImageTrainings, image_budgets

__all__ = ["STUDY", "Config"]

_START = "start, τ = 2.5"
_TERMS = {"alignment only": (1.0, 0.0), "uniformity only": (0.0, 1.0), "both": (1.0, 1.0)}


@documented_by(ImageTrainings)
@dataclass(frozen=True, kw_only=True)
class Config(ImageTrainings):
    """Data and length of both trainings.

    Args:
        temperature: Temperature of the first training.
        more_epochs: Epochs of the second one.
    """

    temperature: float = 2.5
    more_epochs: int = 2


def rows(config: Config) -> list[Row]:
    """The untrained encoder, the weak one, and what each term makes of it."""
    measures = ("knn", "linear", "health")
    weights = ("alignment_weight", "uniformity_weight")
    start = config.cells(
        "alignment_uniformity",
        measures=measures,
        alignment_weight=0.0,
        uniformity_weight=0.0,
        contrastive_weight=1.0,
        temperature=config.temperature,
    )
    untrained = config.cells("untrained", measures=("knn", "linear"))
    return [
        Row("untrained", untrained, baseline=True),
        Row(_START, start),
        *(
            Row(
                name,
                config.cells(
                    "alignment_uniformity",
                    measures=measures,
                    training={"epochs": config.more_epochs},
                    start=start[0],
                    **dict(zip(weights, terms, strict=True)),
                ),
            )
            for name, terms in _TERMS.items()
        ),
    ]


CLAIMS = (
    Claim(
        "both terms together improve the encoder by a linear probe",
        Difference("linear", "both", _START),
        least=1,
        published="66 to 73.5 % (Figure 8)",
    ),
    Claim(
        "alignment alone harms it",
        Difference("linear", _START, "alignment only"),
        least=1,
        published="66 to 59 % (Figure 8)",
    ),
    Claim(
        "uniformity alone harms it",
        Difference("linear", _START, "uniformity only"),
        least=1,
        published="66 to 44.5 % (Figure 8)",
    ),
)

STUDY = studies.Study(
    name="fine_tune",
    ids=("C7",),
    source="Wang and Isola 2020 (arXiv 2005.10242), Figure 8",
    question="Does one of the two terms improve a weak encoder, or only both?",
    title="Training a weak encoder on",
    budgets=image_budgets(
        Config(image_size=16),
        changes=(
            "CIFAR-10 in place of STL-10",
            "a ConvNet in place of AlexNet, AdamW, weights of 1 in place of 0.0005 to 0.025",
        ),
        cpu_minutes=(2, 60),
        gpu={"batch_size": 768, "more_epochs": 12},
    ),
    rows=rows,
    columns=(
        *studies.PROBE_COLUMNS[:2],
        *studies.HEALTH_COLUMNS[:2],
    ),
    claims=CLAIMS,
    figure=studies.RowPoints(
        title="Alignment and uniformity before and after",
        x="uniformity",
        y={"alignment": "alignment"},
        x_title="uniformity",
        y_title="alignment",
    ),
)

"""Alignment or uniformity alone, and the ratio of their weights.

Wang and Isola (2020) train encoders by a weighted sum of alignment and uniformity. With one weight
at zero, alignment alone collapses to a point, and uniformity alone spreads samples out without
regard to what they show. Between the two is an optimum.
"""

from __future__ import annotations

from dataclasses import dataclass

from nearfar import studies
from nearfar._docstrings import documented_by
from nearfar.records import Column
from nearfar.studies import Claim, Difference, Level, Row, TrainCell
from nearfar.studies._chosen_effects import VALIDATION
from nearfar.studies._image_trainings import ImageTrainings, image_budgets

__all__ = ["STUDY", "Config"]

_LEAST = -3.94  # uniformity of points that are uniform on the sphere, t = 2, 128 dimensions


@documented_by(ImageTrainings)
@dataclass(frozen=True, kw_only=True)
class Config(ImageTrainings):
    """Data, length of the training, and the ratios of the weights.

    Args:
        ratios: Weights of alignment for a weight of uniformity of 1.
    """

    ratios: tuple[float, ...] = (0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32)


def rows(config: Config) -> list[Row]:
    """The untrained encoder; each term alone; both with each ratio."""

    def weighted(align: float, uniform: float) -> list[TrainCell]:
        return config.cells(
            "alignment_uniformity",
            measures=("knn", "linear", "health", VALIDATION),
            alignment_weight=align,
            uniformity_weight=uniform,
        )

    start = config.cells("untrained", measures=("knn", "linear"))
    return [
        Row("untrained", start, baseline=True),
        Row("alignment only", weighted(1.0, 0.0)),
        Row("uniformity only", weighted(0.0, 1.0)),
        *(
            Row(f"ratio {ratio:g}", weighted(float(ratio), 1.0), {"ratio": ratio}, group="both")
            for ratio in config.ratios
        ),
    ]


def claims(config: Config) -> list[Claim]:
    """Each alone, and the optimum between them."""
    steepest = f"ratio {max(config.ratios):g}"
    return [
        Claim(
            "alignment only collapses: uniformity stays above −0.05",
            Level("uniformity", "alignment only", minus=-0.05),
            least=0,
        ),
        Claim.at_most(
            "alignment only is no better than the untrained encoder by kNN",
            Difference("knn", "alignment only", "untrained"),
            1,
        ),
        Claim.equal(
            "uniformity only comes within 0.15 of the uniform distribution",
            Level("uniformity", "uniformity only", minus=_LEAST),
            0.15,
        ),
        Claim(
            "uniformity only leaves views apart: alignment above 1",
            Level("alignment", "uniformity only", minus=1),
            least=0,
        ),
        Claim(
            "both with equal weights beat uniformity only by a linear probe",
            Difference("linear", "ratio 1", "uniformity only"),
            least=3,
        ),
        Claim(
            "the best ratio is inside the sweep: a parabola rises first and falls at the end",
            studies.Interior("linear", "ratio", group="both", log2=True),
            least=2,
            published="an inverted U (Figure 7)",
        ),
        Claim.at_most(
            f"{steepest} is no better than the untrained encoder by a linear probe",
            Difference("linear", steepest, "untrained"),
            1,
        ),
        Claim(
            f"{steepest} leaves a mean potential, exp of uniformity, above a half",
            Level("uniformity", steepest, minus=-0.693),
            least=0,
            published="1 far above a ratio of 4 (Figure 7)",
        ),
    ]


STUDY = studies.Study(
    name="align_or_uniform",
    ids=("C2", "C3", "C4"),
    source="Wang and Isola 2020 (arXiv 2005.10242), Figures 5 and 7",
    question="Does alignment without uniformity, or uniformity without alignment, give useful"
    " features, and which ratio of the two gives the best?",
    title="Alignment or uniformity alone, and their ratio",
    budgets=image_budgets(
        Config(image_size=16, ratios=(0.125, 0.5, 1, 4, 32)),
        changes=("CIFAR-10 in place of STL-10", "a ConvNet in place of AlexNet, AdamW"),
        cpu_minutes=(5, 90),
        smoke={"ratios": (0.5, 1, 8)},
        hours={"ratios": Config.ratios},
        gpu={"ratios": Config.ratios, "batch_size": 768},
    ),
    rows=rows,
    columns=(
        *studies.PROBE_COLUMNS[:2],
        Column("ratio", "ratio", "number", "weight of alignment over that of uniformity"),
        *studies.HEALTH_COLUMNS[:2],
        Column("validation_linear", "validation", "percent", "of a fifth of the probe's samples"),
    ),
    claims=claims,
    figure=studies.RowLines(
        title="Accuracy of a linear probe by the ratio of the weights",
        x="ratio",
        y={"linear": "linear"},
        x_title="weight of alignment over that of uniformity",
        y_title="test accuracy",
        log_x=True,
    ),
)

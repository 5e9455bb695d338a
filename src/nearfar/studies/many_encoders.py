"""Many encoders: is accuracy a matter of alignment and uniformity?

Wang and Isola (2020) train hundreds of encoders with different losses, weights, temperatures and
dimensions. Those with low alignment and low uniformity are the best.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nearfar import studies
from nearfar._docstrings import documented_by
from nearfar.studies import Claim, RankCorrelation, Row
from nearfar.studies._chosen_effects import VALIDATION
from nearfar.studies._image_trainings import ImageTrainings, image_budgets
from nearfar.studies._plane_fit import PlaneFit

__all__ = ["STUDY", "Config"]

_ALONE = ("1:0", "0:1")


@documented_by(ImageTrainings)
@dataclass(frozen=True, kw_only=True)
class Config(ImageTrainings):
    """Data, length of the training, and the settings, all combinations of which are trained.

    Args:
        ratios: Weights of alignment for a weight of uniformity of 1.
        widths: Values of t of uniformity.
        temperatures: Temperatures of the contrastive loss.
        dims: Dimensions of the projections.
    """

    ratios: tuple[float, ...] = (0.125, 0.25, 0.5, 1, 2, 3, 4, 8, 16, 32)
    widths: tuple[float, ...] = (2, 3)
    temperatures: tuple[float, ...] = (0.05, 0.07, 0.1, 0.19, 0.3, 0.5, 1, 2.5)
    dims: tuple[int, ...] = (128, 32)
    seeds: int = 1

    @property
    def settings(self) -> dict[str, dict[str, Any]]:
        """Options by the name of the encoder."""
        found: dict[str, dict[str, Any]] = {}
        for dim in self.dims:
            for text in _ALONE:
                align, uniform = map(float, text.split(":"))
                options = {"alignment_weight": align, "uniformity_weight": uniform}
                found[f"{text}, dim {dim}"] = {**options, "dim": dim}
            for t in self.widths:
                for ratio in self.ratios:
                    options = {"alignment_weight": float(ratio), "uniformity_weight": 1.0}
                    found[f"{ratio:g}:1, t {t:g}, dim {dim}"] = {
                        **options,
                        "t": float(t),
                        "dim": dim,
                    }
            for tau in self.temperatures:
                options = {"alignment_weight": 0.0, "uniformity_weight": 0.0}
                found[f"τ {tau:g}, dim {dim}"] = {
                    **options,
                    "contrastive_weight": 1.0,
                    "temperature": float(tau),
                    "dim": dim,
                }
        return found


def rows(config: Config) -> list[Row]:
    """A row per encoder, in groups by the linear accuracy's source: loss and dimension."""
    measures = ("knn", "linear", "health", VALIDATION)
    return [
        Row(
            name,
            config.cells("alignment_uniformity", measures=measures, **options),
            group="contrastive" if "contrastive_weight" in options else "weights",
        )
        for name, options in config.settings.items()
    ]


CLAIMS = (
    Claim(
        "the lower the alignment at the same uniformity, the higher the accuracy: partial rank"
        " correlation",
        RankCorrelation("linear", "alignment", given="uniformity", sign=-1),
        least=0.2,
    ),
    Claim(
        "the lower the uniformity at the same alignment, the higher the accuracy: partial rank"
        " correlation",
        RankCorrelation("linear", "uniformity", given="alignment", sign=-1),
        least=0.2,
    ),
    Claim(
        "a plane over both explains at least half of the variance of the accuracy",
        PlaneFit("alignment", "uniformity", "linear"),
        above=0.5,
        least=0.5,
    ),
)

STUDY = studies.Study(
    name="many_encoders",
    ids=("C6",),
    source="Wang and Isola 2020 (arXiv 2005.10242), Figure 5",
    question="Do alignment and uniformity tell which of many encoders are good?",
    title="Many encoders",
    budgets=image_budgets(
        Config(image_size=16),
        changes=(
            "60 encoders in place of 304",
            "CIFAR-10 in place of STL-10, a ConvNet in place of AlexNet, AdamW",
            "one seed of each",
        ),
        cpu_minutes=(10, 120),
        smoke={
            "ratios": (0.5, 4),
            "widths": (2,),
            "temperatures": (0.2, 1),
            "dims": (32,),
            "seeds": 1,
        },
        gpu={"batch_size": 768},
    ),
    rows=rows,
    columns=(
        *studies.PROBE_COLUMNS[:2],
        *studies.HEALTH_COLUMNS[:2],
    ),
    claims=CLAIMS,
    figure=studies.RowPoints(
        title="Uniformity and accuracy of each encoder",
        x="uniformity",
        y={"linear": "linear"},
        x_title="uniformity",
        y_title="accuracy of a linear probe",
    ),
)

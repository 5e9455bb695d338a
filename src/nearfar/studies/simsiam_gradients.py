"""What SimSiam's gradient adds to a collapsing one: closed forms, and whether it de-centers.

Zhang et al. write each negative gradient as that of the naive loss, which collapses, plus an extra
gradient. Its mean is compared with the vectors' own center on a cloud around a common direction.
In place of a trained predictor stands the ideal one: the expectation over augmentations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nearfar import studies
from nearfar.records import Column
from nearfar.studies import Claim, ComputeCell, Largest, Level, Row
from nearfar.studies._gradient_values import decentering, identities

__all__ = ["STUDY", "Config"]


@dataclass(frozen=True, kw_only=True)
class Config:
    """Strengths of augmentation, temperatures, sizes.

    Args:
        noises: Lengths of the augmentation's noise; center and instances have length 1.
        temperatures: Temperatures of InfoNCE.
        samples: Samples of the cloud.
        dim: Dimensions.
        seeds: Number of seeds.
    """

    noises: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)
    temperatures: tuple[float, ...] = (0.1, 1.0, 100.0)
    samples: int = 1_000
    dim: int = 64
    seeds: int = 5

    @property
    def extras(self) -> dict[str, dict[str, Any]]:
        """Extra gradient, noise and temperature of each row."""
        usual: dict[str, Any] = {"noise": 1.0, "temperature": 1.0}
        ideal = {
            f"ideal predictor, noise {n:g}": usual | {"extra": "ideal predictor", "noise": n}
            for n in self.noises
        }
        several = {
            f"InfoNCE, τ = {t:g}": usual | {"extra": "InfoNCE", "temperature": t}
            for t in self.temperatures
        }
        return {
            **ideal,
            **{name: usual | {"extra": name} for name in ("no predictor", "triplet")},
            **several,
        }


def rows(config: Config) -> list[Row]:
    """Each loss against autograd; each extra gradient on the cloud."""
    sizes = {"samples": config.samples, "dim": config.dim}
    checks = {
        f"{loss}, gradient": ComputeCell(
            identities, {"loss": loss, "temperature": 0.5, "samples": 64, "dim": config.dim}
        )
        for loss in ("SimSiam", "triplet", "InfoNCE")
    }
    return [
        *(Row(name, studies.over_seeds(cell, config.seeds)) for name, cell in checks.items()),
        *(
            Row(
                name,
                studies.over_seeds(
                    ComputeCell(decentering, setting | sizes, version=2), config.seeds
                ),
                {"noise": setting["noise"]} if "ideal" in name else {},
                group="ideal predictor" if "ideal" in name else "",
            )
            for name, setting in config.extras.items()
        ),
    ]


def claims(config: Config) -> list[Claim]:
    """Closed forms; the sign and size of each crossing."""
    ideal = [name for name in config.extras if "ideal" in name]
    nce = [name for name in config.extras if "InfoNCE" in name]
    return [
        Claim.at_most("autograd agrees with the closed forms", Largest("identities"), 1e-9),
        Claim(
            "SimSiam's extra gradient de-centers if the predictor is ideal, at any noise",
            studies.AllOf([Level("crossing", name, sign=-1) for name in ideal]),
            least=0.01,
            published="crossing at −0.45 to −0.5 in training (Figure 5a)",
        ),
        Claim(
            "it does so more with each step of the augmentation's noise",
            studies.Monotone("crossing", "noise", group="ideal predictor", sign=-1),
            least=0.01,
        ),
        Claim.equal(
            "without a predictor it does not de-center",
            Level("crossing", "no predictor"),
            1e-9,
            published="collapses (Table 2)",
        ),
        Claim.equal("a triplet's crossing is −1", Level("crossing", "triplet", minus=-1), 1e-9),
        Claim(
            "InfoNCE de-centers at any temperature",
            studies.AllOf([Level("crossing", name, sign=-1) for name in nce]),
            least=0.1,
        ),
    ]


STUDY = studies.Study(
    name="simsiam_gradients",
    ids=("A9",),
    source="Zhang et al. 2022 (arXiv 2203.16262), sections 3 and 4, Figure 5a",
    question="Which extra gradients de-center, and are they what the paper writes?",
    title="Extra gradients of SimSiam, triplet and InfoNCE",
    budgets={
        "smoke": studies.Budget(
            config=Config(noises=(0.5, 2.0), temperatures=(1.0,), samples=100, dim=16, seeds=2)
        ),
        "minutes": studies.Budget(
            config=Config(),
            changes=("the expectation over 128 views in place of a trained predictor",),
            cpu_minutes=1,
        ),
    },
    rows=rows,
    columns=(
        Column("noise", "noise", "number", "length of the augmentation's noise"),
        Column("identities", "deviation", "number", "largest, from autograd, relative"),
        Column("center", "m_o", "number", "length of the projections' center"),
        Column("crossing", "crossing", "number", "coefficient of the center in the extra gradient"),
        Column("of_projections", "of projections", "number", "that of the projections' center"),
    ),
    claims=claims,
    figure=studies.ReadingLines(
        title="Cosine of the extra gradient's mean, less η times the center, with the center",
        x="η",
        y={"cosine": "cosine"},
        x_title="η",
        y_title="cosine",
    ),
)

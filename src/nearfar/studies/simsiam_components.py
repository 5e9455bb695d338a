"""Components of the extra gradient, switched off one by one in training, and each alone in phases.

Zhang et al. keep the center, the residual, both or neither of the extra gradient of SimSiam and of
a triplet. Their first conjecture is tested by training a sound encoder towards its center, and
then along its residuals, again and again.
"""

from __future__ import annotations

from dataclasses import dataclass

from nearfar import studies
from nearfar._docstrings import documented_by
from nearfar.records import Column
from nearfar.studies import AllOf, Claim, Level
from nearfar.studies._short_runs import (
    COLLAPSE_COLUMNS,
    LINEAR_COLUMNS,
    ShortRuns,
    short_budgets,
    simsiam_sgd,
)
from nearfar.studies._usual_claims import behind, collapses, equals, spread_out

__all__ = ["STUDY", "Config"]

_ONE = "nearfar.studies._component_methods:one_component"
_PARTS = {
    "center only": {"keep_residual": False},
    "residual only": {"keep_center": False},
}


@documented_by(ShortRuns)
@dataclass(frozen=True, kw_only=True)
class Config(ShortRuns):
    """Data and length of the trainings, and of each phase.

    Args:
        phase_epochs: Number of epochs of each phase with one component.
    """

    phase_epochs: int = 6


def rows(config: Config) -> list[studies.Row]:
    """SimSiam's and the triplet's components; a sound encoder, and the phases after it."""

    def phase(name: str, component: str, after: studies.Row) -> studies.Row:
        options = {"component": component, "norms": "hidden"}
        return config.row(name, _ONE, options, epochs=config.phase_epochs, after=after)

    sound = config.row("SimSiam, no batch-norm at the end", "simsiam", {"norms": "hidden"})
    center = phase("then center phase", "center", sound)
    residual = phase("then residual phase", "residual", center)
    neither = {"keep_center": False, "keep_residual": False}
    return [
        config.untrained,
        config.row(
            "SimSiam", "simsiam", also=("nearfar.studies._collapse_values:decentering_values",)
        ),
        *(
            config.row(f"SimSiam, {name}", "simsiam_gradient", options)
            for name, options in {**_PARTS, "neither": neither}.items()
        ),
        config.row("triplet", "simsiam_gradient", {"extra": "triplet"}),
        *(
            config.row(f"triplet, {name}", "simsiam_gradient", {"extra": "triplet", **options})
            for name, options in _PARTS.items()
        ),
        sound,
        center,
        residual,
        phase("then center phase again", "center", residual),
    ]


def claims(config: Config) -> list[Claim]:
    """Which components prevent collapse, which learn, and what each does alone."""
    centers = ("then center phase", "then center phase again")
    return [
        collapses("SimSiam, neither", "collapses, accuracy 1 (Table 4)"),
        collapses("triplet, residual only", "std 0, m_o 1 (Table 3)"),
        spread_out("SimSiam, center only", 0.3, "48.08 (Table 4)"),
        spread_out("SimSiam, residual only", 0.3, "66.15 (Table 4)"),
        spread_out("triplet", 0.3, "std·√d 0.90 (Table 3)"),
        spread_out("triplet, center only", 0.3, "std·√d 0.91 (Table 3)"),
        equals("SimSiam, residual only", "SimSiam", published="66.15 of 66.62 (Table 4)"),
        behind("SimSiam, center only", "SimSiam, residual only", published="48.08 of 66.15"),
        behind("triplet", "triplet, center only", published="36.21 of 47.41 (Table 3)"),
        Claim.equal(
            "SimSiam's extra gradient de-centers: crossing between −0.8 and −0.2",
            Level("crossing", "SimSiam", minus=-0.5),
            0.3,
            published="−0.45 to −0.5 (Figure 5a)",
        ),
        Claim(
            "the center alone collapses: m_o above 0.95 after each center phase",
            AllOf([Level("m_o", name, minus=0.95) for name in centers]),
            least=0,
            published="m_o to 1 (Figure 4)",
        ),
        Claim(
            "the residuals alone undo it: m_o below 0.2 after the residual phase",
            Level("m_o", "then residual phase", minus=0.2, sign=-1),
            least=0,
            published="m_o to 0, m_r to 1 (Figure 4)",
        ),
    ]


STUDY = studies.Study(
    name="simsiam_components",
    ids=("E3", "E4", "E5", "E6"),
    source="Zhang et al. 2022 (arXiv 2203.16262), Tables 3 and 4, Figures 4 and 5a",
    question="Which component of the extra gradient prevents collapse, and which one learns?",
    title="Components of the extra gradient in training",
    budgets=short_budgets(
        Config,
        data="CIFAR-100, ResNet-18, 1,000 epochs of SGD",
        cpu_minutes=(13, 190),
        smoke={"phase_epochs": 1},
        minutes=simsiam_sgd(32),
        hours=simsiam_sgd(128),
        gpu={"epochs": 200, **simsiam_sgd(256)},
    ),
    rows=rows,
    columns=(
        *LINEAR_COLUMNS,
        *COLLAPSE_COLUMNS,
        Column("crossing", "crossing", "number", "coefficient of the predictions' center"),
        Column("of_projections", "of projections", "number", "that of the projections' center"),
    ),
    claims=claims,
    figure=studies.ReadingLines(
        title="Length of the center, m_o, over training",
        x="epoch",
        y={"m_o": "m_o"},
        x_title="epoch of each training",
        y_title="m_o",
    ),
)

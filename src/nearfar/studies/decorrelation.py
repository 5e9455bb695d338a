"""Whether learning decorrelates the dimensions, and whether decorrelation undoes a collapse.

Zhang et al. watch the covariance of different dimensions while SimSiam and InfoNCE train, compare
InfoNCE's residual gradient with that of a correlation regularizer at several temperatures, and
train a collapsed encoder by the regularizer alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from nearfar import studies
from nearfar._docstrings import documented_by
from nearfar.records import Column
from nearfar.studies import AllOf, Claim, Level
from nearfar.studies._ratio_effects import LogRatio
from nearfar.studies._short_runs import (
    COLLAPSE_COLUMNS,
    LINEAR_COLUMNS,
    ShortRuns,
    short_budgets,
    simsiam_sgd,
)

__all__ = ["STUDY", "Config"]

_ONE = "nearfar.studies._component_methods:one_component"
_HIDDEN = {"norms": "hidden"}


@documented_by(ShortRuns)
@dataclass(frozen=True, kw_only=True)
class Config(ShortRuns):
    """Data and length of the trainings, of the induced collapse and of its recovery.

    Args:
        naive_epochs: Number of epochs without a predictor, so that a sound encoder collapses.
        recovery_epochs: Number of epochs of decorrelation alone.
    """

    naive_epochs: int = 6
    recovery_epochs: int = 3


def rows(config: Config) -> list[studies.Row]:
    """SimSiam, InfoNCE, SimSiam without the residual part; a collapse and its recovery."""
    sound = config.row("SimSiam, no batch-norm at the end", "simsiam", _HIDDEN)
    none, epochs = {**_HIDDEN, "predictor": "none"}, config.naive_epochs
    naive = config.row("then no predictor", "simsiam", none, epochs=epochs, after=sound)
    return [
        config.untrained,
        config.row("SimSiam", "simsiam"),
        config.row(
            "InfoNCE", "simclr", also=("nearfar.studies._collapse_values:decorrelation_values",)
        ),
        config.row("SimSiam, center only", "simsiam_gradient", {"keep_residual": False}),
        sound,
        naive,
        config.row(
            "then decorrelation alone",
            _ONE,
            {**_HIDDEN, "component": "decorrelation"},
            epochs=config.recovery_epochs,
            after=naive,
        ),
    ]


def claims(config: Config) -> list[Claim]:
    """Covariance falls; it stays without residuals; the temperature; the recovery."""
    return [
        *(
            Claim(
                f"{name}: the covariance falls to half of that at the first checkpoint (halvings)",
                LogRatio("covariance", name, than="covariance_early", sign=-1),
                above=1,
                least=1,
                published=f"{published} (Figure 6)",
            )
            for name, published in {
                "SimSiam": "0.0014 to 0.00035",
                "InfoNCE": "0.0009 to 0.0002",
            }.items()
        ),
        Claim(
            "without the residual part it ends more than three times as high (doublings)",
            LogRatio("covariance", "SimSiam, center only", than="covariance", of="SimSiam"),
            above=1.58,
            least=1.58,
            published="about 0.004 against 0.00035 (Figure 6)",
        ),
        Claim(
            "InfoNCE's residual part decorrelates more at 0.1 ≤ τ ≤ 0.5 than at 0.02 and at 2",
            AllOf([Level("over_low", "InfoNCE"), Level("over_high", "InfoNCE")]),
            least=0.3,
            published="0.83 near 0.2, about 0 below 0.05, 0.08 at 1 (Figure 5c)",
        ),
        Claim.equal(
            "the best of all temperatures is between 0.1 and 0.5 (log10)",
            Level("peak_at", "InfoNCE", minus=-0.65),
            0.36,
            published="0.2 (Figure 5c)",
        ),
        Claim(
            "without its predictor a sound SimSiam collapses: m_r below 0.1",
            Level("m_r", "then no predictor", minus=0.1, sign=-1),
            least=0,
            published="m_r near 0 (Figure 5b)",
        ),
        Claim(
            "decorrelation alone brings it back: m_r above 0.9",
            Level("m_r", "then decorrelation alone", minus=0.9),
            least=0,
        ),
    ]


STUDY = studies.Study(
    name="decorrelation",
    ids=("E7", "E8", "E9"),
    source="Zhang et al. 2022 (arXiv 2203.16262), Figures 5b, 5c and 6",
    question="Does learning decorrelate the dimensions, and does decorrelation undo a collapse?",
    title="Decorrelation of dimensions",
    budgets=short_budgets(
        Config,
        data="CIFAR-100, ResNet-18, 200 epochs of SGD",
        cpu_minutes=(7, 110),
        smoke={"naive_epochs": 1, "recovery_epochs": 1},
        minutes=simsiam_sgd(32),
        hours=simsiam_sgd(128),
        gpu={"epochs": 200, **simsiam_sgd(256)},
    ),
    rows=rows,
    columns=(
        *LINEAR_COLUMNS,
        *COLLAPSE_COLUMNS,
        Column("covariance_early", "at first", "number", "covariance at the first checkpoint"),
        Column("peak", "peak", "number", "largest cosine of the residual part, over τ"),
        Column("peak_at", "at log10 τ", "number", "temperature of the peak"),
    ),
    claims=claims,
    figure=studies.ReadingLines(
        title="Mean absolute covariance of different dimensions over training",
        x="epoch",
        y={"covariance": "covariance"},
        x_title="epoch of each training",
        y_title="covariance",
        log_y=True,
    ),
)

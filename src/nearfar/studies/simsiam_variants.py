"""SimSiam's architectures and ablations: which of them collapse, and what the others learn.

Zhang et al. move the predictor, invert it, replace it by the expectation over augmentations or
simplify it; Chen and He remove one part after another. Collapse is judged by the projections' own
spread and center, not by a verdict, and what is learnt by probes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nearfar import studies
from nearfar._docstrings import documented_by
from nearfar.studies import AllOf, Claim, Difference, Level
from nearfar.studies._short_runs import (
    COLLAPSE_COLUMNS,
    LINEAR_COLUMNS,
    SPREAD_OVER_TRAINING,
    ShortRuns,
    short_budgets,
    simsiam_sgd,
)
from nearfar.studies._simsiam_arms import ABLATIONS, AGAIN, COLLAPSING, FULL, VARIANTS
from nearfar.studies._usual_claims import behind, collapses, equals, no_better, spread_out

__all__ = ["STUDY", "Config"]


@documented_by(ShortRuns)
@dataclass(frozen=True, kw_only=True)
class Config(ShortRuns):
    """Data and length of the trainings, and views of the explicit expectation.

    Args:
        fresh: Numbers of views that the explicit expectation is the mean of.
        predictors: Simplified predictors.
        ablations: Whether to train the ablations of learning rate and batch-norm as well.
        longer: Multiple of the epochs at which some arms are trained again; 1 for none.
    """

    fresh: tuple[int, ...] = (2,)
    predictors: tuple[str, ...] = ("bias",)
    ablations: bool = False
    longer: int = 4

    @property
    def explicit(self) -> list[str]:
        """The rows of the explicit expectation."""
        return [f"expectation over {n} views" for n in self.fresh]

    @property
    def long_epochs(self) -> int:
        """Number of epochs of the longer trainings."""
        return self.longer * self.epochs

    @property
    def arms(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Method and options of each arm with two views and the whole predictor."""
        return {**VARIANTS, **(ABLATIONS if self.ablations else {})}


def rows(config: Config) -> list[studies.Row]:
    """The untrained encoder, each arm, and the explicit expectation."""
    return [
        config.untrained,
        *(config.row(name, *arm) for name, arm in config.arms.items()),
        *(
            config.row(f"{kind} as predictor", "simsiam", {"predictor": kind})
            for kind in config.predictors
        ),
        *(
            config.row(f"{name}, {config.longer} × as long", *arm, epochs=config.long_epochs)
            for name, arm in AGAIN.items()
            if config.longer > 1
        ),
        *(
            config.row(name, "simsiam_expectation", {"over": "batch"}, {"num_views": 2 + n})
            for name, n in zip(config.explicit, config.fresh, strict=True)
        ),
    ]


def claims(config: Config) -> list[Claim]:
    """Who collapses; who stays behind SimSiam."""
    point = (*COLLAPSING, *config.explicit)
    sound = [Level("m_o", name, minus=0.3, sign=-1) for name in ("SimSiam", "inverse predictor")]
    later = f"{config.longer} × as long"
    found = [
        collapses(f"naive, no predictor, {later}"),
        spread_out(f"bias as predictor, {later}", 0.3),
        no_better((f"naive, no predictor, {later}",)),
        Claim(
            f"SimSiam, {later}: better than the untrained encoder by linear",
            Difference("linear", f"SimSiam, {later}", "untrained"),
            least=1,
        ),
        spread_out("SimSiam", 0.7, "66.62 (Table 2)"),
        spread_out("inverse predictor", 0.7, "about 65.7 (Figure 3)"),
        spread_out("moving average", 0.3, "0.49 (Table 1)"),
        spread_out("bias as predictor", 0.3, "no collapse (Table 5)"),
        Claim("SimSiam and the inverse predictor keep m_o below 0.3", AllOf(sound), least=0),
        *(collapses(name, "collapses, accuracy 1 (Tables 1 and 2)") for name in point),
        Claim(
            "all of these end in one point: m_o above 0.95",
            AllOf([Level("m_o", name, minus=0.95) for name in point]),
            least=0,
        ),
        no_better(point),
        no_better(("fixed predictor",), "linear", published="1.5 of 67.7"),
        behind("moving average", "SimSiam", published="46.57 of 66.62 (Tables 1 and 2)"),
        behind("bias as predictor", "SimSiam"),
        behind("no batch-norm", "SimSiam", published="34.6 of 68.1"),
        equals("inverse predictor", "SimSiam", published="about 1 below (Figure 3)"),
        equals("decayed predictor rate", "SimSiam", published="67.7 of 68.1"),
        equals("batch-norm in hidden layers", "SimSiam", published="67.4 of 68.1"),
    ]
    trained = {row.name for row in rows(config)}
    return [claim for claim in found if trained.issuperset(claim.effect.rows)]


STUDY = studies.Study(
    name="simsiam_variants",
    ids=("E1", "E2", "E10", "E11"),
    source="Zhang et al. 2022 (arXiv 2203.16262), Tables 1, 2 and 5, Figure 3; Chen and He 2021"
    " (arXiv 2011.10566), section 4",
    question="Which parts of SimSiam prevent collapse, and which parts make it learn?",
    title="Variants of SimSiam",
    budgets=short_budgets(
        Config,
        data="CIFAR-100, ResNet-18, 1,000 epochs of SGD",
        cpu_minutes=(5, 300),
        smoke={"ablations": True, "longer": 2},
        minutes=simsiam_sgd(32),
        hours={**simsiam_sgd(128), **FULL},
        gpu={"epochs": 200, **simsiam_sgd(256), **FULL},
    ),
    rows=rows,
    columns=(*LINEAR_COLUMNS, *COLLAPSE_COLUMNS),
    claims=claims,
    figure=SPREAD_OVER_TRAINING,
)

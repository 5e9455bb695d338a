"""Deep InfoMax: local or global information, estimators, prior; and AMDIM.

Hjelm et al. find local information far better than global, and the InfoNCE estimator the one that
needs many negatives; Bachman et al. improve on it by several scales and two views.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from nearfar import studies
from nearfar._docstrings import documented_by
from nearfar.records import Column
from nearfar.studies import Claim, Difference, Row, Slope
from nearfar.studies._short_runs import LINEAR_COLUMNS, ShortRuns, short_budgets
from nearfar.studies._usual_claims import equals

__all__ = ["STUDY", "Config"]


@documented_by(ShortRuns)
@dataclass(frozen=True, kw_only=True)
class Config(ShortRuns):
    """Data and length of the trainings, and batches that set the number of negatives.

    Args:
        batches: Batch sizes of the estimators.
    """

    batches: tuple[int, ...] = (16, 64)
    checkpoints: int = 0


def rows(config: Config) -> list[Row]:
    """Local, global, with and without prior; estimators by batch; AMDIM."""
    arms = {
        "local": {},
        "global": {"global_weight": 1.0, "local_weight": 0.0, "prior_weight": 1.0},
        "local, no prior": {"prior_weight": 0.0},
        "local, strong prior": {"prior_weight": 1.0},
    }

    def by_batch(name: str, estimator: str, size: int) -> Row:
        runs = replace(config, batch_size=size)
        row = runs.row(f"{name}, batch {size}", "deep_infomax", {"estimator": estimator})
        return replace(row, values={"batch": size}, group=name)

    return [
        config.untrained,
        *(config.row(name, "deep_infomax", options) for name, options in arms.items()),
        *(
            by_batch(name, estimator, size)
            for name, estimator in {"JSD": "jensen_shannon", "InfoNCE": "info_nce"}.items()
            for size in config.batches
        ),
        config.row("AMDIM", "amdim"),
    ]


STUDY = studies.Study(
    name="infomax",
    ids=("F9", "F10"),
    source="Hjelm et al. 2019 (arXiv 1808.06670), Tables 1 to 3; Bachman et al. 2019 (arXiv"
    " 1906.00910)",
    question="Is local information better than global, and which estimator needs many negatives?",
    title="Deep InfoMax and AMDIM",
    budgets=short_budgets(
        Config,
        data="CIFAR-10 with the paper's encoder, 1,000 epochs",
        cpu_minutes=(12, 200),
        smoke={"batches": (8, 16)},
        gpu={"epochs": 300, "batch_size": 64},
    ),
    rows=rows,
    columns=(*LINEAR_COLUMNS, Column("batch", "batch", "number", "samples per batch")),
    claims=(
        Claim(
            "local information beats global by a linear probe",
            Difference("linear", "local", "global"),
            least=5,
            published="73.25 against 52.2 (Table 1)",
        ),
        Claim(
            "InfoNCE gains with the number of negatives (points per doubling)",
            Slope("linear", "batch", group="InfoNCE", log2=True),
            least=0.5,
        ),
        Claim.equal(
            "JSD does not need them (points per doubling)",
            Slope("linear", "batch", group="JSD", log2=True),
            0.5,
        ),
        equals("local, no prior", "local"),
        Claim(
            "AMDIM beats local Deep InfoMax by a linear probe",
            Difference("linear", "AMDIM", "local"),
            least=1,
            published="91.2 against 73.25, with its own encoder",
        ),
    ),
    figure=studies.RowLines(
        title="Accuracy of a linear probe by batch size",
        x="batch",
        y={"linear": "linear"},
        x_title="samples per batch",
        y_title="accuracy of the linear probe",
        log_x=True,
    ),
)

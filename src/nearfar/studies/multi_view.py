"""The multi-view theorems on tables of probabilities, where all information is exact.

Tsai et al. bound what a self-supervised representation keeps and loses. Each theorem is tested on
a toy of four bits, on random joint distributions of input, signal and task, and on random ones
that meet the assumptions that theorem 2 needs.
"""

from __future__ import annotations

from dataclasses import dataclass

from nearfar import studies
from nearfar.records import Column
from nearfar.studies import Claim, ComputeCell, Largest, Level, Row
from nearfar.studies._multi_view_values import bit_toy_values, random_values, shared_values

__all__ = ["STUDY", "Config"]

_ANY, _TASK, _SHARED = "random joints", "task of the input", "task and signal of the input"
_ZERO = 1e-9  # nats


@dataclass(frozen=True, kw_only=True)
class Config:
    """Flips of the bit toy, number of random distributions.

    Args:
        flips: Probabilities that the signal has the wrong bit of the task.
        joints: Random joint distributions of each sort and seed.
        seeds: Number of seeds.
    """

    flips: tuple[float, ...] = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.499, 0.5)
    joints: int = 40
    seeds: int = 5


def rows(config: Config) -> list[Row]:
    """The bit toy by flip; random joint distributions of three sorts."""
    size = {"joints": config.joints}
    drawn = {
        _ANY: ComputeCell(random_values, {"task_of_input": False, **size}),
        _TASK: ComputeCell(random_values, {"task_of_input": True, **size}),
        _SHARED: ComputeCell(shared_values, size),
    }
    return [
        *(
            Row(f"bit toy, flip {p:g}", [ComputeCell(bit_toy_values, {"flip": p})], {"flip": p})
            for p in config.flips
        ),
        *(Row(name, studies.over_seeds(cell, config.seeds)) for name, cell in drawn.items()),
    ]


def claims(config: Config) -> list[Claim]:
    """Theorems 1, 3 and 4; theorem 2 with and without its assumptions; errors by information."""
    toys = [f"bit toy, flip {p:g}" for p in config.flips]
    return [
        *(
            Claim.at_most(f"theorem {k} is never violated", Largest(f"theorem_{k}"), _ZERO)
            for k in (1, 3, 4)
        ),
        Claim.at_most(
            "theorem 2 holds where the task is a function of the input and the minimal"
            " representation one of signal and task",
            studies.AllOf([Largest("theorem_2", name) for name in (*toys, _SHARED)]),
            _ZERO,
        ),
        Claim.at_most(
            "theorem 2 holds on none of the random joint distributions",
            Largest("second_holds", _ANY),
            0,
            published="stated without assumptions",
        ),
        Claim.at_most(
            "theorem 2 holds on none where only the task is a function of the input",
            Largest("second_holds", _TASK),
            0,
        ),
        Claim.at_most("the bit toy has its closed forms", Largest("deviation"), _ZERO),
        *(
            Claim.at_most(
                f"the more information about the signal, the lower the Bayes error: rank"
                f" correlation at most −0.5, {name}",
                Level("correlation", name),
                -0.5,
            )
            for name in (_ANY, _SHARED)
        ),
    ]


STUDY = studies.Study(
    name="multi_view",
    ids=("A7", "D7"),
    source="Tsai et al. 2021 (arXiv 2006.05576), Theorems 1 to 4",
    question="Do the multi-view theorems hold, and which assumptions do they need?",
    title="The multi-view theorems",
    budgets={
        "smoke": studies.Budget(config=Config(flips=(0.0, 0.1), joints=2, seeds=2)),
        "minutes": studies.Budget(
            config=Config(),
            changes=("all information is exact, of tables; trained encoders are left out",),
            cpu_minutes=1,
        ),
    },
    rows=rows,
    columns=(
        Column("flip", "flip", "number", "probability that the signal has the wrong bit"),
        Column("epsilon", "ε", "number", "information on the task that the signal lacks"),
        Column("kept", "I(Z;T)", "number", "kept by the minimal self-supervised representation"),
        Column("promised", "theorem 1", "number", "its lower bound"),
        Column("error", "error", "number", "Bayes error of that representation"),
        Column("bound", "theorem 3", "number", "its upper bound"),
        Column("second_holds", "theorem 2", "number", "share of distributions on which it holds"),
        Column("assumed", "assumptions", "number", "share on which its assumptions are met"),
        Column("correlation", "correlation", "number", "of information and error, over 20 codes"),
    ),
    claims=claims,
    figure=studies.RowLines(
        title="The minimal self-supervised representation of the bit toy, and its bounds",
        x="flip",
        y={
            "kept": "information on the task",
            "promised": "theorem 1: at least",
            "error": "Bayes error",
            "bound": "theorem 3: at most",
        },
        x_title="probability that the signal has the wrong bit",
        y_title="nats; error",
    ),
)

"""Deep Graph Infomax on citation networks in its own setting, and without its corruption.

Veličković et al. train one graph convolution on the whole graph and classify its nodes by a
logistic regression on twenty labelled nodes per class. Without shuffled features, the graph and
its corruption are the same, and there is nothing to learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nearfar import studies
from nearfar.records import Column
from nearfar.studies import Claim, Difference, Level, Measure, Row, StudyData, TrainCell

__all__ = ["STUDY", "Config"]

_PUBLISHED = {"cora": 0.823, "citeseer": 0.718}


@dataclass(frozen=True, kw_only=True)
class Config:
    """Graphs and number of encoders.

    Args:
        data: Names of the graphs.
        epochs: Number of epochs, of one update each; those of the modality by default.
        seeds: Number of encoders on each graph.
        fits: Number of classifiers on each encoder.
    """

    data: tuple[str, ...] = ("cora", "citeseer")
    epochs: int | None = None
    seeds: int = 5
    fits: int = 10


def rows(config: Config) -> list[Row]:
    """For each graph: raw features, untrained, trained, trained without corruption."""
    epochs = {} if config.epochs is None else {"epochs": config.epochs}
    measures = (
        Measure(
            "nearfar.studies._published_classifier:published_classifier", {"fits": config.fits}
        ),
        "linear",
    )

    def row(name: str, method: str, **options: Any) -> Row:
        data = StudyData(source=name.partition(",")[0])
        cell = TrainCell(method=method, data=data, measures=measures, **options)
        published = {f"{graph}, DGI": f"{100 * value:.1f}" for graph, value in _PUBLISHED.items()}
        return Row(
            name,
            studies.over_seeds(cell, 1 if method == "raw" else config.seeds),
            words={"published": published.get(name, "")},
            baseline=not options,
        )

    dgi, same = "deep_graph_infomax", {"shuffle": (False,)}
    return [
        row_of_graph
        for graph in config.data
        for row_of_graph in (
            row(f"{graph}, features", "raw"),
            row(f"{graph}, untrained", "untrained"),
            row(f"{graph}, DGI", dgi, training=epochs),
            row(f"{graph}, no corruption", dgi, training=epochs, view_options=same),
        )
    ]


def claims(config: Config) -> list[Claim]:
    """The published accuracies; better than features; the need for corruption."""
    column = "published_classifier"
    found = []
    for name in config.data:
        found += [
            Claim.equal(
                f"{name}: within 1 point of the published accuracy",
                Level(column, f"{name}, DGI", minus=_PUBLISHED[name]),
                1,
                published=f"{100 * _PUBLISHED[name]:.1f}",
            ),
            Claim(
                f"{name}: far above a logistic regression on the features",
                Difference(column, f"{name}, DGI", f"{name}, features"),
                least=10,
            ),
            Claim.at_most(
                f"{name}: without corruption no better than the untrained encoder",
                Difference(column, f"{name}, no corruption", f"{name}, untrained"),
                1,
            ),
        ]
    return found


STUDY = studies.Study(
    name="graphs",
    ids=("F11",),
    source="Veličković et al. 2019 (arXiv 1809.10341), Table 2",
    question="Does Deep Graph Infomax reach its published accuracies, and is corruption needed?",
    title="Deep Graph Infomax on citation networks",
    budgets={
        "smoke": studies.Budget(
            config=Config(data=("cora",), epochs=2, seeds=2, fits=1), changes=("2 updates",)
        ),
        "minutes": studies.Budget(
            config=Config(),
            changes=(
                "ten classifiers on each of 5 encoders in place of one on each of 50",
                "a fixed length of training in place of stopping by the loss",
            ),
            cpu_minutes=9,
        ),
        "hours": studies.Budget(
            config=Config(seeds=50, fits=1),
            changes=("a fixed length of training in place of stopping by the loss",),
            cpu_minutes=90,
        ),
    },
    rows=rows,
    columns=(
        Column("published_classifier", "as published", "percent", "logistic regression by Adam"),
        Column("linear", "linear", "percent", "linear probe, regularization chosen on labels"),
        Column("published", "published", "words", "in the paper, mean of 50 runs"),
    ),
    claims=claims,
)

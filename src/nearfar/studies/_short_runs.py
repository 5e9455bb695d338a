"""The trainings that studies of ablations share: the same data, length and measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from nearfar.records import Column
from nearfar.studies._figures import ReadingLines
from nearfar.studies._measure_of_run import Measure
from nearfar.studies._study import Budget, Row, over_seeds
from nearfar.studies._study_data import StudyData
from nearfar.studies._train_cell import TrainCell
from nearfar.studies._usual_columns import PROBE_COLUMNS

__all__ = [
    "COLLAPSE_COLUMNS",
    "LINEAR_COLUMNS",
    "SPREAD_OVER_TRAINING",
    "ShortRuns",
    "short_budgets",
    "simsiam_sgd",
]

RunsT = TypeVar("RunsT", bound="ShortRuns")


@dataclass(frozen=True, kw_only=True)
class ShortRuns:
    """Data and length of the trainings.

    Args:
        data: Labelled images.
        samples: Number of training images.
        tests: Number of test images.
        image_size: Side of the images in pixels; that of the data by default.
        encoder: Name of the encoder.
        epochs: Number of epochs.
        batch_size: Samples per batch.
        optimizer: Optimiser; that of the training by default.
        learning_rate: Peak learning rate; that of the optimiser by default.
        weight_decay: Weight decay; that of the optimiser by default.
        seeds: Number of seeds.
        checkpoints: Number of checkpoints at which the projections are measured.
    """

    data: str = "cifar10"
    samples: int | None = 1_000
    tests: int | None = 1_000
    image_size: int | None = 16
    encoder: str = "convnet"
    epochs: int = 6
    batch_size: int = 32
    optimizer: str | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None
    seeds: int = 3
    checkpoints: int = 3

    @property
    def training(self) -> dict[str, Any]:
        """Options of the training loop."""
        names = ("epochs", "batch_size", "optimizer", "learning_rate", "weight_decay")
        given = {name: getattr(self, name) for name in names}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def _usual(self) -> TrainCell:
        options = {"image_size": self.image_size}
        data = StudyData(source=self.data, samples=self.samples, tests=self.tests, options=options)
        probes = (Measure("knn", at_end=True), Measure("linear", at_end=True))
        return TrainCell(method="untrained", data=data, encoder=self.encoder, measures=probes)

    def row(
        self,
        name: str,
        method: str,
        options: Mapping[str, Any] | None = None,
        views: Mapping[str, Any] | None = None,
        *,
        epochs: int | None = None,
        after: Row | None = None,
        also: tuple[str, ...] = (),
    ) -> Row:
        """A row of trainings that are measured at checkpoints.

        Args:
            name: Name of the row.
            method: The preset.
            options: Its options.
            views: Options of the views.
            epochs: Number of epochs, if it is another.
            after: A row whose weights the trainings start from.
            also: Further measures.
        """
        cell = replace(
            self._usual,
            method=method,
            method_options=options or {},
            view_options=views or {},
            training=self.training | ({"epochs": epochs} if epochs else {}),
            measures=(
                *self._usual.measures,
                "nearfar.studies._collapse_values:collapse_values",
                *also,
            ),
            checkpoints=self.checkpoints,
        )
        cells: Sequence[Any] = over_seeds(cell, self.seeds)
        if after is not None:
            before: Sequence[Any] = after.cells
            cells = [replace(c, start=b) for c, b in zip(cells, before, strict=True)]
        return Row(name, cells)

    @property
    def untrained(self) -> Row:
        """The encoder with its initial weights."""
        return Row("untrained", over_seeds(self._usual, self.seeds), baseline=True)


_SMOKE: dict[str, Any] = {
    "data": "digits", "samples": 96, "tests": 40, "image_size": None, "epochs": 1,
    "batch_size": 32, "seeds": 2, "checkpoints": 1,
}  # fmt: skip
_HOURS: dict[str, Any] = {
    "samples": 10_000, "tests": None, "image_size": None, "epochs": 20, "batch_size": 128,
    "seeds": 5,
}  # fmt: skip
_GPU: dict[str, Any] = {
    "samples": None, "tests": None, "image_size": None, "encoder": "resnet18", "seeds": 5,
}  # fmt: skip


def simsiam_sgd(batch_size: int) -> dict[str, Any]:
    """Batch and optimiser of Zhang et al.: SGD at 0.5 for a batch of 256."""
    return {
        "batch_size": batch_size,
        "optimizer": "sgd",
        "learning_rate": 0.5 * batch_size / 256,
        "weight_decay": 1e-5,
    }


def short_budgets(
    config: type[RunsT],
    *,
    data: str,
    cpu_minutes: tuple[float, float],
    smoke: Mapping[str, Any],
    gpu: Mapping[str, Any],
    minutes: Mapping[str, Any] | None = None,
    hours: Mapping[str, Any] | None = None,
) -> dict[str, Budget[RunsT]]:
    """The four budgets of a study of short runs.

    Args:
        config: The study's configuration.
        data: The paper's data and encoder.
        cpu_minutes: CPU time of ``minutes`` and of ``hours``.
        smoke: Other arguments of the smoke budget.
        gpu: The paper's setting: epochs, batch, optimiser.
        minutes: Other arguments of the budget ``minutes``.
        hours: Other arguments of the budget ``hours``.
    """
    short, long = config(**(minutes or {})), config(**{**_HOURS, **(hours or {})})
    full = config(**{**_GPU, **gpu})

    def changed(runs: ShortRuns) -> tuple[str, ...]:
        side = f" of {runs.image_size}×{runs.image_size} pixels" if runs.image_size else ""
        size = f"CIFAR-10, {runs.samples:,} images{side}, {runs.epochs} epochs"
        size += " of SGD" if runs.optimizer == "sgd" else " of AdamW"
        return f"{size}, in place of {data}", "a ConvNet"

    return {
        "smoke": Budget(
            config=config(**{**_SMOKE, **smoke}), changes=("handwritten digits, one epoch",)
        ),
        "minutes": Budget(config=short, changes=changed(short), cpu_minutes=cpu_minutes[0]),
        "hours": Budget(config=long, changes=changed(long), cpu_minutes=cpu_minutes[1]),
        "gpu": Budget(config=full, changes=(f"CIFAR-10 and a ResNet-18 in place of {data}",)),
    }


LINEAR_COLUMNS = PROBE_COLUMNS[:2]
"""Accuracies of kNN and of a linear probe."""

COLLAPSE_COLUMNS = (
    Column("spread", "std·√d", "number", "standard deviation of unit projections, 1 if isotropic"),
    Column("m_o", "m_o", "number", "length of the mean unit projection, 1 if collapsed"),
    Column("m_r", "m_r", "number", "mean length of the residuals, 0 if collapsed"),
    Column("rank", "rank", "number", "effective rank of the projections"),
    Column("covariance", "covariance", "number", "mean absolute one of different dimensions"),
)
"""Collapse of the projections, and their covariance."""

SPREAD_OVER_TRAINING = ReadingLines(
    title="Standard deviation of the unit projections, times √d, over training",
    x="epoch",
    y={"spread": "std·√d"},
    x_title="epoch",
    y_title="std·√d",
)
"""The figure of studies of collapse."""

"""SimCLR with growing numbers of negatives: the trainings that several studies share."""

from __future__ import annotations

from dataclasses import dataclass

from nearfar._docstrings import documented_by
from nearfar.records import Column
from nearfar.studies._figures import RowLines
from nearfar.studies._image_trainings import ImageTrainings
from nearfar.studies._measure_of_run import Measure
from nearfar.studies._study import Row
from nearfar.studies._train_cell import TrainCell

__all__ = [
    "ACCURACY_BY_CANDIDATES",
    "ACCURACY_COLUMNS",
    "CANDIDATES_COLUMN",
    "QUANTILES",
    "BatchSweep",
    "NegativesSweep",
]

QUANTILES = tuple(f"cosine_{i:02d}" for i in range(1, 20))
"""Columns of the quantiles of the cosines within classes, from 5 to 95 %."""


@documented_by(ImageTrainings)
@dataclass(frozen=True, kw_only=True)
class BatchSweep(ImageTrainings):
    """Data, length of the training, and the batch sizes.

    Args:
        batches: Batch sizes, each twice the one before.
        views: Views of each test sample, for the loss and the bounds.
        measured: Test samples of these.
    """

    batches: tuple[int, ...] = (32, 64, 128, 256, 512)
    sgd: bool = True
    views: int = 6
    measured: int = 2_000

    def by_batch(self) -> list[Row]:
        """A row per batch size, with all negatives of the batch."""
        return [
            Row(f"batch {batch}", self.simclr(batch), {"candidates": batch}, group="batch size")
            for batch in self.batches
        ]

    def simclr(self, candidates: int, *, batch: int | None = None) -> list[TrainCell]:
        """SimCLR with a batch of this size, or with as many negatives as it would have.

        Args:
            candidates: The batch size that has as many negatives, K + 1 of the loss measured.
            batch: The batch size; that of `candidates` if not given.
        """
        limit = None if batch in (None, candidates) else 2 * candidates - 2
        values = {"num_negatives": candidates - 1, "views": self.views, "samples": self.measured}
        probes = ("linear", "projection_linear", "projection_mean_classifier", "health")
        return self.cells(
            "simclr",
            measures=(*probes, Measure("nearfar.studies._contrast_values:contrast_values", values)),
            training={"batch_size": batch or candidates},
            temperature=0.5,
            num_negatives=limit,
        )


@documented_by(BatchSweep)
@dataclass(frozen=True, kw_only=True)
class NegativesSweep(BatchSweep):
    """The same, and one batch size with other numbers of negatives.

    Args:
        fixed: Batch size of the trainings with limited negatives.
        limits: Batch sizes whose number of negatives these have.
    """

    fixed: int = 512
    limits: tuple[int, ...] = (32, 128, 512)

    def by_negatives(self) -> list[Row]:
        """A row per limit, with one batch size."""
        return [
            Row(
                f"{2 * size - 2} negatives",
                self.simclr(size, batch=self.fixed),
                {"candidates": size},
                group=self.limited,
            )
            for size in self.limits
        ]

    @property
    def limited(self) -> str:
        """Group of :meth:`by_negatives`."""
        return f"negatives, batch {self.fixed}"


CANDIDATES_COLUMN = Column(
    "candidates", "K + 1", "number", "candidates: batch size, or as many negatives"
)
"""The size of the contrastive problem."""

ACCURACY_COLUMNS = (
    Column("projection_mean_classifier", "mean", "percent", "mean classifier on projections"),
    Column("projection_linear", "linear, z", "percent", "linear probe on projections"),
    Column("linear", "linear, h", "percent", "linear probe on representations"),
    Column("info_nce", "loss", "number", "contrastive loss with K + 1 candidates"),
)
"""Accuracies on projections and representations, and the loss."""

ACCURACY_BY_CANDIDATES = RowLines(
    title="Accuracy of the mean classifier on projections by the number of candidates",
    x="candidates",
    y={"projection_mean_classifier": "mean classifier"},
    x_title="candidates K + 1",
    y_title="test accuracy",
    log_x=True,
)
"""The figure of studies of negatives."""

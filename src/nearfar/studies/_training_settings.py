"""The settings of cells that train an encoder, or take a baseline, and measure it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nearfar._plain_checks import check_integer
from nearfar._suggestions import check_choice
from nearfar.studies._cell import Cell
from nearfar.studies._measure_of_run import Measure, as_measure
from nearfar.studies._study_data import StudyData

__all__ = ["BASELINES", "PROBES", "RAW", "SUPERVISED", "UNTRAINED", "TrainingSettings"]

RAW, UNTRAINED, SUPERVISED = "raw", "untrained", "supervised"
BASELINES = (RAW, UNTRAINED, SUPERVISED)
PROBES = ("knn", "linear", "mean_classifier")


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(Cell):
    """The settings of a training and of what is measured of it; see :class:`TrainCell`."""

    method: str
    data: StudyData
    seed: int = 0
    encoder: str = "auto"
    method_options: Mapping[str, Any] = field(default_factory=dict)
    view_options: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    measures: tuple[str | Callable[..., Any] | Measure, ...] = (*PROBES, "health")
    checkpoints: int = 0
    start: TrainingSettings | None = None
    carry: Literal["all", "encoder"] = "all"

    def __post_init__(self) -> None:
        check_integer(at_least=0, seed=self.seed, checkpoints=self.checkpoints)
        check_choice(("all", "encoder"), carry=self.carry)
        if self.start is not None and self.start.method in (RAW, UNTRAINED):
            raise ValueError(f"`start` must be a trained cell, got {self.start.method}")
        if self.start is not None and self.method in BASELINES:
            raise ValueError(f"`method` must be a preset to continue with, got {self.method}")
        measures = tuple(as_measure(one) for one in self.measures)
        object.__setattr__(self, "measures", measures)

    @property
    def name(self) -> str:
        """Name of the method or baseline."""
        return self.method

    @property
    def shown(self) -> str:
        """The method with its options, and the seed."""
        options = {**self.method_options, **self.view_options}
        given = ", ".join(f"{name} {value}" for name, value in options.items())
        return f"{self.name}{given and ' '}{given} seed {self.seed}"

    @property
    def trains(self) -> bool:
        """Whether the cell trains something."""
        return self.method not in (RAW, UNTRAINED)

    @property
    def quantities(self) -> tuple[Measure, ...]:
        """The measures as such."""
        return tuple(as_measure(one) for one in self.measures)

    @property
    def measured(self) -> tuple[str, ...]:
        """The measures of the end and, with checkpoints, of each checkpoint."""
        labels = [measure.label for measure in self.quantities]
        watched = [measure.label for measure in self.quantities if not measure.at_end]
        return (*labels, *(f"{label}{at}" for at in self._at for label in watched))

    @property
    def _at(self) -> tuple[str, ...]:
        """What the labels of measures of checkpoints end with, if there are any."""
        known = bool(self.checkpoints and self.trains)
        return (f" at {self.checkpoints} checkpoints",) if known else ()

    def labels_of(self, measure: Measure) -> set[str]:
        """The labels of one measure, of the end and of each checkpoint."""
        ends = ("",) if measure.at_end else ("", *self._at)
        return {f"{measure.label}{at}" for at in ends}

    @property
    def needs(self) -> tuple[Cell, ...]:
        """The cell that the training starts from."""
        return () if self.start is None else (self.start,)

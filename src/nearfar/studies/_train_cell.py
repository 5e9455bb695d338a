"""Cells that train an encoder, or take a baseline, and measure it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, final

from nearfar._plain_checks import check_integer
from nearfar._suggestions import check_choice
from nearfar.records import CellRecord
from nearfar.studies._cell import Cell, plain
from nearfar.studies._measure_of_run import Measure, as_measure
from nearfar.studies._part_versions import part_versions
from nearfar.studies._study_data import StudyData

__all__ = ["BASELINES", "PROBES", "RAW", "SUPERVISED", "UNTRAINED", "TrainCell"]

RAW, UNTRAINED, SUPERVISED = "raw", "untrained", "supervised"
BASELINES = (RAW, UNTRAINED, SUPERVISED)
PROBES = ("knn", "linear", "mean_classifier")


@final
@dataclass(frozen=True, kw_only=True)
class TrainCell(Cell):
    """An encoder trained by a method and measured, with one seed; or a baseline.

    Attributes:
        method: A preset of ``nearfar.methods``, one of an installed package or a reference to one
            of your own; or ``raw`` (the raw features of the data), ``untrained`` (the encoder at
            initialisation) or ``supervised`` (of images, trained with labels).
        data: Data, and which samples are for what.
        seed: Random seed of initial weights, order and views. Cells with the same seed share them,
            so their differences are paired.
        encoder: Name of the encoder, or a reference to one; ``auto`` for the modality's default.
        method_options: Keyword arguments of the preset.
        view_options: Keyword arguments of the views.
        training: Options of the training loop, except the seed.
        measures: What to measure, by name or by a function (:class:`Measure`).
        checkpoints: Number of evenly spaced checkpoints at which everything is measured too, the
            end included, after a measurement before the first update; 0 measures only the end.
        start: A cell whose weights the training starts from, such as one of another method.
        carry: Which of these weights: ``all`` that have the same name and shape, or those of the
            ``encoder``.
    """

    method: str
    data: StudyData
    seed: int = 0
    encoder: str = "auto"
    method_options: Mapping[str, Any] = field(default_factory=dict)
    view_options: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    measures: tuple[str | Callable[..., Any] | Measure, ...] = (*PROBES, "health")
    checkpoints: int = 0
    start: TrainCell | None = None
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
        if self.checkpoints and self.trains:
            labels += [f"{label} at {self.checkpoints} checkpoints" for label in labels]
        return tuple(labels)

    @property
    def needs(self) -> tuple[Cell, ...]:
        """The cell that the training starts from."""
        return () if self.start is None else (self.start,)

    def describe(self) -> dict[str, Any]:
        """Data with fingerprint, method, options, precision, versions of the parts."""
        from nearfar.studies._trained_cell import described

        data = {name: value for name, value in plain(vars(self.data)).items() if value}
        found: dict[str, Any] = {"sort": "train", "method": self.method, "data": data}
        known = described(self)
        also = () if self.start is None else ("continuing",)
        parts = {
            "method": self.method if self.trains else "",
            "encoder": "" if self.method == RAW else known["encoder"],
            "modality": known["modality"],
        }
        if self.trains:
            found |= {
                "method_options": plain(known["method_options"]),
                "view_options": plain(self.view_options),
                "training": plain(self.training),
                "precision": known["precision"],
            }
        if self.method != RAW:
            found["encoder"] = known["encoder"]
        if self.start is not None:
            found["start"] = {"key": self.start.key, "seed": self.start.seed, "carry": self.carry}
        data["fingerprint"] = known["fingerprint"]
        return {**found, **known["code"], "parts": part_versions(**parts, also=also)}

    def make(self, work: Path, known: CellRecord | None) -> CellRecord:
        """Train, resume or load the run, and measure what is missing."""
        from nearfar.studies._trained_cell import make_trained

        return make_trained(self, work, known)

"""Cells that train an encoder, or take a baseline, and measure it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from nearfar.records import CellRecord
from nearfar.studies._cell import plain
from nearfar.studies._part_versions import part_versions
from nearfar.studies._training_settings import RAW, SUPERVISED, TrainingSettings

__all__ = ["TrainCell"]


@final
@dataclass(frozen=True, kw_only=True)
class TrainCell(TrainingSettings):
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

    def describe(self) -> dict[str, Any]:
        """Data with fingerprint, method, options, precision, versions of the parts."""
        from nearfar.studies._trained_cell import described

        data = {name: value for name, value in plain(vars(self.data)).items() if value}
        found: dict[str, Any] = {"sort": "train", "method": self.method, "data": data}
        known = described(self)
        also: tuple[str, ...] = () if self.start is None else ("continuing",)
        also += ("supervised",) if self.method == SUPERVISED else ()
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

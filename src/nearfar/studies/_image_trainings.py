"""The configuration that studies of encoders of images share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from nearfar.studies._measure_of_run import Measure
from nearfar.studies._study import Budget, over_seeds
from nearfar.studies._study_data import StudyData
from nearfar.studies._train_cell import TrainCell

__all__ = ["ImageTrainings", "image_budgets"]

ConfigT = TypeVar("ConfigT", bound="ImageTrainings")


@dataclass(frozen=True, kw_only=True)
class ImageTrainings:
    """Data and length of the training of encoders of images.

    Args:
        data: Labelled images.
        samples: Number of training images; all if not given.
        tests: Number of test images; all if not given.
        held_out: Training images kept out of the training, on which probes are judged; on the test
            images if 0.
        image_size: Side of the images in pixels; that of the data if not given.
        encoder: Name of the encoder.
        epochs: Number of epochs.
        batch_size: Samples per batch.
        sgd: Train by SGD as published for small images: learning rate 0.06 for a batch of 128, in
            proportion to the batch, weight decay 0.0005. By default AdamW.
        seeds: Number of seeds.
    """

    data: str = "cifar10"
    samples: int | None = 3_000
    tests: int | None = None
    held_out: int = 0
    image_size: int | None = None
    encoder: str = "convnet"
    epochs: int = 5
    batch_size: int = 128
    sgd: bool = False
    seeds: int = 3

    def cells(
        self,
        method: str,
        *,
        measures: tuple[str | Callable[..., Any] | Measure, ...],
        training: Mapping[str, Any] | None = None,
        start: TrainCell | None = None,
        **options: Any,
    ) -> list[TrainCell]:
        """Trainings of a method with each seed.

        Args:
            method: The method or baseline.
            measures: What is measured.
            training: Options of the training loop that differ.
            start: Training, of any seed, from which those with the same seed continue.
            options: Options of the method.
        """
        cell = TrainCell(
            method=method,
            data=StudyData(
                source=self.data,
                samples=self.samples,
                tests=self.tests,
                held_out=self.held_out,
                judged="held_out" if self.held_out else "test",
                options={"image_size": self.image_size},
            ),
            encoder=self.encoder,
            method_options=options,
            training=self._training(training or {}),
            measures=measures,
        )
        if start is None:
            return over_seeds(cell, self.seeds)
        before = over_seeds(start, self.seeds)
        return [replace(cell, seed=one.seed, start=one) for one in before]

    def _training(self, more: Mapping[str, Any]) -> dict[str, Any]:
        found = {"epochs": self.epochs, "batch_size": self.batch_size, **more}
        if not self.sgd:
            return found
        rate = 0.06 * found["batch_size"] / 128
        return {"optimizer": "sgd", "learning_rate": rate, "weight_decay": 5e-4, **found}


def image_budgets(
    config: ConfigT,
    *,
    changes: tuple[str, ...],
    cpu_minutes: tuple[float, float],
    smoke: Mapping[str, Any] | None = None,
    hours: Mapping[str, Any] | None = None,
    gpu: Mapping[str, Any] | None = None,
) -> dict[str, Budget[ConfigT]]:
    """The four budgets of a study of encoders of images.

    Args:
        config: The configuration of `minutes`.
        changes: What differs from the paper at `minutes` and `hours`, except size and length.
        cpu_minutes: CPU time of these two.
        smoke: Fields of `smoke` that are smaller still.
        hours: Fields of `hours` that are larger than in `minutes`.
        gpu: Fields of `gpu` that are the paper's.
    """
    large = replace(config, image_size=None)
    tiny: dict[str, Any] = {"data": "digits", "samples": 256, "epochs": 1, "batch_size": 64}
    small = {**tiny, "held_out": 0, "seeds": 2, **(smoke or {})}
    longer = {"samples": 10_000, "held_out": 5_000, "epochs": 2 * config.epochs, **(hours or {})}
    paper: dict[str, Any] = {"samples": None, "held_out": 0, "encoder": "resnet18", "epochs": 200}
    whole = {**paper, "batch_size": 256, "sgd": True, **(gpu or {})}
    size = f"{config.samples:,} images of {config.image_size} pixels, {config.epochs} epochs"
    long = f"10,000 images, {longer['epochs']} epochs"
    return {
        "smoke": Budget(
            config=replace(large, **small),
            changes=("handwritten digits, one epoch",),
        ),
        "minutes": Budget(config=config, changes=(*changes, size), cpu_minutes=cpu_minutes[0]),
        "hours": Budget(
            config=replace(large, **longer), changes=(*changes, long), cpu_minutes=cpu_minutes[1]
        ),
        "gpu": Budget(
            config=replace(large, **whole),
            changes=("CIFAR-10, a ResNet-18 for small images",),
        ),
    }

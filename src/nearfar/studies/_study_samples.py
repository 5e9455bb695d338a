"""The samples of a study: for training encoders, for training probes, for testing probes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Int64
from torch import Tensor

from nearfar.data import Source, Subset, open_labeled
from nearfar.modalities import modality
from nearfar.ops import permutation
from nearfar.views import ViewRecipe, WithIndex, autoencoder_views

__all__ = ["Samples"]

_ORDER = 0  # seed of the random splits below, independent of a study's seeds
_HELD_OUT = 5  # without an official test set a fifth of the samples is held out


@dataclass(frozen=True)
class Samples:
    """Splits of a labelled dataset.

    Attributes:
        train: Training samples of the encoders.
        labels: Classes of `train`.
        fitted: Training samples of the probes: the first samples of `train`.
        fitted_labels: Classes of `fitted`.
        test: Test samples of the probes.
        test_labels: Classes of `test`.
        classes: Number of classes.
        notes: Notes about the data.
    """

    train: Source
    labels: Int64[Tensor, " samples"]
    fitted: Source
    fitted_labels: Int64[Tensor, " labeled"]
    test: Source
    test_labels: Int64[Tensor, " tests"]
    classes: int
    notes: tuple[str, ...] = ()

    @classmethod
    def open(cls, data: str, *, samples: int | None = None, labeled: int | None = None) -> Samples:
        """Load labelled images.

        Args:
            data: A name or a path, as for ``--data``.
            samples: Maximum number of training samples, a fixed random subset; all if not given.
            labeled: Maximum number of training samples of the probes; all if not given.

        Raises:
            ValueError: Data without labels, or of another modality.
        """
        opened = open_labeled(data)
        if opened.train.modality != "images":
            raise ValueError(f"`data` must be images, got {opened.train.modality}: {data}")
        train, labels = opened.train, opened.train_labels
        test, test_labels, notes = opened.test, opened.test_labels, list(opened.train.notes)
        if test is None or test_labels is None:
            order = permutation(len(train), seed=_ORDER, epoch=0)
            held_out = order[::_HELD_OUT].sort().values
            kept = torch.ones(len(train), dtype=torch.bool)
            kept[held_out] = False
            test, test_labels = Subset(train, held_out), labels[held_out]
            train, labels = Subset(train, kept.nonzero().flatten()), labels[kept]
            notes.append(f"no official test set: {len(held_out):,} random samples are held out")
        else:
            notes += test.notes
        if samples is not None and samples < len(train):
            drawn = permutation(len(train), seed=_ORDER, epoch=1)[:samples].sort().values
            train, labels = Subset(train, drawn), labels[drawn]
        first = min(labeled or len(train), len(train))
        return cls(
            train=train,
            labels=labels,
            fitted=Subset(train, range(first)),
            fitted_labels=labels[:first],
            test=test,
            test_labels=test_labels,
            classes=len(opened.class_names),
            notes=tuple(notes),
        )

    @property
    def fingerprint(self) -> str:
        """Fingerprint of training and test samples."""
        return f"{self.train.fingerprint}{self.test.fingerprint}"

    def labeled_views(self) -> WithIndex:
        """One random crop per sample, possibly flipped, and its class."""
        kind = modality("images")
        options = kind.options()
        form = kind.form(self.train, options, seed=0)
        views = kind.views(
            ViewRecipe(autoencoder_views),
            form,
            source=self.train,
            options=options,
            settings={"num_views": 1},
        )
        numbers = torch.full((int(self.train.samples.max()) + 1,), -1)
        numbers[self.train.samples] = self.labels
        return WithIndex(views, numbers)

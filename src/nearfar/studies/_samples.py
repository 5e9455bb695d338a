"""The samples of a study: to train on, to fit probes on, to judge them on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Int64
from torch import Tensor

from nearfar.data import Source, Subset, open_labelled
from nearfar.modalities import modality
from nearfar.ops import permutation
from nearfar.views import ViewRecipe, WithIndex, autoencoder_views

__all__ = ["Samples"]

_ORDER = 0  # of the draws below: the same for every seed of a study
_HELD_OUT = 5  # without an official test set every fifth sample is held out


@dataclass(frozen=True)
class Samples:
    """Parts of one labelled data set.

    Attributes:
        train: What encoders are trained on.
        labels: The class of each.
        fitted: What probes learn from: the first of the same samples.
        fitted_labels: The class of each.
        test: What probes are judged on.
        test_labels: The class of each.
        classes: How many there are.
        notes: What a reader should know of the data.
    """

    train: Source
    labels: Int64[Tensor, " samples"]
    fitted: Source
    fitted_labels: Int64[Tensor, " labelled"]
    test: Source
    test_labels: Int64[Tensor, " tests"]
    classes: int
    notes: tuple[str, ...] = ()

    @classmethod
    def open(cls, data: str, *, samples: int | None = None, labelled: int | None = None) -> Samples:
        """Open images that have labels.

        Args:
            data: A name or a path, as ``--data`` takes it.
            samples: Most samples to train on, drawn once for all; all if not given.
            labelled: Most samples for the probes; all if not given.

        Raises:
            ValueError: Data without labels, or of another kind.
        """
        opened = open_labelled(data)
        if opened.train.modality != "images":
            raise ValueError(f"`data` must be images, got {opened.train.modality}: {data}")
        train, labels = opened.train, opened.train_labels
        test, test_labels, notes = opened.test, opened.test_labels, list(opened.train.notes)
        if test is None or test_labels is None:
            order = permutation(len(train), seed=_ORDER, epoch=0)
            held, kept = order[::_HELD_OUT].sort().values, torch.ones(len(train), dtype=torch.bool)
            kept[held] = False
            test, test_labels = Subset(train, held), labels[held]
            train, labels = Subset(train, kept.nonzero().flatten()), labels[kept]
            notes.append(
                f"no official test set: {len(held):,} samples drawn at random are held out"
            )
        else:
            notes += test.notes
        if samples is not None and samples < len(train):
            drawn = permutation(len(train), seed=_ORDER, epoch=1)[:samples].sort().values
            train, labels = Subset(train, drawn), labels[drawn]
        first = min(labelled or len(train), len(train))
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
        """Changes when the samples do."""
        return f"{self.train.fingerprint}{self.test.fingerprint}"

    def labelled_views(self) -> WithIndex:
        """Crops and mirror images, one a sample, and the class of each."""
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

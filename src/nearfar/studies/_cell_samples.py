"""The samples of a study: for training encoders, for training probes, for testing probes."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Num
from torch import Tensor, nn

from nearfar.api._choices import opening
from nearfar.data import LabeledData, Source, Subset, is_paired, modality_of, open_labeled, sides
from nearfar.data.graphs import GraphSource
from nearfar.modalities import Modality, PairModality, modality
from nearfar.ops import permutation
from nearfar.studies._study_data import StudyData
from nearfar.views import ViewRecipe, Views, WithIndex, autoencoder_views

__all__ = ["Samples"]

_ORDER = 0  # seed of the random splits below, independent of a study's seeds
_SUBSET, _KEPT_OUT, _TESTS = 1, 2, 3  # epochs of the permutations of the other splits
_HELD_OUT = 5  # without an official test set a fifth of the samples is held out


@dataclass(frozen=True)
class Samples:
    """Splits of a labelled dataset.

    Attributes:
        train: Training samples of the encoders.
        labels: Labels of `train`; of a graph those of the labelled nodes.
        fitted: Training samples of the probes.
        fitted_labels: Labels of `fitted`.
        test: Test samples of the probes.
        test_labels: Labels of `test`.
        classes: Number of classes.
        task: What the labels are: ``classification``, ``regression`` or ``multilabel``.
        notes: Notes about the data.
        data: The data as given.
    """

    train: Source
    labels: Num[Tensor, "samples ..."]
    fitted: Source
    fitted_labels: Num[Tensor, "labeled ..."]
    test: Source
    test_labels: Num[Tensor, "tests ..."]
    classes: int
    task: str
    notes: tuple[str, ...]
    data: StudyData

    @classmethod
    def open(cls, data: StudyData) -> Samples:
        """Load labelled data and split them.

        Raises:
            ValueError: Data without labels, or fewer samples than are to be held out.
        """
        opened = _opened(data)
        notes = list(dict.fromkeys((*opened.train.notes, *opened.notes)))
        graph = opened.train.root if isinstance(opened.train.root, GraphSource) else None
        opened, said = _with_tests(opened, held_out=data.tests)
        notes += [note for note in said if note not in notes]
        opened, kept_out = _without_held_out(opened, data.held_out)
        train, labels = opened.train, opened.train_labels
        if data.samples is not None and data.samples < len(train):
            drawn = _drawn(len(train), data.samples, epoch=_SUBSET)
            train, labels = Subset(train, drawn), labels[drawn]
        first = min(data.labeled or len(train), len(train))
        test, test_labels = opened.test, opened.test_labels
        if data.judged == "held_out":
            test, test_labels = kept_out.train, kept_out.train_labels
        assert test is not None, "a test set was made"
        assert test_labels is not None, "a test set has labels"
        return cls(
            train=train if graph is None else graph,
            labels=labels,
            fitted=_side(Subset(train, range(first)), data),
            fitted_labels=labels[:first],
            test=_side(test, data),
            test_labels=test_labels,
            classes=len(opened.class_names),
            task=opened.task,
            notes=tuple(notes),
            data=data,
        )

    @property
    def fingerprint(self) -> str:
        """Fingerprint of training and test samples."""
        return f"{self.train.fingerprint}{self.fitted.fingerprint}{self.test.fingerprint}"

    @property
    def kind(self) -> Modality[Any, Any]:
        """The modality of the training samples."""
        return modality(self.train.modality)

    @property
    def encoder_options(self) -> dict[str, Any]:
        """The options of the modality that do not concern loading the data."""
        used = opening(self.kind, self.data.options)
        return {name: value for name, value in self.data.options.items() if name not in used}

    def options(self) -> Any:
        """The options of the modality, with those that depend on the data."""
        known = inspect.signature(self.kind.options).parameters
        given = {name: value for name, value in self.data.options.items() if name in known}
        return self.kind.decide(self.train, self.kind.options(**given))[0]

    def form(self, *, seed: int) -> Any:
        """The form of the inputs, as of a run with this seed."""
        return self.kind.form(self.train, self.options(), seed=seed)

    def plain_views(self, form: Any) -> Views:
        """Views without augmentation of the samples that are probed."""
        kind = self.kind
        if isinstance(kind, PairModality):
            return kind.side_views(form, self.fitted, self.data.side)
        return kind.plain(form)

    def new_encoder(self, name: str, *, form: Any, seed: int) -> tuple[nn.Module, str]:
        """An encoder with the initial weights of a run with this seed, and its name."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            module, description = self.kind.build_encoder(name, form, self.options())
        return module, description.name

    def labeled_views(self) -> WithIndex:
        """One random crop per sample, possibly flipped, and its class."""
        kind, options = self.kind, self.options()
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


def _opened(data: StudyData) -> LabeledData:
    given = dict(data.options)
    kind = modality(modality_of(data.source, given=list(given)))
    return open_labeled(data.source, labels=data.labels, task="any", **opening(kind, given))


def _drawn(count: int, wanted: int, *, epoch: int) -> Tensor:
    """Positions of a fixed random subset, in order."""
    return permutation(count, seed=_ORDER, epoch=epoch)[:wanted].sort().values


def _with_tests(
    opened: LabeledData, *, held_out: int | None
) -> tuple[LabeledData, tuple[str, ...]]:
    """The data with a test set of at most `held_out` samples, and notes on it."""
    test, labels = opened.test, opened.test_labels
    notes: tuple[str, ...]
    if test is not None and labels is not None:
        notes = test.notes
    else:
        count = len(opened.train)
        order = permutation(count, seed=_ORDER, epoch=0)
        out = order[::_HELD_OUT].sort().values
        kept = torch.ones(count, dtype=torch.bool)
        kept[out] = False
        rest = kept.nonzero().flatten()
        test, labels = Subset(opened.train, out), opened.train_labels[out]
        opened = replace(
            opened, train=Subset(opened.train, rest), train_labels=opened.train_labels[rest]
        )
        notes = (f"no official test set: {len(out):,} random samples are held out",)
    if held_out is not None and held_out < len(test):
        some = _drawn(len(test), held_out, epoch=_TESTS)
        test, labels = Subset(test, some), labels[some]
    return replace(opened, test=test, test_labels=labels), notes


def _without_held_out(opened: LabeledData, count: int) -> tuple[LabeledData, LabeledData]:
    """The data without some training samples, and these samples."""
    if not count:
        return opened, opened
    if count >= len(opened.train):
        raise ValueError(
            f"`held_out` must be below the number of training samples, {len(opened.train):,},"
            f" got {count:,}"
        )
    out = _drawn(len(opened.train), count, epoch=_KEPT_OUT)
    kept = torch.ones(len(opened.train), dtype=torch.bool)
    kept[out] = False

    def part(rows: Tensor) -> LabeledData:
        return replace(
            opened, train=Subset(opened.train, rows), train_labels=opened.train_labels[rows]
        )

    return part(kept.nonzero().flatten()), part(out)


def _side(source: Source, data: StudyData) -> Source:
    """The labelled side of pairs; other samples as they are."""
    if not is_paired(source):
        return source
    return sides(source)["xs".index(data.side or "x")]

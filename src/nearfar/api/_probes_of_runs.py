"""Probes of a representation, with labels."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence, Sized
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from nearfar.api._embedding import embed_source
from nearfar.api._probe_sentences import Evaluated, Truth, compared_representations
from nearfar.checks import check_fraction
from nearfar.data import Joined, LabeledData
from nearfar.data._files import list_names
from nearfar.modalities import Form, Modality
from nearfar.probes import (
    KNNMultiLabelProbe,
    KNNProbe,
    KNNRegressionProbe,
    LinearMultiLabelProbe,
    LinearProbe,
    Majority,
    MeanClassifier,
    MultiLabelProbe,
    Probe,
    RegressionProbe,
    RidgeProbe,
    balanced_accuracy,
    group_folds,
    held_out_predictions,
    held_out_values,
    share_of_labels,
)
from nearfar.probes._folds import stratified_folds
from nearfar.probes._held_out_values import value_folds
from nearfar.records import ProbeRecord, ProbeRow, ProbeShare
from nearfar.views import Views

__all__ = ["Progress", "Representation", "Represented", "encoded", "probed", "raw"]

Representation: TypeAlias = Literal["trained", "start", "untrained", "raw"]
Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is done next, the steps done and their number."""

_PROBES: dict[str, dict[str, Callable[..., Probe | RegressionProbe | MultiLabelProbe]]] = {
    "classification": {
        "knn": KNNProbe,
        "linear": LinearProbe,
        "mean_classifier": MeanClassifier,
    },
    "regression": {"knn": KNNRegressionProbe, "linear": RidgeProbe},
    "multilabel": {"knn": KNNMultiLabelProbe, "linear": LinearMultiLabelProbe},
}
_FOLDS = 5
_SEEDS = 5
_NEIGHBORS = 20
_NUMBERS = ("no", "one", "two", "three", "four", "five")


@dataclass(frozen=True)
class Represented:
    """Features of labelled data.

    Attributes:
        name: Name of the representation.
        role: "trained", "start", "loaded", "untrained", "raw" or "embeddings".
        train: Features of the training samples.
        test: Features of the test samples, if any.
    """

    name: str
    role: str
    train: Tensor
    test: Tensor | None


def encoded(
    name: str, role: str, encoder: nn.Module, views: Views, data: LabeledData
) -> Represented:
    """The representations of labelled data by an encoder."""
    train = embed_source(encoder, data.train, views)
    test = None if data.test is None else embed_source(encoder, data.test, views)
    return Represented(name, role, train, test)


def raw(kind: Modality[Any, Any], form: Form, data: LabeledData) -> Represented:
    """The modality's raw features, a baseline without training."""
    parts = [data.train] if data.test is None else [data.train, data.test]
    joined = parts[0] if len(parts) == 1 else Joined(parts, name=data.train.name)
    name, features = kind.raw(joined, form)
    count = len(data.train)
    return Represented(
        name, "raw", features[:count], None if data.test is None else features[count:]
    )


def probed(
    data: LabeledData,
    representations: Iterable[Callable[[], Represented]],
    *,
    groups: Tensor | None = None,
    shares: Sequence[float] = (),
    layer: str = "",
    notes: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> ProbeRecord:
    """Probe each representation on the official split, or with five folds.

    Args:
        data: Labelled samples.
        representations: Functions that make the features, the first of which is compared with the
            others.
        groups: Group of each training sample, then of each test sample; never split between folds.
        shares: Shares of the labels to probe with in addition.
        layer: Layer and pooling of the features, if not the encoder's output.
        notes: Notes on labels and groups.
        progress: Called before each step.
    """
    for share in shares:
        check_fraction(label_share=share)
        if share == 0:
            raise ValueError("`label_share` must be above 0, got 0")
    made = list(representations)
    protocol = _Protocol(data, groups)
    kinds = _PROBES[data.task]
    majority = None
    if data.task == "classification":
        majority = Majority.of(data.train_labels, protocol.labels)
    steps = len(made) * (1 + len(kinds) + len(shares))
    done = 0

    def step(text: str) -> None:
        nonlocal done
        if progress is not None:
            progress(text, done, steps)
        done += 1

    rows, found, parts = [], [], []
    truth = Truth(data.task, protocol.labels, protocol.test_groups)
    for make in made:
        step("features")
        features = make()
        predictions = {}
        for key, kind in kinds.items():
            step(f"{features.name}: {key.replace('_', ' ')}")
            predictions[key] = protocol.predictions(kind(), features)
        found.append(Evaluated(features.name, features.role, predictions))
        rows.append(_probe_row(features.name, predictions, truth))
        for share in shares:
            step(f"{features.name}: {share:.0%} of the labels")
            parts.append(_share_row(features, protocol, share, truth))
        del features
    step("comparisons")
    uneven = majority.uneven if majority else False
    return ProbeRecord(
        data=f"{data.train.name}: {data.train.describe()}",
        protocol=protocol.name,
        classes=len(data.class_names),
        rows=tuple(rows),
        majority=majority.accuracy if majority else protocol.chance,
        majority_balanced=majority.balanced if majority else None,
        majority_class=data.class_names[majority.answer] if majority else "",
        uneven=uneven,
        notes=tuple(dict.fromkeys((*_notes(data), *notes))),  # unreadable files are known now
        task=data.task,
        samples=len(protocol.labels),
        layer=layer,
        comparisons=compared_representations(
            found,
            Truth(data.task, protocol.labels, protocol.test_groups, uneven),
            majority=majority.answer if majority else None,
            majority_class=data.class_names[majority.answer] if majority else "",
        ),
        shares=tuple(parts),
    )


class _Protocol:
    """The split of labelled data, and the predictions of a probe for its evaluated samples."""

    def __init__(self, data: LabeledData, groups: Tensor | None) -> None:
        count = len(data.train_labels)
        self._data, self._groups = data, None if groups is None else groups[:count]
        self.labels = data.train_labels if data.test_labels is None else data.test_labels
        self._folds = _FOLDS
        if groups is not None and data.test is None:
            self._folds = min(_FOLDS, torch.unique(groups).numel())
        self.test_groups = groups if groups is None or data.test is None else groups[count:]

    @property
    def name(self) -> str:
        if self._data.test is not None:
            return "official split"
        if self._groups is not None:
            count = torch.unique(self._groups).numel()
            return f"{_NUMBERS[self._folds]} folds of {count:,} groups"
        return f"five {'random' if self._data.task == 'regression' else 'stratified'} folds"

    @property
    def chance(self) -> float | None:
        """Mean average precision of a random order, about the mean frequency of the labels."""
        if self._data.task != "multilabel":
            return None
        shares = self.labels.double().mean(dim=0)
        return float(shares[shares > 0].mean())

    def predictions(
        self, probe: Probe | RegressionProbe | MultiLabelProbe, features: Represented
    ) -> Tensor:
        """Predictions of the evaluated samples."""
        labels = self._data.train_labels
        if features.test is not None:
            return probe.fit(features.train, labels, groups=self._groups).predict(features.test)
        if isinstance(probe, Probe):
            return held_out_predictions(
                probe, features.train, labels, folds=self._folds, groups=self._groups
            )
        return held_out_values(
            probe, features.train, labels, folds=self._folds, groups=self._groups
        )

    def with_share(
        self,
        key: str,
        kind: Callable[..., Probe | RegressionProbe | MultiLabelProbe],
        features: Represented,
        share: float,
        seed: int,
    ) -> tuple[Tensor, int]:
        """Predictions of a probe fitted on a share of the labels, and the number of these."""
        labels, groups = self._data.train_labels, self._groups

        def probe_of(count: int) -> Probe | RegressionProbe | MultiLabelProbe:
            # more neighbours than labels of a class would outvote it
            each = max(1, count // max(len(self._data.class_names), _FOLDS))
            return kind(neighbors=min(_NEIGHBORS, each)) if key == "knn" else kind()

        if features.test is not None:
            rows = share_of_labels(labels, share, seed=seed)
            kept = None if groups is None else groups[rows]
            fitted = probe_of(len(rows)).fit(features.train[rows], labels[rows], groups=kept)
            return fitted.predict(features.test), len(rows)
        fold = self._fold(seed)
        predicted = torch.zeros(labels.shape, dtype=labels.dtype)
        used = 0
        for index in range(self._folds):
            test, others = fold == index, (fold != index).nonzero().flatten()
            rows = others[share_of_labels(labels[others], share, seed=seed)]
            used = max(used, len(rows))
            kept = None if groups is None else groups[rows]
            known, probe = labels[rows], probe_of(len(rows))
            if isinstance(probe, Probe) and bool((known == known[0]).all()):
                predicted[test] = known[0]
                continue
            fitted = probe.fit(features.train[rows], known, groups=kept)
            predicted[test] = fitted.predict(features.train[test]).to(predicted.dtype)
        return predicted, used

    def _fold(self, seed: int) -> Tensor:
        labels = self._data.train_labels
        if self._data.task != "classification":
            return value_folds(labels, folds=self._folds, seed=seed, groups=self._groups)
        if self._groups is not None:
            return group_folds(self._groups, labels, folds=self._folds, seed=seed)
        return stratified_folds(labels, folds=self._folds, seed=seed)


def _probe_row(name: str, predictions: dict[str, Tensor], truth: Truth) -> ProbeRow:
    scores = {key: truth.score(predicted) for key, predicted in predictions.items()}
    balanced = {}
    if truth.task == "classification":
        balanced = {k: balanced_accuracy(p, truth.labels) for k, p in predictions.items()}
    return ProbeRow(representation=name, balanced=balanced, **scores)


def _share_row(
    features: Represented, protocol: _Protocol, share: float, truth: Truth
) -> ProbeShare:
    """Mean and spread of the scores over subsets of the labels, which all representations share."""
    scores: dict[str, list[float]] = {}
    used = 0
    for key, kind in _PROBES[truth.task].items():
        scores[key] = []
        for seed in range(_SEEDS):
            predicted, used = protocol.with_share(key, kind, features, share, seed)
            scores[key].append(truth.score(predicted))
    return ProbeShare(
        representation=features.name,
        share=share,
        labels=used,
        seeds=_SEEDS,
        spread={key: statistics.stdev(values) for key, values in scores.items()},
        **{key: statistics.fmean(values) for key, values in scores.items()},
    )


def _notes(data: LabeledData) -> tuple[str, ...]:
    """The notes of the sources, and classes with too few samples."""
    tested = () if data.test is None else data.test.notes
    found = list(dict.fromkeys((*data.train.notes, *tested, *data.notes)))
    if data.task != "classification":
        return tuple(found)
    counts = data.train_labels.bincount(minlength=len(data.class_names)).tolist()
    if data.test is None or data.test_labels is None:
        single = [name for name, n in zip(data.class_names, counts, strict=True) if n == 1]
        if single:
            found.append(
                f"{_classes(single)} with a single sample, never predicted"
                f" correctly while it is held out: {list_names(single)}"
            )
    else:
        absent = sorted(set(range(len(counts))) - set(data.test_labels.tolist()))
        if absent:
            found.append(
                f"{_classes(absent)} without a test sample:"
                f" {list_names([data.class_names[c] for c in absent])}"
            )
    return tuple(found)


def _classes(some: Sized) -> str:
    return f"{len(some):,} class{'' if len(some) == 1 else 'es'}"

"""Probes of a representation, with labels."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from typing import Any, Literal, TypeAlias

from torch import Tensor, nn

from nearfar.api._embedding import embed_source
from nearfar.data import Joined, LabeledData
from nearfar.data._files import list_names
from nearfar.modalities import Form, Modality
from nearfar.probes import (
    KNNProbe,
    LinearProbe,
    Majority,
    MeanClassifier,
    balanced_accuracy,
    held_out_predictions,
)
from nearfar.records import ProbeRecord, ProbeRow
from nearfar.views import Views

__all__ = ["Representation", "Represented", "encoded", "probed", "raw"]

Representation: TypeAlias = Literal["trained", "untrained", "raw"]

Represented: TypeAlias = tuple[str, Tensor, Tensor | None]
"""Name, features of the training samples, and features of the test samples, if any."""


def encoded(name: str, encoder: nn.Module, views: Views, data: LabeledData) -> Represented:
    """The representations of labelled data by an encoder."""
    train = embed_source(encoder, data.train, views)
    return name, train, None if data.test is None else embed_source(encoder, data.test, views)


def raw(kind: Modality[Any, Any], form: Form, data: LabeledData) -> Represented:
    """The modality's raw features, a baseline without training."""
    parts = [data.train] if data.test is None else [data.train, data.test]
    joined = parts[0] if len(parts) == 1 else Joined(parts, name=data.train.name)
    name, features = kind.raw(joined, form)
    count = len(data.train)
    return name, features[:count], None if data.test is None else features[count:]


def probed(data: LabeledData, representations: Iterable[Represented]) -> ProbeRecord:
    """Probe each representation on the official split, or with five stratified folds."""
    rows = tuple(_probe_row(data, represented) for represented in representations)
    majority = Majority.of(data.train_labels, _true_classes(data))
    return ProbeRecord(
        data=f"{data.train.name}: {data.train.describe()}",
        protocol="official split" if data.test is not None else "five stratified folds",
        classes=len(data.class_names),
        rows=rows,
        majority=majority.accuracy,
        majority_balanced=majority.balanced,
        majority_class=data.class_names[majority.answer],
        uneven=majority.uneven,
        notes=_notes(data),  # after reading: unreadable files are known only now
    )


def _probe_row(data: LabeledData, represented: Represented) -> ProbeRow:
    name, train, held_out = represented
    accuracies, balanced = {}, {}
    labels = _true_classes(data)
    for key, kind in (
        ("knn", KNNProbe),
        ("linear", LinearProbe),
        ("mean_classifier", MeanClassifier),
    ):
        if held_out is None:
            predicted = held_out_predictions(kind(), train, labels)
        else:
            predicted = kind().fit(train, data.train_labels).predict(held_out)
        accuracies[key] = float((predicted == labels).double().mean())
        balanced[key] = balanced_accuracy(predicted, labels)
    return ProbeRow(representation=name, balanced=balanced, **accuracies)


def _true_classes(data: LabeledData) -> Tensor:
    """The classes of the evaluated samples."""
    return data.train_labels if data.test_labels is None else data.test_labels


def _notes(data: LabeledData) -> tuple[str, ...]:
    """The notes of the sources, and classes with too few samples."""
    tested = () if data.test is None else data.test.notes
    counts = data.train_labels.bincount(minlength=len(data.class_names)).tolist()
    found = list(dict.fromkeys((*data.train.notes, *tested, *data.notes)))
    if data.test is None:
        single = [name for name, n in zip(data.class_names, counts, strict=True) if n == 1]
        if single:
            found.append(
                f"{_classes(single)} with a single sample, never predicted"
                f" correctly while it is held out: {list_names(single)}"
            )
    else:
        absent = sorted(set(range(len(counts))) - set(_true_classes(data).tolist()))
        if absent:
            found.append(
                f"{_classes(absent)} without a test sample:"
                f" {list_names([data.class_names[c] for c in absent])}"
            )
    return tuple(found)


def _classes(some: Sized) -> str:
    return f"{len(some):,} class{'' if len(some) == 1 else 'es'}"

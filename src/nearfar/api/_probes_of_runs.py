"""Probes of a representation, with labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

from torch import Tensor, nn

from nearfar.api._embedding import embed_source
from nearfar.data import Joined, LabeledData
from nearfar.modalities import Form, Modality
from nearfar.probes import KNNProbe, LinearProbe, MeanClassifier, cross_validated
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
    return ProbeRecord(
        data=f"{data.train.name}: {data.train.describe()}",
        protocol="official split" if data.test is not None else "five stratified folds",
        classes=len(data.class_names),
        rows=tuple(_probe_row(data, represented) for represented in representations),
    )


def _probe_row(data: LabeledData, represented: Represented) -> ProbeRow:
    name, train, held_out = represented
    accuracies = {}
    for key, kind in (
        ("knn", KNNProbe),
        ("linear", LinearProbe),
        ("mean_classifier", MeanClassifier),
    ):
        if held_out is None:
            accuracies[key] = cross_validated(kind(), train, data.train_labels)
        else:
            assert data.test_labels is not None
            fitted = kind().fit(train, data.train_labels)
            accuracies[key] = fitted.score(held_out, data.test_labels)
    return ProbeRow(representation=name, **{key: float(value) for key, value in accuracies.items()})

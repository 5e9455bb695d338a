"""Values of measures on the embeddings of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from nearfar._plugins import load_reference
from nearfar.probes import (
    KNNMultiLabelProbe,
    KNNProbe,
    KNNRegressionProbe,
    LinearMultiLabelProbe,
    LinearProbe,
    MeanClassifier,
    RidgeProbe,
)
from nearfar.studies._compute_cell import sorted_values
from nearfar.studies._embeddings_of_run import Embeddings
from nearfar.studies._measure_of_run import Measure
from nearfar.studies._test_samples import RIGHT, packed

__all__ = ["measured_values"]

_PROBES: dict[str, dict[str, Callable[[], Any]]] = {
    "classification": {
        "knn": KNNProbe,
        "linear": LinearProbe,
        "mean_classifier": MeanClassifier,
    },
    "regression": {"knn": KNNRegressionProbe, "linear": RidgeProbe},
    "multilabel": {"knn": KNNMultiLabelProbe, "linear": LinearMultiLabelProbe},
}
_PROJECTED = "projection_"


def measured_values(
    measure: Measure, embeddings: Embeddings
) -> tuple[dict[str, float], dict[str, str]]:
    """Numbers and texts that a measure gives; none where it does not apply to a baseline.

    Args:
        measure: The measure.
        embeddings: The embeddings.
    """
    name = str(measure.function)
    baseline = embeddings.method is None
    if name == "health":
        if not embeddings.judged:
            return {}, {}
        health = embeddings.health
        return dict(health.measurements), {"verdict": health.verdict}
    if measure.named and name.startswith(_PROJECTED):
        if baseline:
            return {}, {}
        fitted, tests = embeddings.fitted_projections, embeddings.test_projections
        return _accuracy(name, name.removeprefix(_PROJECTED), fitted, tests, embeddings)
    if measure.named:
        return _accuracy(name, name, embeddings.fitted, embeddings.tests, embeddings)
    function = load_reference(name, argument="measures")
    with torch.no_grad():
        returned = function(embeddings, **measure.arguments)
    values, words, readings = sorted_values(returned, name=name.rpartition(":")[2])
    if readings:
        raise TypeError(f"`measures` must return numbers and texts, got a series from {name}")
    return values, words


def _accuracy(
    name: str, probe: str, fitted: Tensor, tests: Tensor, embeddings: Embeddings
) -> tuple[dict[str, float], dict[str, str]]:
    kinds = _PROBES[embeddings.samples.task]
    if probe not in kinds:
        return {}, {}
    fit = kinds[probe]().fit(fitted, embeddings.fitted_labels)
    if embeddings.samples.task != "classification":
        return {name: float(fit.score(tests, embeddings.test_labels))}, {}
    right = fit.predict(tests) == embeddings.test_labels
    return {name: float(right.double().mean())}, {f"{name}{RIGHT}": packed(right.tolist())}

"""How good it is: without labels, with labels, and beside other runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.api.embedding import embed_source, load_embeddings
from nearfar.api.run import Run, load
from nearfar.data import LabelledData, Source, open_labelled
from nearfar.diagnostics import health
from nearfar.probes import KNNProbe, LinearProbe, MeanClassifier, cross_validated
from nearfar.records import HealthRecord, ProbeRecord, ProbeRow
from nearfar.views import ImageViews, Views

__all__ = ["compare", "diagnose", "embed", "probe"]

_RAW_SIDE = 32


def embed(run: str | Path | Run, data: Any) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Representations of images and the name of each row.

    Args:
        run: A run or its directory.
        data: Whatever :func:`nearfar.pretrain` takes.
    """
    found = run if isinstance(run, Run) else load(run)
    source = found.open(data)
    names = tuple(source.identify(int(sample)) for sample in source.samples)
    return found.embed(source), names


def diagnose(embeddings: Any, second: Any = None) -> HealthRecord:
    """Whether embeddings are healthy, without a label.

    Args:
        embeddings: A matrix (samples × dim) as array or tensor, a file of one (``.npy``, ``.npz``,
            ``.parquet``), or a run, which was judged when it ended.
        second: A second view of the same samples; without it agreement is not judged.

    Raises:
        ValueError: Not a matrix, fewer than 2 rows, or NaN and infinity (the row is named).

    Example:
        >>> import nearfar, torch
        >>> nearfar.diagnose(torch.ones(100, 16)).verdict
        'complete collapse'
    """
    if isinstance(embeddings, Run):
        return embeddings.health
    if isinstance(embeddings, (str, Path)):
        if Path(embeddings).is_dir():
            return load(embeddings).health
        first, other = load_embeddings(embeddings)
        return health(first, other if second is None else _tensor(second))
    return health(_tensor(embeddings), None if second is None else _tensor(second))


def _tensor(values: Any) -> Tensor:
    if isinstance(values, (str, Path)):
        return load_embeddings(values)[0]
    tensor = torch.as_tensor(values)
    return tensor if tensor.is_floating_point() else tensor.float()


def probe(run: str | Path | Run, data: Any) -> ProbeRecord:
    """How good the representation is, with labels, beside the untrained encoder and raw pixels.

    Args:
        run: A run or its directory.
        data: Labelled data: a name, a folder with one sub-folder a class, or an ``.npz`` file with
            labels. Where they have an official split the probe is trained on one part and judged
            on the other; else five folds take turns.
    """
    found = run if isinstance(run, Run) else load(run)
    labelled = open_labelled(data, value_range=found.value_range)
    size = min(_RAW_SIDE, labelled.train.image_size)
    raw = ImageViews(size=size, channels=labelled.train.channels)
    representations = {
        "trained encoder": lambda source: embed_source(found.encoder, source, found.views),
        "untrained encoder": lambda source: embed_source(
            found.untrained_encoder(), source, found.views
        ),
        f"raw pixels {size}×{size}": lambda source: _pixels(source, raw),
    }
    rows = tuple(
        _probe_row(name, labelled, represent) for name, represent in representations.items()
    )
    return ProbeRecord(
        data=f"{labelled.train.name}: {labelled.train.describe()}",
        protocol="official split" if labelled.test is not None else "five stratified folds",
        classes=len(labelled.class_names),
        rows=rows,
    )


def _pixels(source: Source, views: Views) -> Tensor:
    parts = []
    for start in range(0, len(source), 1024):
        batch = source.read(range(start, min(start + 1024, len(source))))
        parts.append(views.plain(batch.images, batch.sizes).flatten(1))
    return torch.cat(parts)


def _probe_row(name: str, data: LabelledData, represent: Any) -> ProbeRow:
    train = represent(data.train)
    accuracies = {}
    held_out = None if data.test is None else represent(data.test)
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


def compare(runs: Sequence[str | Path | Run]) -> list[dict[str, Any]]:
    """What several runs were and what was measured, one row a run."""
    return list(_compared(runs))


def _compared(runs: Iterable[str | Path | Run]) -> Iterable[dict[str, Any]]:
    for each in runs:
        run = each if isinstance(each, Run) else load(each)
        record, verdict = run.record, run.health
        yield {
            "run": record.name,
            "method": record.method,
            "encoder": record.encoder,
            "epochs": record.epochs,
            "seconds": round(record.seconds),
            "verdict": verdict.verdict,
        } | {
            name: round(verdict.measurements[name], 3)
            for name in ("alignment", "uniformity", "m_o", "m_r", "effective_rank")
            if name in verdict.measurements
        }

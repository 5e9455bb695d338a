"""How good it is: without labels, with labels, and beside other runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.api.embedding import embed_source, load_embeddings
from nearfar.api.run import Run, load
from nearfar.data import LabelledData, Source, open_labelled
from nearfar.diagnostics import geometry, health
from nearfar.probes import KNNProbe, LinearProbe, MeanClassifier, cross_validated
from nearfar.records import HealthRecord, ProbeRecord, ProbeRow, write_text
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


def diagnose(
    embeddings: Any, second: Any = None, *, report: str | Path | None = None
) -> HealthRecord:
    """Whether embeddings are healthy, without a label.

    Args:
        embeddings: A matrix (samples × dim) as array or tensor, a file of one (``.npy``, ``.npz``,
            ``.parquet``), or a run, which was judged when it ended.
        second: A second view of the same samples; without it agreement is not judged.
        report: An HTML page to write, with the hypersphere and the spectrum.

    Raises:
        ValueError: Not a matrix, fewer than 2 rows, or NaN and infinity (the row is named).

    Example:
        >>> import nearfar, torch
        >>> nearfar.diagnose(torch.ones(100, 16)).verdict
        'complete collapse'
    """
    if isinstance(embeddings, (str, Path)) and Path(embeddings).is_dir():
        embeddings = load(embeddings)
    if isinstance(embeddings, Run):
        verdict, shape = embeddings.health, embeddings.directory.read_geometry()
    else:
        first, other = _tensor(embeddings), None
        if isinstance(embeddings, (str, Path)):
            first, other = load_embeddings(embeddings)
        other = other if second is None else _tensor(second)
        verdict = health(first, other)
        names = tuple(f"row {row}" for row in range(len(first)))
        shape = geometry(first, other, ids=names) if report is not None else None
    if report is not None:
        from nearfar.reports import render_health

        write_text(Path(report), render_health(verdict, shape))
    return verdict


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


def compare(
    runs: Sequence[str | Path | Run], *, report: str | Path | None = None
) -> list[dict[str, Any]]:
    """What several runs were and what was measured, one row a run.

    Args:
        runs: Runs or their directories.
        report: An HTML page to write, with the curves of all of them.
    """
    found = [run if isinstance(run, Run) else load(run) for run in runs]
    rows = [_compared(run) for run in found]
    if report is not None:
        from nearfar.reports import render_comparison

        write_text(Path(report), render_comparison([run.path for run in found]))
    return rows


def _compared(run: Run) -> dict[str, Any]:
    record, verdict = run.record, run.health
    row = {
        "run": record.name,
        "method": record.method,
        "encoder": record.encoder,
        "epochs": record.epochs,
        "seconds": round(record.seconds),
        "verdict": verdict.verdict,
    }
    names = ("alignment", "uniformity", "m_o", "m_r", "effective_rank")
    measured = verdict.measurements
    return row | {name: round(measured[name], 3) for name in names if name in measured}

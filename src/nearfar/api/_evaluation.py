"""How good it is: without labels, with labels, and beside other runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nearfar.api._embedding import embed_source, load_embeddings
from nearfar.api._run import Run, load
from nearfar.checks import check_choice
from nearfar.data import Joined, LabelledData
from nearfar.diagnostics import geometry, health
from nearfar.probes import KNNProbe, LinearProbe, MeanClassifier, cross_validated
from nearfar.records import HealthRecord, ProbeRecord, ProbeRow, write_text

__all__ = ["compare", "diagnose", "embed", "embed_steps", "probe"]


def embed(
    run: str | Path | Run, data: Any, **options: Any
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Representations of samples and the name of each row.

    Args:
        run: A run or its directory.
        data: Whatever :func:`nearfar.pretrain` takes.
        options: How the data are opened, where that differs from the run's: ``column``.
    """
    found = run if isinstance(run, Run) else load(run)
    source = found.open(data, **options)
    names = tuple(source.identify(int(sample)) for sample in source.samples)
    return found.embed(source), names


def embed_steps(
    run: str | Path | Run, data: Any, **options: Any
) -> tuple[list[NDArray[np.float32]], tuple[str, ...]]:
    """Representations of each time step of each sequence, and the name of each sequence.

    Args:
        run: A run or its directory.
        data: Whatever :func:`nearfar.pretrain` takes.
        options: How the data are opened, where that differs from the run's.

    Raises:
        ValueError: The run's encoder knows no time steps.
    """
    found = run if isinstance(run, Run) else load(run)
    source = found.open(data, **options)
    names = tuple(source.identify(int(sample)) for sample in source.samples)
    return found.embed_steps(source), names


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


def probe(
    run: str | Path | Run,
    data: Any,
    *,
    labels: Any = None,
    representations: Sequence[str] = ("trained", "untrained", "raw"),
    **options: Any,
) -> ProbeRecord:
    """How good the representation is, with labels, beside the untrained encoder and raw features.

    Args:
        run: A run or its directory.
        data: Labelled data: a name, a folder with one sub-folder a class, a table with a column of
            labels, or an ``.npz`` file with labels. Where they have an official split the probe is
            trained on one part and judged on the other; else five folds take turns.
        labels: A class for each sample, or the name of a set of labels or a column where there are
            several: ``speaker``.
        representations: Which of the three.
        options: How the data are opened, where that differs from the run's: ``column``.
    """
    for name in representations:
        check_choice(_REPRESENTATIONS, representations=name)
    found = run if isinstance(run, Run) else load(run)
    labelled = found.open_labelled(data, labels=labels, **options)
    rows = tuple(
        _probe_row(labelled, _REPRESENTATIONS[name](found, labelled)) for name in representations
    )
    return ProbeRecord(
        data=f"{labelled.train.name}: {labelled.train.describe()}",
        protocol="official split" if labelled.test is not None else "five stratified folds",
        classes=len(labelled.class_names),
        rows=rows,
    )


_Represented = tuple[str, Tensor, Tensor | None]
"""A name, and what the samples for training and for testing become."""


def _trained(run: Run, data: LabelledData) -> _Represented:
    return "trained encoder", *_encoded(run.encoder, run, data)


def _untrained(run: Run, data: LabelledData) -> _Represented:
    return "untrained encoder", *_encoded(run.untrained_encoder(), run, data)


def _encoded(encoder: nn.Module, run: Run, data: LabelledData) -> tuple[Tensor, Tensor | None]:
    train = embed_source(encoder, data.train, run.views)
    return train, None if data.test is None else embed_source(encoder, data.test, run.views)


def _raw(run: Run, data: LabelledData) -> _Represented:
    parts = [data.train] if data.test is None else [data.train, data.test]
    joined = parts[0] if len(parts) == 1 else Joined(parts, name=data.train.name)
    name, features = run.kind.raw(joined, run.description.form)
    count = len(data.train)
    return name, features[:count], None if data.test is None else features[count:]


_REPRESENTATIONS = {"trained": _trained, "untrained": _untrained, "raw": _raw}


def _probe_row(data: LabelledData, represented: _Represented) -> ProbeRow:
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

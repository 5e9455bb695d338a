"""The methods of a run as functions of a run or its directory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from nearfar.api._comparing import Comparison
from nearfar.api._diagnosing import diagnose_embeddings
from nearfar.api._embedding import Embedded, EmbeddedSteps
from nearfar.api._exporting import ExportFormat
from nearfar.api._probes_of_runs import Representation
from nearfar.api._run_object import Run, load
from nearfar.api._stored_run import Side
from nearfar.records import HealthRecord, ProbeRecord

__all__ = [
    "RunLike",
    "compare",
    "diagnose",
    "embed",
    "embed_steps",
    "export",
    "probe",
    "report",
]

RunLike: TypeAlias = str | Path | Run
"""A run, or its directory."""


@overload
def embed(
    run: RunLike,
    data: Any,
    *,
    batch_size: int | None = None,
    ids: Literal[False] = False,
    side: Side | None = None,
    device: str | None = None,
    **options: Any,
) -> NDArray[np.float32]: ...


@overload
def embed(
    run: RunLike,
    data: Any,
    *,
    batch_size: int | None = None,
    ids: Literal[True],
    side: Side | None = None,
    device: str | None = None,
    **options: Any,
) -> Embedded: ...


def embed(
    run: RunLike,
    data: Any,
    *,
    batch_size: int | None = None,
    ids: bool = False,
    side: Side | None = None,
    device: str | None = None,
    **options: Any,
) -> NDArray[np.float32] | Embedded:
    """Representations of samples, one row per sample: :meth:`nearfar.api.Run.embed`.

    Args:
        run: A run or its directory.
        data: Data as for :func:`nearfar.pretrain`, of the run's modality.
        batch_size: Samples per forward pass.
        ids: Return the name of each row as well.
        side: Side of pairs to embed: the inputs ``x`` (the default) or the signals ``s``.
        device: Where to compute: ``auto``, ``cpu``, ``cuda:1``, ...; on the CPU by default.
        options: Options for loading the data, if different from the run's: ``column``.
    """
    found = _run(run)
    if ids:
        return found.embed(
            data, batch_size=batch_size, ids=True, side=side, device=device, **options
        )
    rows: NDArray[np.float32] = found.embed(
        data, batch_size=batch_size, side=side, device=device, **options
    )
    return rows


@overload
def embed_steps(
    run: RunLike,
    data: Any,
    *,
    ids: Literal[False] = False,
    device: str | None = None,
    **options: Any,
) -> list[NDArray[np.float32]]: ...


@overload
def embed_steps(
    run: RunLike, data: Any, *, ids: Literal[True], device: str | None = None, **options: Any
) -> EmbeddedSteps: ...


def embed_steps(
    run: RunLike, data: Any, *, ids: bool = False, device: str | None = None, **options: Any
) -> list[NDArray[np.float32]] | EmbeddedSteps:
    """Representations of each time step of sequences: :meth:`nearfar.api.Run.embed_steps`.

    Args:
        run: A run or its directory.
        data: Data as for :func:`nearfar.pretrain`, of the run's modality.
        ids: Return the name of each sequence as well.
        device: Where to compute, as of :func:`embed`.
        options: Options for loading the data, if different from the run's.
    """
    found = _run(run)
    if ids:
        return found.embed_steps(data, ids=True, device=device, **options)
    rows: list[NDArray[np.float32]] = found.embed_steps(data, device=device, **options)
    return rows


def probe(
    run: RunLike,
    data: Any,
    *,
    labels: Any = None,
    representations: Sequence[Representation] = ("trained", "untrained", "raw"),
    side: Side | None = None,
    device: str | None = None,
    **options: Any,
) -> ProbeRecord:
    """Accuracy of probes on a run's representation: :meth:`nearfar.api.Run.probe`.

    Args:
        run: A run or its directory.
        data: Labelled data.
        labels: The class of each sample, a file with them, or the name of a set of labels or a
            column.
        representations: The representations to probe.
        side: Side of pairs that the samples belong to: the inputs ``x`` or the signals ``s``.
        device: Where to compute the representations, as of :func:`embed`.
        options: Options for loading the data, if different from the run's: ``column``.
    """
    return _run(run).probe(
        data, labels=labels, representations=representations, side=side, device=device, **options
    )


def diagnose(
    embeddings: Any, second: Any = None, *, report: str | Path | None = None
) -> HealthRecord:
    """Label-free verdict on embeddings: healthy, collapsed, or nothing learnt.

    Args:
        embeddings: A matrix (samples × dim) as an array, a tensor or a file (``.npy``, ``.npz``,
            ``.parquet``); or a run or its directory, whose stored verdict is returned.
        second: A second view of the same samples; without it alignment is not measured.
        report: HTML page to write, with the hypersphere and the spectrum.

    Raises:
        ValueError: Not a matrix, fewer than 2 rows, NaN or infinity (the message names the row), or
            a run and `second`.

    Example:
        >>> import nearfar, torch
        >>> nearfar.diagnose(torch.ones(100, 16)).verdict
        'complete collapse'
    """
    of_run = isinstance(embeddings, (str, Path)) and Path(embeddings).is_dir()
    if isinstance(embeddings, Run) or of_run:
        if second is not None:
            raise ValueError("`second` must be None for a run, whose verdict is stored")
        return _run(embeddings).diagnose(report=report)
    return diagnose_embeddings(embeddings, second, report=report)


def export(
    run: RunLike, format: ExportFormat = "safetensors", out: str | Path | None = None
) -> Path:
    """Export a run's encoder for use without nearfar: :meth:`nearfar.api.Run.export`.

    Args:
        run: A run or its directory.
        format: ``safetensors``, ``onnx`` or ``timm``.
        out: File (or folder, for timm) to write; inside the run's directory if not given.
    """
    return _run(run).export(format, out)


def compare(runs: RunLike | Sequence[RunLike], *, report: str | Path | None = None) -> Comparison:
    """Comparison of several runs, a list with one row per run: :meth:`nearfar.api.Run.compare`.

    Args:
        runs: Runs or their directories, or one of them.
        report: HTML page to write, with the curves of all runs.

    Raises:
        ValueError: No runs.
    """
    listed = [runs] if isinstance(runs, (str, Path, Run)) else list(runs)
    if not listed:
        raise ValueError("`runs` must name at least one run, got none")
    first, *others = (_run(run) for run in listed)
    return first.compare(*others, report=report)


def report(run: RunLike) -> Path:
    """Regenerate the report of a run from its records: :meth:`nearfar.api.Run.report`.

    Args:
        run: A run or its directory.
    """
    return _run(run).report()


def _run(run: RunLike) -> Run:
    return run if isinstance(run, Run) else load(run)

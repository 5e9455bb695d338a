"""The methods of a run as functions of a run or its directory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from nearfar.api._comparing import Comparison
from nearfar.api._diagnosing import diagnose_embeddings
from nearfar.api._embedding import Embedded, EmbeddedSteps
from nearfar.api._exporting import ExportFormat
from nearfar.api._layers import Pool
from nearfar.api._probes_of_runs import Progress, Representation
from nearfar.api._probing_files import probe_embeddings
from nearfar.api._run_format import names_run
from nearfar.api._run_object import Run, RunLike, run_at, run_named, run_of
from nearfar.api._stored_run import Side
from nearfar.data._label_values import Task
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


@overload
def embed(
    run: RunLike,
    data: Any = None,
    *,
    batch_size: int | None = None,
    ids: Literal[False] = False,
    side: Side | None = None,
    layer: str | int | None = None,
    pool: Pool | None = None,
    device: str | None = None,
    checkpoint: str | int | None = None,
    **options: Any,
) -> NDArray[np.float32]: ...


@overload
def embed(
    run: RunLike,
    data: Any = None,
    *,
    batch_size: int | None = None,
    ids: Literal[True],
    side: Side | None = None,
    layer: str | int | None = None,
    pool: Pool | None = None,
    device: str | None = None,
    checkpoint: str | int | None = None,
    **options: Any,
) -> Embedded: ...


def embed(
    run: RunLike,
    data: Any = None,
    *,
    batch_size: int | None = None,
    ids: bool = False,
    side: Side | None = None,
    layer: str | int | None = None,
    pool: Pool | None = None,
    device: str | None = None,
    checkpoint: str | int | None = None,
    **options: Any,
) -> NDArray[np.float32] | Embedded:
    """Representations of samples, one row per sample: :meth:`nearfar.api.Run.embed`.

    Args:
        run: A run or its directory.
        data: Data as for :func:`nearfar.pretrain`, of the run's modality; by default the run's
            own, where they still are.
        batch_size: Samples per forward pass.
        ids: Return the name of each row as well.
        side: Side of pairs to embed: the inputs ``x`` (the default) or the signals ``s``.
        layer: Layer of the encoder: the name of a module, or its number (−1 for the last).
        pool: Pooling of the layer's tokens, time steps or places.
        device: Where to compute: ``auto``, ``cpu``, ``cuda:1``, ...; on the CPU by default.
        checkpoint: ``best``, ``last`` or a number of updates: :meth:`nearfar.api.Run.at`.
        options: Options for loading the data, if different from the run's: ``column``.
    """
    found = run_at(run, checkpoint)
    cut: dict[str, Any] = {"layer": layer, "pool": pool, "device": device}
    if ids:
        return found.embed(data, batch_size=batch_size, ids=True, side=side, **cut, **options)
    rows: NDArray[np.float32]
    rows = found.embed(data, batch_size=batch_size, side=side, **cut, **options)
    return rows


@overload
def embed_steps(
    run: RunLike,
    data: Any = None,
    *,
    ids: Literal[False] = False,
    device: str | None = None,
    **options: Any,
) -> list[NDArray[np.float32]]: ...


@overload
def embed_steps(
    run: RunLike,
    data: Any = None,
    *,
    ids: Literal[True],
    device: str | None = None,
    **options: Any,
) -> EmbeddedSteps: ...


def embed_steps(
    run: RunLike,
    data: Any = None,
    *,
    ids: bool = False,
    device: str | None = None,
    **options: Any,
) -> list[NDArray[np.float32]] | EmbeddedSteps:
    """Representations of each time step of sequences: :meth:`nearfar.api.Run.embed_steps`.

    Args:
        run: A run or its directory.
        data: Data as for :func:`nearfar.pretrain`, of the run's modality; by default the run's
            own, where they still are.
        ids: Return the name of each sequence as well.
        device: Where to compute, as of :func:`embed`.
        options: Options for loading the data, if different from the run's.
    """
    found = run_of(run)
    if ids:
        return found.embed_steps(data, ids=True, device=device, **options)
    rows: list[NDArray[np.float32]] = found.embed_steps(data, device=device, **options)
    return rows


def probe(
    run: Any,
    data: Any = None,
    *,
    labels: Any = None,
    task: Task | None = None,
    groups: Any = None,
    label_share: Sequence[float] = (),
    representations: Sequence[Representation] = ("trained", "untrained", "raw"),
    layer: str | int | None = None,
    pool: Pool | None = None,
    side: Side | None = None,
    save: bool = False,
    progress: Progress | None = None,
    device: str | None = None,
    **options: Any,
) -> ProbeRecord:
    """Scores of probes on a run's representation, :meth:`nearfar.api.Run.probe`, or on embeddings.

    Args:
        run: A run or its directory; or embeddings from any source: a file (``.npz``, ``.npy``,
            ``.parquet``, a table) or a matrix.
        data: Labelled data; of embeddings none.
        labels: The label of each sample, a file with them, or the name of a set of labels or a
            column. Rows are matched by name where the file of labels and the embeddings have names;
            by default labels stored with the embeddings.
        task: ``classification``, ``regression`` (numbers) or ``multilabel``; by default inferred
            from the labels, with a note.
        groups: Group of each sample, a file with them, or the name of a column; a group is never on
            both sides of a split.
        label_share: Shares of the labels to probe with in addition, such as 0.01 and 0.1.
        representations: The representations to probe; the first is compared with the others.
        layer: Layer of the encoders: the name of a module, or its number (−1 for the last).
        pool: Pooling of the layer's tokens, time steps or places.
        side: Side of pairs that the samples belong to: the inputs ``x`` or the signals ``s``.
        save: Store the record as ``probe.json`` in the run, for its report.
        progress: Called with what is done next, the steps done, and their number.
        device: Where to compute the representations, as of :func:`embed`.
        options: Options for loading the data, if different from the run's: ``column``.

    Raises:
        ValueError: Labels that do not match the samples, or options of a run with embeddings.

    Example:
        >>> import nearfar, torch
        >>> z = torch.eye(4).repeat(10, 1) + 0.1 * torch.rand(40, 4)
        >>> nearfar.probe(z, labels=["a", "b", "c", "d"] * 10).rows[0].linear
        1.0
    """
    if not _is_run(run):
        given = {"data": data, "layer": layer, "pool": pool, "side": side, **options}
        for name, value in given.items():
            if value is not None:
                raise ValueError(
                    f"`{name}` must be unset for embeddings, which are probed as they are,"
                    f" got {value!r}"
                )
        return probe_embeddings(
            run, labels=labels, task=task, groups=groups, shares=label_share, progress=progress
        )
    if data is None:
        raise ValueError("`data` must be given for a run: labelled data of the run's modality")
    return run_of(run).probe(
        data,
        labels=labels,
        task=task,
        groups=groups,
        label_share=label_share,
        representations=representations,
        layer=layer,
        pool=pool,
        side=side,
        save=save,
        progress=progress,
        device=device,
        **options,
    )


def _is_run(run: Any) -> bool:
    """Whether an argument is a run or a path that is no file."""
    if isinstance(run, (str, Path)):
        return not Path(run).is_file()
    return isinstance(run, Run)


def diagnose(
    embeddings: Any,
    second: Any = None,
    *,
    data: Any = None,
    report: str | Path | None = None,
    layer: str | int | None = None,
    pool: Pool | None = None,
    checkpoint: str | int | None = None,
    progress: Progress | None = None,
) -> HealthRecord:
    """Label-free verdict on embeddings: healthy, collapsed, or nothing learnt.

    Args:
        embeddings: A matrix (samples × dim) as an array, a tensor or a file (``.npy``, ``.npz``,
            ``.parquet``, ``.safetensors``), or a folder of such files, the parts of a matrix; two
            views as a file with ``z1`` and ``z2`` or :meth:`nearfar.api.Run.embed_views`; or a run
            or its directory, whose stored verdict is returned.
        second: A second view of the same samples; without it, and with a single view in
            `embeddings`, alignment is not measured.
        data: Data whose representations by the run are diagnosed instead.
        report: HTML page to write, with the hypersphere and the spectrum.
        layer: Layer of the run's encoder whose features are diagnosed, of the data that the run
            was trained on by default.
        pool: Pooling of the layer's tokens, time steps or places.
        checkpoint: Checkpoint of the run that is measured, as of :func:`embed`.
        progress: Called with what is done next, the rows measured and their number, if there are so
            many that they are read in chunks.

    The embeddings of a run have its alarms too: a file of embeddings that nearfar wrote remembers
    its run.

    Cost:
        Up to 33 million numbers are held in memory. Of more, every row counts for means, ranks and
        agreement, and 16,384 rows for what compares rows with each other; memory stays below 1 GB.

    Raises:
        ValueError: Not a matrix, fewer than 2 rows, NaN or infinity (the message names the row), or
            a run and `second`, or a layer of embeddings.

    Example:
        >>> import nearfar, torch
        >>> nearfar.diagnose(torch.ones(100, 16)).verdict
        'complete collapse'
    """
    if isinstance(embeddings, Run) or names_run(embeddings):
        if second is not None:
            raise ValueError("`second` must be None for a run, whose verdict is stored")
        run = run_at(embeddings, checkpoint)
        return run.diagnose(data, report=report, layer=layer, pool=pool)
    given = {"data": data, "layer": layer, "pool": pool, "checkpoint": checkpoint}
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"`{name}` must be unset for embeddings, got {value!r}")
    return diagnose_embeddings(embeddings, second, report=report, progress=progress)


def export(
    run: RunLike,
    format: ExportFormat = "safetensors",
    out: str | Path | None = None,
    *,
    checkpoint: str | int | None = None,
) -> Path:
    """Export a run's encoder for use without nearfar: :meth:`nearfar.api.Run.export`.

    Args:
        run: A run or its directory.
        format: ``safetensors``, ``onnx`` or ``timm``.
        out: File (or folder, for timm) to write; inside the run's directory if not given.
        checkpoint: ``best``, ``last`` or a number of updates; the end of the run by default.
    """
    return run_at(run, checkpoint).export(format, out)


def compare(runs: RunLike | Sequence[RunLike], *, report: str | Path | None = None) -> Comparison:
    """Comparison of several runs, a list with one row per run: :meth:`nearfar.api.Run.compare`.

    Args:
        runs: Runs or their directories, or one of them; ``RUN@best`` or ``RUN@140`` for a
            checkpoint of one.
        report: HTML page to write, with the curves of all runs.

    Raises:
        ValueError: No runs.
    """
    listed = [runs] if isinstance(runs, (str, Path, Run)) else list(runs)
    if not listed:
        raise ValueError("`runs` must name at least one run, got none")
    first, *others = (run_named(run) for run in listed)
    return first.compare(*others, report=report)


def report(run: RunLike) -> Path:
    """Regenerate the report of a run from its records: :meth:`nearfar.api.Run.report`.

    Args:
        run: A run or its directory.
    """
    return run_of(run).report()

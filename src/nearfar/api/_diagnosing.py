"""The verdict on embeddings from any source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nearfar.api._embedding import row_names
from nearfar.api._embedding_files import EmbeddingFile, read_embeddings
from nearfar.api._embedding_streams import IN_MEMORY, EmbeddingStream, open_stream
from nearfar.api._origin import Origin
from nearfar.api._probes_of_runs import Progress
from nearfar.api._run_verdicts import joined_with_run
from nearfar.api._two_views import TWO_VIEWS, EmbeddedViews
from nearfar.data import Source, open_source
from nearfar.data._foreign_objects import refuse_foreign, taken
from nearfar.diagnostics import HealthStream, geometry
from nearfar.diagnostics._health_stream import health_of
from nearfar.diagnostics._named_samples import with_named_samples
from nearfar.diagnostics._stability import SUBSAMPLES
from nearfar.records import Exhibit, GeometryRecord, HealthRecord, write_text

__all__ = ["diagnose_embeddings", "opened_embeddings", "write_health"]


def diagnose_embeddings(
    embeddings: Any,
    second: Any = None,
    *,
    report: str | Path | None,
    progress: Progress | None = None,
) -> HealthRecord:
    """The verdict on a matrix of embeddings, or on two views; see :func:`nearfar.diagnose`."""
    stream = open_stream(embeddings, second)
    if stream is not None and stream.numbers > IN_MEMORY:
        found = _of_stream(stream, progress)
    else:
        found = _in_memory(embeddings, second)
    folder = Path(embeddings).parent if isinstance(embeddings, (str, Path)) else None
    verdict = joined_with_run(found.health, found.origin, folder=folder)
    if report is not None:
        write_health(report, verdict, found.shape())
    return verdict


@dataclass(frozen=True)
class _Found:
    """A verdict on embeddings alone, the figures of its page, and their run."""

    health: HealthRecord
    shape: Callable[[], GeometryRecord]
    origin: Origin | None


def _of_stream(stream: EmbeddingStream, progress: Progress | None) -> _Found:
    """The verdict on embeddings that are read in chunks."""
    rows, done, zeros = stream.shapes["z1"][0], 0, 0
    measured = HealthStream()
    for chunk in stream.chunks():
        if progress is not None:
            progress("rows measured", done, rows)
        raw = (chunk["raw1"], chunk["raw2"]) if {"raw1", "raw2"} <= chunk.keys() else None
        inner = (chunk["h1"], chunk["h2"]) if {"h1", "h2"} <= chunk.keys() else chunk.get("h1")
        measured.update(chunk["z1"], chunk.get("z2"), representations=inner, raw=raw)
        done += len(chunk["z1"])
        zeros += int((chunk["z1"] == 0).all(dim=1).sum())
    if progress is not None:
        progress("rows measured", done, rows)
    health = measured.compute(**_settings(stream.origin), subsamples=SUBSAMPLES)
    sample = measured.sample
    kept = len(sample["z1"])
    notes = [*stream.notes]
    if kept < rows:
        notes.append(
            f"what compares rows with each other is of {kept:,} of {rows:,} rows, those with the"
            " smallest hashes of their positions"
        )
    if zeros:
        notes.append(f"{zeros:,} of {rows:,} rows have only zeros")
    ids = tuple(stream.name_of(position) for position in measured.positions.tolist())

    def shape() -> GeometryRecord:
        return geometry(sample["z1"], sample.get("z2"), ids=ids)

    verdict = with_named_samples(
        replace(health, notes=tuple(notes)), sample["z1"], sample.get("z2"), ids=ids
    )
    return _Found(verdict, shape, stream.origin)


def _in_memory(embeddings: Any, second: Any) -> _Found:
    """The verdict on embeddings that are held as a whole."""
    first = opened_embeddings(embeddings)
    other = None if second is None else opened_embeddings(second)
    if other is not None and (first.views or other.views):
        raise ValueError("`second` must be unset for a file that has two views")
    views = dict(first.views) or {"z1": first.embeddings}
    view = first.second if other is None else other.embeddings
    apart: tuple[str, ...] = ()
    if other is None and view is not None and view.shape[1] != first.embeddings.shape[1]:
        apart = (
            f"the second side has {view.shape[1]:,} dimensions, not {first.embeddings.shape[1]:,}:"
            " only the first is measured",
        )
    elif view is not None:
        views["z2"] = view
    try:
        health = health_of(views, **_settings(first.origin), subsamples=SUBSAMPLES)
    except ValueError as error:
        if not isinstance(embeddings, (str, Path)):
            raise
        raise ValueError(f"{embeddings}: {error}") from None
    notes = (*apart, *first.notes, *(() if other is None else other.notes))

    def shape() -> GeometryRecord:
        return geometry(views["z1"], views.get("z2"), ids=first.ids)

    verdict = with_named_samples(
        replace(health, notes=notes), views["z1"], views.get("z2"), ids=first.ids
    )
    return _Found(verdict, shape, first.origin)


def _settings(origin: Origin | None) -> dict[str, Any]:
    """What a verdict takes from the run, if the rows are those that its own verdict is on."""
    if origin is None or origin.output != TWO_VIEWS:
        return {}
    return {
        "loss": origin.loss,
        "chance": origin.chance,
        "positives": origin.positives,
        "course": origin.course,
        "modality": origin.modality,
    }


def write_health(
    report: str | Path,
    verdict: HealthRecord,
    shape: GeometryRecord | None,
    *,
    samples: Sequence[Exhibit] = (),
) -> None:
    """Write a verdict as an HTML page, with pictures of the samples that it names if there are."""
    from nearfar.reports import render_health

    write_text(Path(report), render_health(verdict, shape, samples=samples))


def opened_embeddings(values: Any, *, argument: str = "embeddings") -> EmbeddingFile:
    """Embeddings from a file or an object, with the name of each row.

    Args:
        values: A file; two views of a run; a matrix as an array, a tensor or a sparse one; a table
            of pandas, polars or pyarrow, as for a file of it; or a list, a dataset, a data loader
            or an iterable of vectors or of batches of them.
        argument: Name of the argument for messages.

    Raises:
        TypeError: An object that holds no vectors.
        ValueError: Unusable data; the message gives the reason.
    """
    if isinstance(values, EmbeddingFile):
        return values
    if isinstance(values, EmbeddedViews):
        views = {name: torch.from_numpy(rows) for name, rows in values.matrices.items()}
        return EmbeddingFile(views["h1"], None, values.ids, values.notes, views, values.origin)
    if isinstance(values, (str, Path)):
        return read_embeddings(values)
    dense = isinstance(values, np.ndarray) and values.dtype.kind in "biuf"
    if not dense and not (isinstance(values, Tensor) and values.layout == torch.strided):
        source = _vectors_of(values, argument)
        rows: Tensor = source.read(range(len(source))).inputs  # type: ignore[assignment]
        unsaid = [note for note in source.notes if "constant column" not in note]
        return EmbeddingFile(rows, None, row_names(source), tuple(unsaid))
    tensor = torch.as_tensor(values)
    tensor = tensor if tensor.is_floating_point() else tensor.float()
    names = tuple(f"row {row}" for row in range(len(tensor) if tensor.ndim else 0))
    return EmbeddingFile(tensor, None, names, ())


def _vectors_of(values: Any, argument: str) -> Source:
    """An object as vectors; errors name the argument."""
    held = taken(values, argument=argument)
    refuse_foreign(held, argument=argument)
    try:
        return open_source(held, modality="vectors")
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"`{argument}` must be embeddings (samples × dim), such as run.embed(data), got"
            f" {type(values).__name__}: {error}"
        ) from None

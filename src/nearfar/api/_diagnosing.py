"""The verdict on embeddings from any source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nearfar.api._embedding import row_names
from nearfar.api._embedding_files import EmbeddingFile, read_embeddings
from nearfar.data import Source, open_source
from nearfar.data._foreign_objects import refuse_foreign, taken
from nearfar.diagnostics import geometry, health
from nearfar.diagnostics._named_samples import with_named_samples
from nearfar.records import Exhibit, GeometryRecord, HealthRecord, write_text

__all__ = ["diagnose_embeddings", "opened_embeddings", "write_health"]


def diagnose_embeddings(embeddings: Any, second: Any, *, report: str | Path | None) -> HealthRecord:
    """The verdict on a matrix of embeddings, or on two views; see :func:`nearfar.diagnose`."""
    first, other = (
        opened_embeddings(embeddings),
        None if second is None else opened_embeddings(second),
    )
    view = first.second if other is None else other.embeddings
    apart: tuple[str, ...] = ()
    if other is None and view is not None and view.shape[1] != first.embeddings.shape[1]:
        apart = (
            f"the second side has {view.shape[1]:,} dimensions, not {first.embeddings.shape[1]:,}:"
            " only the first is measured",
        )
        view = None
    try:
        verdict = health(first.embeddings, view)
    except ValueError as error:
        if not isinstance(embeddings, (str, Path)):
            raise
        raise ValueError(f"{embeddings}: {error}") from None
    notes = (*apart, *first.notes, *(() if other is None else other.notes))
    verdict = replace(verdict, notes=notes)
    verdict = with_named_samples(verdict, first.embeddings, view, ids=first.ids)
    if report is not None:
        write_health(report, verdict, geometry(first.embeddings, view, ids=first.ids))
    return verdict


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
        values: A file; a matrix as an array, a tensor or a sparse one; a table of pandas, polars or
            pyarrow, as for a file of it; or a list, a dataset, a data loader or an iterable of
            vectors or of batches of them.
        argument: Name of the argument for messages.

    Raises:
        TypeError: An object that holds no vectors.
        ValueError: Unusable data; the message gives the reason.
    """
    if isinstance(values, EmbeddingFile):
        return values
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

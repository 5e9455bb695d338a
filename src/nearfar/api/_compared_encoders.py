"""The encoders of several runs on the same samples, for a comparison of runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from nearfar.api._embedding import embed_source, row_names
from nearfar.api._small_exhibits import thumbnail
from nearfar.api._stored_run import StoredRun
from nearfar.data import Source, Subset
from nearfar.diagnostics import geometry, linear_cka, neighbor_overlap, neighbors_kept
from nearfar.records import EncodersRecord, Exhibit, GeometryRecord
from nearfar.views import Views

__all__ = ["compared_encoders"]

_SAMPLES, _NEIGHBORS = 400, 10
_LEAST = 12  # samples


@dataclass(frozen=True)
class _Embedded:
    """The representations of a run, of the same samples as those of the others."""

    name: str
    rows: Tensor
    ids: tuple[str, ...]


def compared_encoders(runs: Sequence[StoredRun], names: Sequence[str]) -> EncodersRecord:
    """Representations of the data of the first run by all runs that were trained on the same data.

    Args:
        runs: The runs.
        names: Their names.

    Returns:
        The comparison on up to 400 evenly spaced samples; without runs if fewer than two embed the
        same samples, with the reasons as notes.
    """
    held: list[_Embedded] = []
    notes: list[str] = []
    pictures: tuple[Exhibit, ...] = ()
    data = ""
    for run, name in zip(runs, names, strict=True):
        try:
            source = run.open()
            some = _evenly(source)
            views = run.side_views(some)
            ids = row_names(some)
            if held and ids != held[0].ids:
                notes.append(
                    f"{name} is left out: it was trained on other samples than {held[0].name}"
                )
                continue
            rows = embed_source(run.encoder, some, views)
            if not bool(rows.isfinite().all()):
                raise ValueError("its representations are not finite")
            if not held:
                pictures, data = _pictures(run, some, views), f"{source.name}: {source.describe()}"
            held.append(_Embedded(name, rows, ids))
        except (ImportError, OSError, TypeError, ValueError) as error:
            notes.append(f"{name} is left out: {error}")
    if len(held) < 2 or len(held[0].ids) < _LEAST:
        return EncodersRecord(notes=tuple(notes))
    return EncodersRecord(
        runs=tuple(each.name for each in held),
        data=data,
        samples=len(held[0].ids),
        neighbors=_NEIGHBORS,
        overlap=_pairs(held, lambda x, y: neighbor_overlap(x, y, k=_NEIGHBORS)),
        cka=_pairs(held, linear_cka),
        geometries=tuple(_geometry(held, place) for place in range(len(held))),
        pictures=pictures,
        notes=tuple(notes),
    )


def _evenly(source: Source) -> Subset:
    count = min(_SAMPLES, len(source))
    chosen = torch.linspace(0, len(source) - 1, count, dtype=torch.float64).long()
    return Subset(source, chosen)


def _pictures(run: StoredRun, some: Subset, views: Views) -> tuple[Exhibit, ...]:
    """The samples as the first run shows them; none of a side of pairs with its own form."""
    if run.kind.paired:
        return ()
    batch = some.read(range(len(some)))
    shown = run.kind.show(views.plain(batch.inputs), run.description.form)
    named = zip(shown, batch.samples.tolist(), strict=True)
    return tuple(replace(thumbnail(each), caption=some.identify(sample)) for each, sample in named)


def _pairs(
    held: Sequence[_Embedded], measure: Callable[[Tensor, Tensor], Tensor]
) -> tuple[tuple[float, ...], ...]:
    return tuple(
        tuple(float(f"{float(measure(one.rows, other.rows)):.4g}") for other in held)
        for one in held
    )


def _geometry(held: Sequence[_Embedded], place: int) -> GeometryRecord:
    own, other = held[place], held[0 if place else 1]
    drawn = geometry(own.rows, ids=own.ids)
    kept = neighbors_kept(own.rows, other.rows, k=_NEIGHBORS).tolist()
    return replace(drawn, readings={"neighbors_kept": tuple(kept), **drawn.readings})

"""Searches in embeddings: nearest neighbours, near duplicates, outliers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nearfar.api._search_exhibits import duplicate_exhibits, neighbor_exhibits, outlier_exhibits
from nearfar.api._searched import SearchedSide, find_query, open_searched
from nearfar.api._stored_run import Side
from nearfar.checks import check_boolean, check_integer
from nearfar.diagnostics import near_duplicates, outlier_scores
from nearfar.ops import nearest_neighbors
from nearfar.records import (
    DuplicatesRecord,
    DuplicatesRow,
    Neighbor,
    NeighborsRecord,
    NeighborsRow,
    OutlierRow,
    OutliersRecord,
    write_text,
)

__all__ = ["duplicates", "neighbors", "outliers"]

_ASKED, _MOST = 8, 100  # samples by default and at most
_UNUSUAL = 3.5
_SHOWN = 5  # neighbours of an outlier


def neighbors(
    embeddings: Any,
    of: Any = None,
    *,
    data: Any = None,
    k: int = 8,
    side: Side | None = None,
    within: bool = False,
    seed: int = 0,
    report: str | Path | None = None,
    **options: Any,
) -> NeighborsRecord:
    """Nearest neighbours of samples by cosine similarity, among all embeddings.

    Args:
        embeddings: A run or its directory, whose encoder embeds its data; or a matrix (samples ×
            dim) as an array, a tensor or a file of embeddings from any source.
        of: The samples, one or several: row numbers, names of rows, or files. A run also embeds new
            files, and texts. By default 8 rows drawn at random.
        data: The samples, if they are not those that the run was trained on. For a file of
            embeddings, which have only names, the samples to show in the report.
        k: Number of neighbours.
        side: Side of pairs that `of` belongs to: the inputs ``x`` (the default) or the signals
            ``s``.
        within: Search pairs on the same side instead of the other.
        seed: Seed of the random rows.
        report: HTML page to write, with the samples side by side.
        options: Options for loading the data, if different from the run's: ``column``.

    Returns:
        The samples with their neighbours, the nearest first. A sample is not its own neighbour.

    Raises:
        ValueError: No such row or file, or a `k` that is too large.

    Example:
        >>> import nearfar, torch
        >>> found = nearfar.neighbors(torch.eye(4) + 0.1 * torch.eye(4).roll(1, 1), of=2, k=2)
        >>> [(other.row, round(other.similarity, 3)) for other in found.queries[0].neighbors]
        [(1, 0.099), (3, 0.099)]
    """
    check_integer(at_least=1, k=k)
    check_boolean(within=within)
    asked = open_searched(embeddings, data, side=side, **options)
    if within and asked.partner is None:
        raise ValueError("`within` must be False for data that are not pairs, got True")
    searched = asked if within or asked.partner is None else asked.partner
    _check_widths(asked, searched)
    rows, new, notes = _queries(asked, of, data, seed)
    rows, new, more = _at_most(rows, new)
    most = len(searched.ids) - (searched is asked and bool(rows))
    if k > most:
        raise ValueError(f"`k` must be at most {most:,}, the number of other samples, got {k}")
    found = _neighbors_of_rows(asked, searched, rows, k)
    for sample in new:
        near = nearest_neighbors(sample.embeddings, searched.embeddings, k=k)
        texts = _texts(sample, range(len(sample.ids)))
        found += [
            NeighborsRow(name, _listed(searched, *line), text=text)
            for name, text, *line in zip(sample.ids, texts, *near, strict=True)
        ]
    across = f"{asked.side} → {searched.side}" if asked.side and asked.partner else ""
    record = NeighborsRecord(
        data=searched.name,
        samples=len(searched.ids),
        dim=searched.embeddings.shape[1],
        k=k,
        queries=tuple(found),
        direction=across,
        notes=(*asked.notes, *notes, *more),
    )
    if report is not None:
        from nearfar.reports import render_neighbors

        shown = neighbor_exhibits(record, asked, searched, new)
        write_text(Path(report), render_neighbors(record, shown))
    return record


def duplicates(
    embeddings: Any,
    *,
    threshold: float | None = None,
    data: Any = None,
    side: Side | None = None,
    report: str | Path | None = None,
    **options: Any,
) -> DuplicatesRecord:
    """Groups of near duplicates: :func:`nearfar.diagnostics.near_duplicates` of samples.

    Args:
        embeddings: A run or its directory, whose encoder embeds its data; or a matrix (samples ×
            dim) as an array, a tensor or a file of embeddings from any source.
        threshold: Lowest cosine similarity of near duplicates; by default it follows from the data.
        data: The samples, as in :func:`nearfar.neighbors`.
        side: Side of pairs, ``x`` by default.
        report: HTML page to write, with the samples side by side.
        options: Options for loading the data, if different from the run's: ``column``.

    Returns:
        The groups, those of equal embeddings first.

    Raises:
        ValueError: Fewer than 2 samples, NaN or infinity, or a threshold outside −1 to 1.

    Example:
        >>> import nearfar, torch
        >>> z = torch.eye(30)
        >>> [group.rows for group in nearfar.duplicates(torch.cat([z, z[4:5]])).groups]
        [(4, 30)]
    """
    searched = open_searched(embeddings, data, side=side, **options)
    found = near_duplicates(searched.embeddings, threshold=threshold)
    groups = [
        DuplicatesRow(
            group.rows,
            tuple(searched.ids[row] for row in group.rows),
            group.first,
            group.lowest,
            group.copies,
            tuple(_texts(searched, group.rows)) if searched.texts else (),
        )
        for group in found.groups
    ]
    largest = max((len(group.rows) for group in groups), default=0)
    notes = [*_zero_notes(searched), *_side_notes(searched)]
    if 2 * largest > len(searched.ids):
        notes.append(
            f"{largest:,} of {len(searched.ids):,} samples are in one group: raise the threshold,"
            " or check with `nearfar diagnose` whether the encoder has collapsed"
        )
    record = DuplicatesRecord(
        data=searched.name,
        samples=len(searched.ids),
        dim=searched.embeddings.shape[1],
        threshold=found.threshold,
        chosen=threshold is None,
        groups=tuple(groups),
        notes=(*searched.notes, *notes),
    )
    if report is not None:
        from nearfar.reports import render_duplicates

        shown, more = duplicate_exhibits(record, searched)
        page = render_duplicates(replace(record, notes=(*record.notes, *more)), shown)
        write_text(Path(report), page)
    return record


def outliers(
    embeddings: Any,
    *,
    top: int = 20,
    k: int = 10,
    data: Any = None,
    side: Side | None = None,
    report: str | Path | None = None,
    **options: Any,
) -> OutliersRecord:
    """Samples far from their neighbours: :func:`nearfar.diagnostics.outlier_scores` of samples.

    Args:
        embeddings: A run or its directory, whose encoder embeds its data; or a matrix (samples ×
            dim) as an array, a tensor or a file of embeddings from any source.
        top: Number of samples.
        k: Neighbours per sample.
        data: The samples, as in :func:`nearfar.neighbors`.
        side: Side of pairs, ``x`` by default.
        report: HTML page to write, with the samples and their neighbours side by side.
        options: Options for loading the data, if different from the run's: ``column``.

    Returns:
        The samples, the farthest first.

    Raises:
        ValueError: Not more than `k` samples, or NaN or infinity.

    Example:
        >>> import nearfar, torch
        >>> z = torch.cat([torch.ones(30, 8), -torch.ones(1, 8)]) + 0.1 * torch.eye(31, 8)
        >>> found = nearfar.outliers(z, top=1)
        >>> found.outliers[0].row, round(found.outliers[0].distance, 1)
        (30, 2.0)
    """
    check_integer(at_least=1, top=top)
    searched = open_searched(embeddings, data, side=side, **options)
    scores = outlier_scores(searched.embeddings, k=k)
    known = scores.distances.nan_to_num(-1)
    order = known.argsort(descending=True, stable=True)
    order = order[: min(top, int((known >= 0).sum()))]
    median = float(scores.distances.nanquantile(0.5))
    units = torch.nn.functional.normalize(searched.embeddings.double(), dim=1)
    made = []
    for row, text in zip(order.tolist(), _texts(searched, order.tolist()), strict=True):
        near = scores.neighbors[row, :_SHOWN]
        distance = float(scores.distances[row])
        made.append(
            OutlierRow(
                row,
                searched.ids[row],
                distance,
                distance / median if median > 0 else float("inf") if distance > 0 else 1.0,
                float(scores.deviations[row]),
                _listed(searched, units[near] @ units[row], near),
                text,
            )
        )
    record = OutliersRecord(
        data=searched.name,
        samples=len(searched.ids),
        dim=searched.embeddings.shape[1],
        k=k,
        median=median,
        unusual=int((scores.deviations > _UNUSUAL).sum()),
        outliers=tuple(made),
        notes=(*searched.notes, *_zero_notes(searched), *_side_notes(searched)),
    )
    if report is not None:
        from nearfar.reports import render_outliers

        write_text(Path(report), render_outliers(record, outlier_exhibits(record, searched)))
    return record


def _check_widths(asked: SearchedSide, searched: SearchedSide) -> None:
    """Both sides of pairs must be in the same space."""
    widths = asked.embeddings.shape[1], searched.embeddings.shape[1]
    if widths[0] != widths[1]:
        raise ValueError(
            f"`within` must be True for sides of different width, got {widths[0]} and {widths[1]}"
            " dimensions"
        )


def _queries(
    asked: SearchedSide, of: Any, data: Any, seed: int
) -> tuple[list[int], list[SearchedSide], list[str]]:
    """Rows and new samples, and a note on random ones."""
    if of is None:
        count = min(_ASKED, len(asked.ids))
        draw = torch.randperm(len(asked.ids), generator=torch.Generator().manual_seed(seed))
        rows = sorted(draw[:count].tolist())
        return rows, [], [f"rows drawn at random (seed {seed}): {', '.join(map(str, rows))}"]
    listed = list(of) if isinstance(of, Iterable) and not isinstance(of, (str, Path)) else [of]
    if not listed:
        raise ValueError("`of` must name at least one sample, got none")
    found = [find_query(asked, one, data=data) for one in listed]
    rows = [one for one in found if isinstance(one, int)]
    new = [one for one in found if isinstance(one, SearchedSide)]
    return rows, new, [note for one in new for note in one.notes]


def _at_most(
    rows: list[int], new: list[SearchedSide]
) -> tuple[list[int], list[SearchedSide], list[str]]:
    """The first samples, and a note if some are left out."""
    total = len(rows) + sum(len(one.ids) for one in new)
    left, kept = _MOST - len(rows[:_MOST]), []
    for one in new:
        if left:
            part = one.embeddings[:left]
            kept.append(replace(one, embeddings=part, ids=one.ids[:left]))
            left -= len(part)
    note = f"neighbours of the first {_MOST} of {total:,} samples; the others are left out"
    return rows[:_MOST], kept, [note] if total > _MOST else []


def _neighbors_of_rows(
    asked: SearchedSide, searched: SearchedSide, rows: Sequence[int], k: int
) -> list[NeighborsRow]:
    """Neighbours of rows of one side among those of the same side, or of the other."""
    if not rows:
        return []
    own = searched is asked
    near = nearest_neighbors(asked.embeddings[list(rows)], searched.embeddings, k=k + own)
    found = []
    texts = _texts(asked, rows)
    for row, text, similar, places in zip(rows, texts, *near, strict=True):
        others = (places != row).nonzero().flatten() if own else torch.arange(k)
        listed = _listed(searched, similar[others[:k]], places[others[:k]])
        found.append(NeighborsRow(asked.ids[row], listed, row, text))
    return found


def _listed(searched: SearchedSide, similar: Tensor, rows: Tensor) -> tuple[Neighbor, ...]:
    places = rows.tolist()
    found = zip(places, similar.tolist(), _texts(searched, places), strict=True)
    return tuple(Neighbor(row, searched.ids[row], value, text) for row, value, text in found)


def _texts(searched: SearchedSide, rows: Sequence[int]) -> list[str]:
    if not searched.texts:
        return [""] * len(rows)
    return [exhibit.text for exhibit in searched.show(list(rows))]


def _zero_notes(searched: SearchedSide) -> list[str]:
    """A note on rows without a direction, unless the file's notes have it."""
    zeros = int((searched.embeddings == 0).all(dim=1).sum())
    if not zeros:
        return []
    return [f"{zeros:,} embeddings of only zeros have no direction and are left out"]


def _side_notes(searched: SearchedSide) -> list[str]:
    return [f"side {searched.side} of pairs"] if searched.partner is not None else []

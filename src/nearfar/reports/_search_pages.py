"""Pages on searches in embeddings: neighbours, near duplicates and outliers."""

from __future__ import annotations

from collections.abc import Sequence

from nearfar.records import (
    DuplicatesRecord,
    GalleryRow,
    NeighborsRecord,
    OutliersRecord,
)
from nearfar.reports import _notes
from nearfar.reports._formatting import count, number
from nearfar.reports._gallery_section import exhibit_rows
from nearfar.reports._html import element
from nearfar.reports._page import page
from nearfar.reports._section import missing, section_of

__all__ = ["render_duplicates", "render_neighbors", "render_outliers"]


def render_neighbors(record: NeighborsRecord, rows: Sequence[GalleryRow]) -> str:
    """A self-contained HTML page of samples and their nearest neighbours.

    Args:
        record: The samples and their neighbours.
        rows: Their exhibits.

    Returns:
        The page.
    """
    searched = f" ({record.direction})" if record.direction else ""
    return _page(
        "Nearest neighbours",
        record,
        rows,
        ("sample", "neighbour"),
        f"Each row is a sample and its {record.k} nearest neighbours{searched} by cosine similarity"
        " of the embeddings, the nearest first.",
        empty="No sample was asked for.",
    )


def render_duplicates(record: DuplicatesRecord, rows: Sequence[GalleryRow]) -> str:
    """A self-contained HTML page of groups of near duplicates.

    Args:
        record: The groups.
        rows: Their exhibits.

    Returns:
        The page.
    """
    how = "chosen from the data" if record.chosen else "given"
    return _page(
        "Near duplicates",
        record,
        rows,
        ("sample", "near duplicate"),
        f"{count(len(record.groups))} groups of samples connected by cosine similarities of"
        f" {record.threshold:.4f} or more (threshold {how}). If one sample of each group is kept,"
        f" {count(record.surplus)} are surplus. Groups of equal embeddings are first.",
        empty=f"No two samples have a cosine similarity of {record.threshold:.4f} or more.",
    )


def render_outliers(record: OutliersRecord, rows: Sequence[GalleryRow]) -> str:
    """A self-contained HTML page of outliers and their nearest neighbours.

    Args:
        record: The outliers.
        rows: Their exhibits.

    Returns:
        The page.
    """
    return _page(
        "Outliers",
        record,
        rows,
        ("outlier", "neighbour"),
        f"The samples with the largest mean cosine distance to their {record.k} nearest neighbours,"
        f" each with the nearest of them. The median distance is {number(record.median)};"
        f" {count(record.unusual)} of {count(record.samples)} samples are unusual (more than 3.5"
        " robust standard deviations above it, on a logarithmic scale).",
        empty="No sample has a distance.",
    )


def _page(
    title: str,
    record: NeighborsRecord | DuplicatesRecord | OutliersRecord,
    rows: Sequence[GalleryRow],
    roles: tuple[str, str],
    lead: str,
    *,
    empty: str,
) -> str:
    size = f"{count(record.samples)} embeddings of {count(record.dim)} dimensions"
    return page(
        f"{title} · nearfar",
        [
            element("p", "nearfar search", class_="eyebrow"),
            element("h1", title),
            element("p", f"{record.data} · {size}", class_="subject"),
        ],
        [
            section_of(
                "samples",
                "Samples",
                exhibit_rows(rows, *roles, large=True) if rows else missing(empty),
                lead=lead,
            ),
            _notes.section(record.notes),
        ],
        [],
    )

"""Exhibits of searches: the samples of a page, as small images, sounds and texts."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import replace

from nearfar.api._searched import SearchedSide
from nearfar.modalities import png_text
from nearfar.records import (
    DuplicatesRecord,
    Exhibit,
    GalleryRow,
    NeighborsRecord,
    OutliersRecord,
)

__all__ = ["duplicate_exhibits", "neighbor_exhibits", "outlier_exhibits"]

_GROUPS, _MEMBERS = 60, 12  # of a page
_SIDE = 192  # pixels
_LETTERS = 600


def neighbor_exhibits(
    record: NeighborsRecord,
    asked: SearchedSide,
    searched: SearchedSide,
    new: Sequence[SearchedSide],
) -> list[GalleryRow]:
    """The samples and their neighbours; new samples come after the rows."""
    fresh = [exhibit for one in new for exhibit in one.show(range(len(one.ids)))]
    known = iter(asked.show([query.row for query in record.queries if query.row is not None]))
    unknown = iter(fresh)
    made = []
    for query in record.queries:
        sample = next(unknown if query.row is None else known)
        others = searched.show([other.row for other in query.neighbors])
        captions = [
            f"{other.id} · {_cosine(other.similarity)}"
            + (" · its own pair" if searched is not asked and other.row == query.row else "")
            for other in query.neighbors
        ]
        made.append(_row(sample, query.id, others, captions))
    return made


def duplicate_exhibits(
    record: DuplicatesRecord, searched: SearchedSide
) -> tuple[list[GalleryRow], list[str]]:
    """The first groups and the first members of each, and notes on those not shown."""
    made, notes = [], []
    for group in record.groups[:_GROUPS]:
        first, *others = searched.show(group.rows[:_MEMBERS])
        marked = zip(group.rows, group.first, group.ids, strict=True)
        captions = [
            name if first_row == row else f"{name} · equal to row {first_row}"
            for row, first_row, name in marked
        ]
        similar = "equal" if group.copies else f"lowest {_cosine(group.lowest)}"
        caption = f"{captions[0]} · {len(group.rows)} samples · {similar}"
        made.append(_row(first, caption, others, captions[1:_MEMBERS]))
    if len(record.groups) > _GROUPS:
        notes.append(f"the page has the first {_GROUPS} of {len(record.groups):,} groups")
    large = sum(len(group.rows) > _MEMBERS for group in record.groups[:_GROUPS])
    if large:
        notes.append(f"the page has {_MEMBERS} samples each of {large:,} larger groups")
    return made, notes


def outlier_exhibits(record: OutliersRecord, searched: SearchedSide) -> list[GalleryRow]:
    """The first outliers, each with its nearest neighbours."""
    made = []
    for found in record.outliers[:_GROUPS]:
        (sample,) = searched.show([found.row])
        others = searched.show([other.row for other in found.neighbors])
        captions = [f"{other.id} · {_cosine(other.similarity)}" for other in found.neighbors]
        caption = f"{found.id} · {found.ratio:.1f} × median · {found.deviations:.1f} deviations"
        made.append(_row(sample, caption, others, captions))
    return made


def _row(
    sample: Exhibit, caption: str, others: Sequence[Exhibit], captions: Sequence[str]
) -> GalleryRow:
    captioned = zip(others, captions, strict=True)
    shown = tuple(replace(_small(other), caption=words) for other, words in captioned)
    return GalleryRow(replace(_small(sample), caption=caption), shown)


def _small(exhibit: Exhibit) -> Exhibit:
    """The exhibit with a smaller image and a shorter text, for pages of many samples."""
    text = exhibit.text
    if len(text) > _LETTERS:
        exhibit = replace(exhibit, text=text[:_LETTERS].rsplit(" ", 1)[0] + " …")
    if not exhibit.png:
        return exhibit
    from PIL import Image

    image = Image.open(io.BytesIO(base64.b64decode(exhibit.png)))
    if max(image.size) <= _SIDE or exhibit.wav or exhibit.text:
        return exhibit
    image.thumbnail((_SIDE, _SIDE))
    return replace(exhibit, png=png_text(image))


def _cosine(similarity: float) -> str:
    """A similarity with as many digits as distinguish it from 1."""
    digits = 2 if similarity < 0.99 else 4
    return f"cosine {similarity:.{digits}f}".replace("-", "−")

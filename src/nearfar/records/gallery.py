"""Pictures of a run: views of samples, and each sample's nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass

from nearfar.records.record import Record

__all__ = ["GalleryRecord", "GalleryRow", "Picture"]


@dataclass(frozen=True)
class Picture(Record):
    """One small image: PNG bytes in base64, and its caption (text from outside: escape it)."""

    png: str
    caption: str


@dataclass(frozen=True)
class GalleryRow(Record):
    """A sample and what belongs to it: its views, or its neighbours."""

    sample: Picture
    others: tuple[Picture, ...]


@dataclass(frozen=True)
class GalleryRecord(Record):
    """Views of a few samples, and nearest neighbours of a few samples."""

    views: tuple[GalleryRow, ...] = ()
    neighbours: tuple[GalleryRow, ...] = ()

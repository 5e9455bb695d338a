"""Exhibits of a run: views of samples, and each sample's nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass

from nearfar.records._record import Record

__all__ = ["Exhibit", "GalleryRecord", "GalleryRow"]


@dataclass(frozen=True)
class Exhibit(Record):
    """One sample or view as a person sees, hears or reads it.

    Caption and text come from outside: a reader escapes them.

    Attributes:
        caption: What it is.
        png: A picture, bytes in base64; of a sound its waveform, of a node its neighbourhood.
        wav: A sound, bytes in base64.
        text: A text.
    """

    caption: str = ""
    png: str = ""
    wav: str = ""
    text: str = ""


@dataclass(frozen=True)
class GalleryRow(Record):
    """A sample and what belongs to it: its views, or its neighbours."""

    sample: Exhibit
    others: tuple[Exhibit, ...]


@dataclass(frozen=True)
class GalleryRecord(Record):
    """Views of a few samples, and nearest neighbours of a few samples."""

    views: tuple[GalleryRow, ...] = ()
    neighbours: tuple[GalleryRow, ...] = ()

"""Exhibits of a run: views and nearest neighbours of samples."""

from __future__ import annotations

from dataclasses import dataclass

from nearfar._deprecation import renamed_members
from nearfar._signs import counted
from nearfar.records._record import Record

__all__ = ["Exhibit", "GalleryRecord", "GalleryRow"]


@dataclass(frozen=True)
class Exhibit(Record):
    """One sample or view in a form for display: an image, audio or text.

    Caption and text are untrusted input, which a report must escape.

    Attributes:
        caption: Caption.
        png: Base64 PNG: the image itself, the waveform of audio, or the neighbourhood of a node.
        wav: Audio as a base64 WAV file.
        text: Text of the sample.
    """

    caption: str = ""
    png: str = ""
    wav: str = ""
    text: str = ""

    def __repr__(self) -> str:
        """The caption and what there is to see."""
        kinds = [name for name in ("png", "wav", "text") if getattr(self, name)]
        return f"<exhibit {self.caption!r}: {', '.join(kinds) or 'empty'}>"


@dataclass(frozen=True)
class GalleryRow(Record):
    """A sample with its views or its nearest neighbours."""

    sample: Exhibit
    others: tuple[Exhibit, ...]


@renamed_members(neighbours="neighbors")
@dataclass(frozen=True)
class GalleryRecord(Record):
    """Views of a few samples, nearest neighbours of a few samples, and small pictures of all.

    Attributes:
        views: A few samples with their views.
        neighbors: A few samples with their nearest neighbours.
        samples: The watched samples as small pictures or short texts, each with its name as the
            caption; empty in a record of an older version.
    """

    views: tuple[GalleryRow, ...] = ()
    neighbors: tuple[GalleryRow, ...] = ()
    samples: tuple[Exhibit, ...] = ()

    def __repr__(self) -> str:
        """Numbers of rows."""
        rows = counted(len(self.views), "row")
        return f"<gallery: {rows} of views, {len(self.neighbors)} of neighbours>"

"""Samples as small pictures and short texts, so that a page of many stays small."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from nearfar.api._setup import Setup
from nearfar.modalities import png_text
from nearfar.records import Exhibit, GalleryRecord, GalleryRow

__all__ = ["shown_picture", "small_gallery", "thumbnail"]

_SIDE, _COLORS = 40, 32  # of a thumbnail: at most 1,000 bytes before compression
_WIDE = 96  # of a plot, which is wider than high
_LARGE = 96  # pixels; larger pictures of the galleries are reduced
_LETTERS, _LONG = 160, 600
_SHEET = 128  # pixels of a contact sheet
_TOGETHER = 64  # samples that are read at once


def shown_picture(exhibit: Exhibit, *, sound: bool = True) -> Exhibit:
    """An exhibit for a sheet of many: a picture of at most 128 pixels, a text of 600 letters.

    Args:
        exhibit: The exhibit.
        sound: Whether to keep a sound.
    """
    if exhibit.wav and not sound:
        return replace(exhibit, wav="")
    if not exhibit.png or exhibit.wav or exhibit.text:
        return replace(exhibit, text=_beginning(exhibit.text, _LONG))
    return replace(exhibit, png=_smaller(exhibit.png, limits=(_SHEET, _SHEET), colors=256))


def small_gallery(
    gallery: GalleryRecord,
    setup: Setup,
    show: Callable[[Setup, Any, Iterable[int]], list[Exhibit]],
) -> GalleryRecord:
    """The gallery with a thumbnail of each watched sample, and with pictures of bounded size.

    Args:
        gallery: Views and neighbours.
        setup: The run.
        show: Gives samples of a source by their positions, each with its name as the caption.
    """
    return GalleryRecord(
        views=tuple(map(_reduced, gallery.views)),
        neighbors=tuple(map(_reduced, gallery.neighbors)),
        samples=tuple(_thumbnails(setup, show)),
    )


def _thumbnails(
    setup: Setup, show: Callable[[Setup, Any, Iterable[int]], list[Exhibit]]
) -> Iterator[Exhibit]:
    watched = setup.watched
    for start in range(0, len(watched), _TOGETHER):
        together = range(start, min(start + _TOGETHER, len(watched)))
        yield from map(thumbnail, show(setup, watched, together))


def thumbnail(exhibit: Exhibit) -> Exhibit:
    """A small picture of few colours, the beginning of a text; no sound."""
    text = _beginning(exhibit.text, _LETTERS)
    png = exhibit.png and _smaller(exhibit.png, limits=(_WIDE, _SIDE), colors=_COLORS)
    return replace(exhibit, png=png, text=text, wav="")


def _beginning(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[:letters].rsplit(" ", 1)[0] + " …"


def _reduced(row: GalleryRow) -> GalleryRow:
    return GalleryRow(_not_large(row.sample), tuple(map(_not_large, row.others)))


def _not_large(exhibit: Exhibit) -> Exhibit:
    """A picture of at most 96 pixels; plots of sounds and series stay as they are."""
    if not exhibit.png or exhibit.wav or exhibit.text:
        return exhibit
    return replace(exhibit, png=_smaller(exhibit.png, limits=(_LARGE, _LARGE), colors=256))


def _smaller(png: str, *, limits: tuple[int, int], colors: int) -> str:
    """A base64 PNG inside the limits; one that is inside already is kept if it has few colours."""
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(base64.b64decode(png)))
    except (OSError, ValueError):  # of a modality of another package; a report shows what it can
        return png
    inside = image.width <= limits[0] and image.height <= limits[1]
    if inside and (image.mode != "RGB" or colors == 256):
        return png
    plain = image.convert("L" if image.mode in ("1", "L") else "RGB")
    wide = plain.width > 2 * plain.height
    plain.thumbnail(limits if wide else (limits[1], limits[1]))
    return png_text(plain.quantize(colors))

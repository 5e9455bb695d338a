"""Galleries: views that the method compared, and nearest neighbours of the encoder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nearfar.records import Exhibit, GalleryRecord, GalleryRow
from nearfar.reports._html import Html, element, join, shorten
from nearfar.reports._section import missing, section_of

__all__ = ["exhibit_list", "exhibit_rows", "is_base64", "neighbors", "views"]

_ROWS = 8
_NAME = 36  # characters of a name that are shown
_BREAKS = re.compile(r"(?<=[/\\_.-])")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def views(gallery: GalleryRecord | None) -> Html:
    """Samples and their views."""
    return section_of(
        "views",
        "Views",
        exhibit_rows(gallery.views[:_ROWS], "sample", "view")
        if gallery and gallery.views
        else missing("gallery.json contains no views: the run stopped before they were saved."),
        lead="Each row is a sample and the views that the method compared. Good: the sample is"
        " still recognisable. Bad: augmentations so strong that its content is lost, or so weak"
        " that all views look alike.",
    )


def neighbors(gallery: GalleryRecord | None) -> Html:
    """Samples and their nearest neighbours among the watched samples."""
    return section_of(
        "neighbors",
        "Nearest neighbours",
        exhibit_rows(gallery.neighbors[:_ROWS], "sample", "neighbour")
        if gallery and gallery.neighbors
        else missing("gallery.json contains no neighbours: the run stopped before the search."),
        lead="Each row is a sample and its nearest neighbours by cosine similarity of their"
        " representations. Good: neighbours are similar in the way you care about. Bad: they share"
        " only what does not matter, such as the background.",
    )


def exhibit_rows(rows: Sequence[GalleryRow], first: str, rest: str, *, large: bool = False) -> Html:
    """Rows of samples, each with the exhibits next to it.

    Args:
        rows: The rows.
        first: Role of the sample, for its alternative text.
        rest: Role of the others, which are numbered.
        large: One row below the other, with larger images.
    """
    wide = " wide" if any(row.sample.text or row.sample.wav for row in rows) else ""
    return element(
        "div",
        *(
            element(
                "div",
                _exhibit(row.sample, first, class_="sample"),
                element(
                    "div",
                    *(
                        _exhibit(other, f"{rest} {place}", class_=None)
                        for place, other in enumerate(row.others, start=1)
                    ),
                    class_="others",
                ),
                class_="row",
            )
            for row in rows
        ),
        class_=f"gallery{wide}{' large' if large else ''}",
    )


def exhibit_list(exhibits: Sequence[Exhibit], role: str) -> Html:
    """Exhibits next to each other, small.

    Args:
        exhibits: The exhibits.
        role: Role of each, for its alternative text.
    """
    shown = (_exhibit(exhibit, role, class_=None) for exhibit in exhibits)
    return element("div", *shown, class_="exhibits")


def _exhibit(exhibit: Exhibit, role: str, *, class_: str | None) -> Html:
    caption = exhibit.caption or role
    seen = [*_seen(exhibit, f"{role}: {caption}")]
    kind = "sound" if exhibit.wav else "text" if exhibit.text else None
    return element(
        "div",
        *(seen or [element("span", "nothing to show", class_="blank")]),
        *_captions(caption),
        class_=" ".join(filter(None, ("exhibit", kind, class_))),
    )


def _captions(caption: str) -> Iterator[Html]:
    """The name, cut in its middle if it is long, and each addition such as "cosine 0.87"."""
    name, *additions = caption.split(" · ")
    pieces = _BREAKS.split(shorten(name, _NAME))
    breakable = join(*(part for piece in pieces for part in (Html("<wbr>"), piece)))
    yield element("bdi", breakable, title=name)
    for addition in additions:
        yield element("small", shorten(addition, _NAME), title=addition)


def is_base64(text: str) -> bool:
    """Whether a text can be put into an address of the page's own data."""
    return _BASE64.fullmatch(text) is not None


def _seen(exhibit: Exhibit, alt: str) -> Iterator[Html]:
    """Image, audio player and text of an exhibit, as far as it has them."""
    if is_base64(exhibit.png):
        yield element("img", src=f"data:image/png;base64,{exhibit.png}", alt=alt)
    if is_base64(exhibit.wav):
        source = f"data:audio/wav;base64,{exhibit.wav}"
        yield element("audio", src=source, controls=True, preload="none", aria_label=alt)
    if exhibit.text:
        yield element("p", exhibit.text, class_="snippet", dir="auto")

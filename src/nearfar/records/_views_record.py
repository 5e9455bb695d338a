"""Views of samples, as a method sees them."""

from __future__ import annotations

from dataclasses import dataclass

from nearfar._signs import counted
from nearfar.records._gallery_record import Exhibit, GalleryRow
from nearfar.records._markup import Html, element
from nearfar.records._notebook import shown
from nearfar.records._record import Record

__all__ = ["ViewsRecord"]

_SIDE = 72  # pixels of a picture in a notebook
_LETTERS = 120


@dataclass(frozen=True)
class ViewsRecord(Record):
    """A contact sheet: samples, each with the views that a method is trained on.

    Attributes:
        data: Description of the data.
        method: Name of the method.
        views: Number of views of a sample in one update.
        draws: How often the views were drawn.
        settings: The views as a constructor call.
        rows: The samples with their views: all views of the first draw, then those of the next.
        notes: Notes on data and views, such as automatic choices.
    """

    data: str
    method: str
    views: int
    draws: int
    settings: str
    rows: tuple[GalleryRow, ...]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Method, data and size."""
        return (
            f"<views of {self.method} on {self.data}: {counted(len(self.rows), 'sample')} ×"
            f" {counted(self.views, 'view')} × {counted(self.draws, 'draw')}>"
        )

    def _repr_html_(self) -> str:
        """For notebooks: a table with one row per sample and one column per view."""
        columns = max((len(row.others) for row in self.rows), default=0)
        head = ["sample", *(f"view {1 + column % self.views}" for column in range(columns))]
        body = [
            element("tr", *(element("td", _seen(each)) for each in (row.sample, *row.others)))
            for row in self.rows
        ]
        sheet = element(
            "table",
            element("thead", element("tr", *(element("th", name) for name in head))),
            element("tbody", *body),
        )
        noted = element("ul", *(element("li", note) for note in self.notes))
        return shown(
            f"Views of {self.method} on {self.data}",
            sheet,
            element("details", element("summary", "Notes"), noted) if self.notes else None,
        )


def _seen(exhibit: Exhibit) -> Html | str:
    """A picture or a text."""
    if exhibit.png:
        source = f"data:image/png;base64,{exhibit.png}"
        style = f"max-height:{_SIDE}px;image-rendering:pixelated;min-height:{_SIDE // 2}px"
        return element("img", src=source, alt=exhibit.caption, style=style)
    text = exhibit.text
    return text if len(text) <= _LETTERS else f"{text[:_LETTERS]} …"

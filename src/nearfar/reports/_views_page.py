"""The page of ``nearfar views``: a contact sheet of samples and their views."""

from __future__ import annotations

from nearfar._signs import counted
from nearfar.records import ViewsRecord
from nearfar.reports import _notes
from nearfar.reports._gallery_section import exhibit_rows
from nearfar.reports._html import element
from nearfar.reports._page import page
from nearfar.reports._section import section_of

__all__ = ["render_views"]


def render_views(record: ViewsRecord) -> str:
    """A self-contained HTML page of samples and their views.

    Args:
        record: The views.

    Returns:
        The page.
    """
    drawn = "" if record.draws == 1 else f", drawn {record.draws} times"
    return page(
        "Views · nearfar",
        [
            element("p", "nearfar views", class_="eyebrow"),
            element("h1", f"Views of {record.method}"),
            element("p", record.data, class_="subject"),
        ],
        [
            section_of(
                "views",
                "Views",
                exhibit_rows(record.rows, "sample", "view", large=True),
                lead=f"Each row is a sample, then its {counted(record.views, 'view')}{drawn}, as"
                " the method receives them. Good: you recognise the sample in each view, and would"
                " not find it by its position, brightness or edge alone. Bad: views that keep"
                " nothing of the sample, or views that all look alike.",
            ),
            section_of("settings", "Settings", element("pre", record.settings, tabindex="0")),
            _notes.section(record.notes),
        ],
        [],
    )

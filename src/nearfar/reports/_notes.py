"""Notes of a run: automatic choices, skipped samples."""

from __future__ import annotations

from collections.abc import Sequence

from nearfar.reports._html import Html, element
from nearfar.reports._section import missing, section_of

__all__ = ["section"]


def section(notes: Sequence[str]) -> Html:
    """One line per note."""
    return section_of(
        "notes",
        "Notes",
        element("ul", *(element("li", note) for note in notes)) if notes else missing("No notes."),
    )

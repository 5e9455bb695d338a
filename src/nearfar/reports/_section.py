"""The common structure of a report's sections."""

from __future__ import annotations

from nearfar.reports._html import Html, element

__all__ = ["missing", "scrolling", "section_of"]


def section_of(name: str, heading: str, *content: str | None, lead: str | None = None) -> Html:
    """A section with a heading; `name` is its anchor in the page."""
    return element(
        "section",
        element("h2", heading, id=f"{name}-heading"),
        element("p", lead, class_="lead") if lead else None,
        *content,
        id=name,
        aria_labelledby=f"{name}-heading",
    )


def missing(sentence: str) -> Html:
    """A message in place of missing content."""
    return element("p", sentence, class_="missing")


def scrolling(table: Html, name: str) -> Html:
    """A table that scrolls inside its own box if the page is too narrow for it."""
    return element("div", table, class_="scroll", role="region", aria_label=name, tabindex="0")

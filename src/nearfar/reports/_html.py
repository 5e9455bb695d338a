"""Markup by construction: text from outside cannot become a tag."""

from __future__ import annotations

import html
import re

__all__ = ["Html", "clean", "element", "join"]

_VOID = frozenset({"br", "hr", "img", "meta"})
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class Html(str):
    """Finished markup. A plain `str` is text and gets escaped wherever markup is built."""

    __slots__ = ()


def clean(text: object) -> str:
    """Text without what no page may hold: control characters and halves of surrogate pairs.

    A file name that is not UTF-8 reaches Python as such halves; each becomes U+FFFD.
    """
    return _CONTROL.sub("\ufffd", str(text).replace("\r\n", "\n").replace("\r", "\n"))


def _escape(text: str) -> str:
    return str(text) if isinstance(text, Html) else html.escape(clean(text), quote=True)


def join(*parts: str | None) -> Html:
    """Parts one after the other; None is left out, text is escaped."""
    return Html("".join(_escape(part) for part in parts if part is not None))


def element(tag: str, *children: str | None, **attributes: str | bool | None) -> Html:
    """An HTML element: ``element("p", "a < b", class_="note")``.

    Args:
        tag: The element's name.
        children: Text (escaped) or :class:`Html` (as it is); None is left out.
        attributes: A trailing underscore is dropped and inner ones become hyphens; True writes the
            bare name, None and False leave the attribute out.

    Returns:
        The element.

    Example:
        >>> element("p", "a < b", element("b", "!"), class_="note", data_tone="good", hidden=False)
        '<p class="note" data-tone="good">a &lt; b<b>!</b></p>'
    """
    written = "".join(
        f" {name.rstrip('_').replace('_', '-')}"
        + ("" if value is True else f'="{html.escape(clean(value), quote=True)}"')
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    start = f"<{tag}{written}>"
    return Html(start if tag in _VOID else f"{start}{join(*children)}</{tag}>")

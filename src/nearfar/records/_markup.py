"""HTML builders that escape external text."""

from __future__ import annotations

import html
import re

__all__ = ["Html", "clean", "element", "join", "shorten"]

_VOID = frozenset({"br", "hr", "img", "input", "meta"})
_PIECE = re.compile(r"[^\s/\\_.-]*[\s/\\_.-]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class Html(str):
    """Finished markup. A plain `str` is text, and is escaped when it is inserted into markup."""

    __slots__ = ()


def clean(text: object) -> str:
    """Text with control characters and lone surrogates replaced by U+FFFD.

    Python represents undecodable bytes of a file name as lone surrogates.
    """
    return _CONTROL.sub("\ufffd", str(text).replace("\r\n", "\n").replace("\r", "\n"))


def _escape(text: str) -> str:
    return str(text) if isinstance(text, Html) else html.escape(clean(text), quote=True)


def join(*parts: str | None) -> Html:
    """Concatenate parts; None is skipped, text is escaped."""
    return Html("".join(_escape(part) for part in parts if part is not None))


def element(tag: str, *children: str | None, **attributes: str | bool | None) -> Html:
    """An HTML element: ``element("p", "a < b", class_="note")``.

    Args:
        tag: Name of the element.
        children: Text (escaped) or :class:`Html` (inserted as it is); None is skipped.
        attributes: Attributes by name; a trailing underscore is dropped, other underscores become
            hyphens. True writes only the name, None and False omit the attribute.

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


def shorten(text: str, most: int) -> str:
    """Text of at most `most` characters: an ellipsis replaces words or folders in its middle.

    The end, which names a file, is kept as far as possible, and the first word if there is room.
    Only a word that is too long for that is cut itself.

    Example:
        >>> shorten("photos/2019/summer/lake_district/IMG_1234.jpg", 30)
        'photos/…district/IMG_1234.jpg'
        >>> shorten("a" * 20, 9)
        'aaaa…aaaa'
    """
    if len(text) <= most:
        return text
    *pieces, last = (piece for piece in _PIECE.findall(text) if piece)
    end = last
    while pieces and len(pieces[-1] + end) <= most - 1 - min(len(pieces[0]), most // 3):
        end = pieces.pop() + end
    start = ""
    while pieces and len(start + pieces[0] + end) < most:
        start += pieces.pop(0)
    if len(end) >= most or 5 * len(start + end) < 3 * most:
        half = (most - 1) // 2
        return f"{text[: most - 1 - half]}…{text[-half:]}"
    return f"{start}…{end}"

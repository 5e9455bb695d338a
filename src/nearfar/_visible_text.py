"""Text from outside as it is printed: control characters are shown, not sent to a terminal."""

from __future__ import annotations

import codecs
import re
from typing import Final

__all__ = ["PLAIN", "shortened_line", "visible"]

_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_MOST: Final = 1_000  # characters of an error's line
PLAIN: Final = "nearfar-plain"
"""Name of the handler for characters that a stream's encoding lacks: similar ones, or ``?``."""
_SIMILAR: Final = {
    "−": "-",
    "–": "-",
    "—": "-",
    "×": "x",
    "·": "*",
    "…": "...",
    "≥": ">=",
    "≤": "<=",
}


def visible(text: str) -> str:
    r"""The text with its control characters as escapes; line ends and tabs are kept.

    >>> visible("a\x1b[31mb\n")
    'a\\x1b[31mb\n'
    """
    return _CONTROL.sub(lambda found: ascii(found.group())[1:-1], text)


def shortened_line(text: str) -> str:
    """The text in one line of at most 1,000 characters, its middle left out if it is longer."""
    line = " ".join(text.split())
    half = _MOST // 2 - 2
    return line if len(line) <= _MOST else f"{line[:half]} … {line[-half:]}"


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_SIMILAR.get(character, "?") for character in lost), error.end


codecs.register_error(PLAIN, _plain)

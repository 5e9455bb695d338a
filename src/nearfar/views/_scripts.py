"""Scripts that are written without spaces between words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["UNSPACED", "UnspacedShare", "count_unspaced", "unspaced_share", "without_unspaced"]

_SCRIPTS = {
    "Chinese": "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af\u3005\u3007",
    "Japanese": "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff",
    "Thai": "\u0e01-\u0e4e",
    "Lao": "\u0e81-\u0ece\u0edc-\u0edf",
    "Tibetan": "\u0f00\u0f40-\u0fbc",
    "Burmese": "\u1000-\u103f\u1050-\u109f",
    "Khmer": "\u1780-\u17d3",
}
_LETTERS = {name: re.compile(f"[{ranges}]") for name, ranges in _SCRIPTS.items()}
UNSPACED = "".join(_SCRIPTS.values())
"""Ranges of the letters and vowel signs of these scripts, inside ``[]`` of a regular expression."""
_UNSPACED = re.compile(f"[{UNSPACED}]")
_LETTER = re.compile(r"[^\W\d_]")
_LOOKED_AT = 1 << 22  # characters


@dataclass(frozen=True)
class UnspacedShare:
    """The share of letters in scripts without spaces.

    Attributes:
        share: From 0 to 1.
        scripts: The scripts found, the most frequent first.
    """

    share: float
    scripts: tuple[str, ...]


def count_unspaced(text: str) -> int:
    """Number of characters in scripts without spaces.

    >>> count_unspaced("\u732b and \u72d7")
    2
    """
    return len(_UNSPACED.findall(text))


def without_unspaced(text: str) -> str:
    """A text with blanks in place of characters of scripts without spaces.

    >>> without_unspaced("a\u732bb")
    'a b'
    """
    return _UNSPACED.sub(" ", text)


def unspaced_share(texts: Iterable[str]) -> UnspacedShare:
    """The share of letters in scripts without spaces, in the first 4 million characters.

    >>> unspaced_share(["\u732b\u3068\u72ac", "a cat"]).scripts
    ('Chinese', 'Japanese')
    """
    counts: Counter[str] = Counter()
    letters = seen = 0
    for text in texts:
        found = count_unspaced(text)
        letters += len(_LETTER.findall(_UNSPACED.sub("", text))) + found
        if found:
            counts.update({name: len(kind.findall(text)) for name, kind in _LETTERS.items()})
        seen += len(text)
        if seen > _LOOKED_AT:
            break
    total = counts.total()
    scripts = tuple(name for name, count in counts.most_common() if count)
    return UnspacedShare(total / letters if letters else 0.0, scripts)

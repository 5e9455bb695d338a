"""Typography of numbers: minus signs, singular and plural."""

from __future__ import annotations

__all__ = ["counted", "minus"]


def minus(text: str) -> str:
    """Replace the hyphens of a formatted number by minus signs.

    >>> minus(f"{-3.414:.2f}")
    '−3.41'
    """
    return text.replace("-", "−")


def counted(number: int, noun: str, *, plural: str = "") -> str:
    """A count with its noun in singular or plural.

    >>> counted(1, "file"), counted(1200, "file")
    ('1 file', '1,200 files')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"

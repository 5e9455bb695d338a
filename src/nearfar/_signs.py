"""Typography of numbers."""

from __future__ import annotations

__all__ = ["minus"]


def minus(text: str) -> str:
    """Replace the hyphens of a formatted number by minus signs.

    >>> minus(f"{-3.414:.2f}")
    '−3.41'
    """
    return text.replace("-", "−")

"""Signs as people write them."""

from __future__ import annotations

__all__ = ["minus"]


def minus(text: str) -> str:
    """A number as text, with a minus sign instead of hyphens.

    >>> minus(f"{-3.414:.2f}")
    '−3.41'
    """
    return text.replace("-", "−")

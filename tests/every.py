"""What `all` should have been in a test."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["every"]


def every(answers: Iterable[object]) -> bool:
    """As `all`, but a failure where there was nothing to ask."""
    found = [bool(answer) for answer in answers]
    assert found, "nothing was checked"
    return all(found)

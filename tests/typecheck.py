"""The run-time check of annotations that is on in tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beartype import BeartypeConf, beartype
from beartype.roar import BeartypeDecorHintPep673Exception

__all__ = ["check"]

_configured = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int is a fine float


def check(function: Callable[..., Any]) -> Callable[..., Any]:
    """Beartype, but for methods that speak of ``Self``: their class is not known here."""
    try:
        return _configured(function)
    except BeartypeDecorHintPep673Exception:
        return function

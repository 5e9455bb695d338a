"""Which cases of a test everybody runs, and which only ``pytest -m slow``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

__all__ = ["mostly_slow"]


def mostly_slow(values: Iterable[Any], *, quick: Iterable[Any]) -> list[Any]:
    """Parameters, of which only those in `quick` belong to the default suite."""
    cases, kept = list(values), list(quick)
    unknown = [value for value in kept if value not in cases]
    assert kept
    assert not unknown, f"no such cases: {unknown}"
    return [
        case if case in kept else pytest.param(*several(case), marks=pytest.mark.slow)
        for case in cases
    ]


def several(case: Any) -> tuple[Any, ...]:
    return case if isinstance(case, tuple) else (case,)

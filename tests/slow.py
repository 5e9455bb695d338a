"""Which cases of a test everybody runs, which only ``-m slow``, which only the full check."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

__all__ = ["mostly_slow"]


def mostly_slow(
    values: Iterable[Any], *, quick: Iterable[Any] = (), slow: Iterable[Any] | None = None
) -> list[Any]:
    """Parameters: those in `quick` of the default suite, those in `slow` (the others) slow ones.

    With `slow`, what is in neither is left to the full check.
    """
    cases, kept = list(values), list(quick)
    slower = [case for case in cases if case not in kept] if slow is None else list(slow)
    unknown = [value for value in [*kept, *slower] if value not in cases]
    assert kept or slower
    assert not unknown, f"no such cases: {unknown}"
    return [
        case if case in kept else pytest.param(*several(case), marks=mark)
        for case in cases
        for mark in [pytest.mark.slow if case in slower else pytest.mark.full]
    ]


def several(case: Any) -> tuple[Any, ...]:
    return case if isinstance(case, tuple) else (case,)

"""Checks of arguments that are no tensors; nothing here imports PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import TypeVar, cast

__all__ = [
    "check_boolean",
    "check_fraction",
    "check_integer",
    "check_not_negative",
    "check_positive",
    "require",
]

T = TypeVar("T")


def require(kind: Callable[..., T], **named: object) -> T:
    """The one value given by name, which must be of a class.

    >>> require(int, count=3)
    3
    """
    ((name, value),) = named.items()
    checked = cast(type[T], kind)  # a class; its type is Callable, as it may be abstract
    if not isinstance(value, checked):
        place = checked.__module__.partition("._")[0]
        raise TypeError(
            f"`{name}` must be of the class {place}.{checked.__qualname__}, got"
            f" {type(value).__name__}: {value!r:.80}"
        )
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def check_positive(**values: float) -> None:
    """Raise unless every value is a finite number above 0."""
    for name, value in values.items():
        if not (_is_number(value) and math.isfinite(value) and value > 0):
            raise ValueError(f"`{name}` must be a finite number above 0, got {value!r}")


def check_not_negative(**values: float) -> None:
    """Raise unless every value is a finite number of 0 or above."""
    for name, value in values.items():
        if not (_is_number(value) and math.isfinite(value) and value >= 0):
            raise ValueError(f"`{name}` must be a finite number of 0 or above, got {value!r}")


def check_fraction(**values: float) -> None:
    """Raise unless every value is in [0, 1]."""
    for name, value in values.items():
        if not ((_is_number(value) or isinstance(value, bool)) and 0 <= value <= 1):
            raise ValueError(f"`{name}` must lie between 0 and 1, got {value!r}")


def check_integer(*, at_least: int, **values: int) -> None:
    """Raise unless every value is an integer of `at_least` or more."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
            raise ValueError(
                f"`{name}` must be a whole number of {at_least} or more, got {value!r}"
            )


def check_boolean(**values: bool) -> None:
    """Raise unless every value is True or False."""
    for name, value in values.items():
        if not isinstance(value, bool):
            raise ValueError(f"`{name}` must be True or False, got {value!r:.80}")

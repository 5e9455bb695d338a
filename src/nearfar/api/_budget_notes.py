"""The time that a run may take, and the notes on what was chosen for it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, TypeAlias, final

from nearfar._free_memory import process_age
from nearfar.api._published_settings import PUBLISHED_FOR, published_settings
from nearfar.api._setup import Setup
from nearfar.training import TrainingOptions
from nearfar.training._budget import Choice

__all__ = ["DEFAULT_MINUTES", "Budget", "Found", "Minutes", "changed_notes", "unchanged_notes"]

DEFAULT_MINUTES = 10
"""Budget of the command line on a CPU."""
Minutes: TypeAlias = float | Literal["auto"] | None
_YOUNG = 60.0  # seconds within which a process is taken to have been started for this run


@final
@dataclass(frozen=True, kw_only=True)
class Budget:
    """The time that a run may take, from the start of the program to the verdict.

    Attributes:
        minutes: The time.
        default: Whether it was not asked for, and applies to a CPU only.
        began: Time of ``time.monotonic()`` from which it counts.
    """

    minutes: float
    default: bool = False
    began: float

    @classmethod
    def of(cls, minutes: Minutes) -> Budget | None:
        """The budget that an argument asks for; None for no budget.

        Raises:
            ValueError: Neither a number of minutes nor ``auto``.
        """
        if minutes is None:
            return None
        default = minutes == "auto"
        given: object = minutes  # callers without type checkers give anything
        number = isinstance(given, Real) and not isinstance(given, bool)
        if not default and not (number and 0 <= float(minutes) < math.inf):
            raise ValueError(
                f"`minutes` must be a number of minutes, 0 or None for no limit, or 'auto',"
                f" got {minutes!r}"
            )
        if minutes == 0:
            return None
        age = process_age()
        spent = age if age is not None and age < _YOUNG else 0.0
        length = DEFAULT_MINUTES if default else float(minutes)
        return cls(minutes=length, default=default, began=time.monotonic() - spent)

    def left(self) -> float:
        """Seconds that remain."""
        return self.began + 60 * self.minutes - time.monotonic()


@final
@dataclass(frozen=True)
class Found:
    """What was chosen, as sent to other processes.

    Attributes:
        settings: Settings of data and encoder that differ from the usual ones.
        choice: The training options, with what they are expected to cost.
        memory: Free memory in bytes; None if unknown.
    """

    settings: Mapping[str, Any]
    choice: Choice
    memory: int | None


def unchanged_notes(budget: Budget, training: TrainingOptions, found: Found) -> tuple[str, ...]:
    """Notes on a run that keeps its settings; none on one that fits without having been asked."""
    choice, notes = found.choice, []
    if not choice.in_time:
        notes.append(
            f"expected to take {_clock(choice.seconds)}, more than the {_minutes(budget)}, as what"
            " could be changed was given or is at its least"
        )
    elif not budget.default:
        notes.append(f"expected to take {_clock(choice.seconds)}: nothing was made smaller")
    if not choice.in_memory and found.memory is not None:
        half = max(2, training.batch_size // 2)
        notes.append(
            f"expected to need {_size(choice.memory)} of memory with batches of"
            f" {training.batch_size:,}, and {_size(found.memory)} are free: --micro-batch {half}"
            " needs less"
        )
    return tuple(notes)


def changed_notes(
    budget: Budget,
    usual: Setup,
    found: Found,
    changes: Mapping[str, Any],
) -> tuple[str, ...]:
    """What was chosen, why, and how to train with the usual setting instead."""
    before = vars(usual.recipe.training)
    form = vars(usual.form)
    usually = vars(usual.kind.options(**usual.recipe.options)) | {"encoder": usual.recipe.encoder}
    shown = []
    for name, value in {**found.settings, **changes}.items():
        old = before[name] if name in before else usually.get(name) or form.get(name)
        shown.append(f"{_flag(name)} {value}" + (f" (usually {old})" if old is not None else ""))
    choice = found.choice
    late = (
        ""
        if choice.in_time
        else f"; more than the {_minutes(budget)}, as this is the smallest setting"
    )
    default = ", the default on a CPU" if budget.default else ""
    method = usual.recipe.method
    published = next((name for name, of in published_settings().items() if method in of), "")
    published = published if usual.kind.name == PUBLISHED_FOR else ""
    paper = f"; --setting {published} is that of the paper" if published else ""
    return (
        f"to end within {_minutes(budget)}{default}: {', '.join(shown)}",
        f"measured: {_clock(choice.usual_seconds)} and {_size(choice.usual_memory)} of memory at"
        f" the usual setting, {_clock(choice.seconds)} and {_size(choice.memory)} at this one"
        f"{late}",
        f"--minutes none trains at the usual setting{paper}; any flag that is given is kept",
    )


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _minutes(budget: Budget) -> str:
    return f"{budget.minutes:g} minute{'' if budget.minutes == 1 else 's'}"


def _clock(seconds: float) -> str:
    """A time in two significant digits.

    >>> [_clock(seconds) for seconds in (8, 75, 500, 5_600, 300_000)]
    ['8 s', '75 s', '8 min', '1.6 h', '3.5 days']
    """
    for most, unit, text in ((100, 1, "s"), (5_400, 60, "min"), (172_800, 3_600, "h")):
        if seconds < most:
            value = seconds / unit
            return f"{value:.1f} {text}" if unit == 3_600 else f"{value:.0f} {text}"
    return f"{seconds / 86_400:.1f} days"


def _size(number: float) -> str:
    return f"{number / (1 << 30):.1f} GiB"

"""Exit codes of the commands that give a verdict."""

from __future__ import annotations

from nearfar._verdict_names import is_good

__all__ = ["code_of"]

_ALARM = 3


def code_of(verdict: str) -> int:
    """0 if a verdict is ``healthy`` or ``no collapse seen``, 3 if it is an alarm.

    >>> code_of("no collapse seen"), code_of("few points")
    (0, 3)
    """
    return 0 if is_good(verdict) else _ALARM

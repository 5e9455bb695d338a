"""Formatting of numbers: few digits, a true minus sign, units."""

from __future__ import annotations

import math

from nearfar._signs import minus

__all__ = ["count", "duration", "memory", "number"]


def number(value: float | None, *, digits: int = 3) -> str:
    """A number with `digits` significant digits.

    Example:
        >>> [number(v) for v in (-3.4149, 0.0312, 58.21, 1234567.0, 2e-7, None, math.inf)]
        ['−3.41', '0.0312', '58.2', '1,234,567', '2e−7', '–', '∞']
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size >= 10**digits:
        text = f"{value:,.0f}"
    elif size and size < 1e-3:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        if "." in mantissa:
            mantissa = mantissa.rstrip("0").rstrip(".")
        text = f"{mantissa}e{int(exponent)}"
    else:
        text = f"{value:.{digits}g}"
    return minus(text)


def count(value: int) -> str:
    """A whole number with thousands separators.

    Example:
        >>> count(1797)
        '1,797'
    """
    return f"{value:,}"


def duration(seconds: float) -> str:
    """Hours, minutes and seconds.

    Example:
        >>> duration(45.2), duration(3725), duration(200_000)
        ('0:00:45', '1:02:05', '55:33:20')
    """
    whole = round(seconds) if math.isfinite(seconds) else 0
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def memory(size: int) -> str:
    """A size in bytes, in the largest suitable unit.

    Example:
        >>> memory(512), memory(734_003_200), memory(3 * 2**30)
        ('512 B', '700 MiB', '3.0 GiB')
    """
    if size < 2**20:
        return f"{size} B" if size < 2**10 else f"{size / 2**10:.0f} KiB"
    return f"{size / 2**20:.0f} MiB" if size < 2**30 else f"{size / 2**30:.1f} GiB"

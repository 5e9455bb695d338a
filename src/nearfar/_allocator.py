"""Settings of glibc's allocator: memory that is freed, kept for reuse or returned to the system."""

from __future__ import annotations

import ctypes
import os
from typing import Any

__all__ = ["keep_freed_memory", "return_freed_memory"]

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # of mallopt, malloc.h
_SETTINGS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_")


def keep_freed_memory() -> bool:
    """Let glibc keep memory that is freed, for reuse, instead of returning it to the system.

    By default every block above a moving threshold is returned at once, and the next one costs a
    page fault for each 4 KiB: tens of thousands in an update. Freed memory then stays with the
    process until it ends. Nothing happens without glibc, and where the allocator's own environment
    variables (``MALLOC_TRIM_THRESHOLD_`` and others, ``GLIBC_TUNABLES``) are set.

    Returns:
        Whether the settings were accepted.
    """
    if any(name in os.environ for name in _SETTINGS):
        return False
    if "glibc.malloc." in os.environ.get("GLIBC_TUNABLES", ""):
        return False
    setting = _function("mallopt")
    if setting is None:
        return False
    setting.argtypes, setting.restype = (ctypes.c_int, ctypes.c_int), ctypes.c_int
    # some versions refuse a threshold above 32 MiB, half of an arena
    above = setting(_MMAP_THRESHOLD, 1 << 30) or setting(_MMAP_THRESHOLD, 32 << 20)
    kept = setting(_TRIM_THRESHOLD, 2**31 - 1)
    ahead = setting(_TOP_PAD, 64 << 20)
    return bool(above and kept and ahead)


def return_freed_memory() -> bool:
    """Return the memory that is free now to the system, whatever the settings.

    Freed blocks that are kept serve later blocks of the same size or smaller: what a larger
    setting has used is of little use to a smaller one, and would count as used until the end.

    Returns:
        Whether memory was returned; False without glibc.
    """
    trim = _function("malloc_trim")
    if trim is None:
        return False
    trim.argtypes, trim.restype = (ctypes.c_size_t,), ctypes.c_int
    return bool(trim(0))


def _function(name: str) -> Any:
    """A function of glibc; None where the C library is another one."""
    try:
        library: Any = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018  (other libraries may have some of these functions)
        return getattr(library, name)
    except (OSError, AttributeError, TypeError):  # macOS, musl; Windows
        return None

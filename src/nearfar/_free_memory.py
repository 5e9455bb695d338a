"""Memory that this process may still take, and how long it has been running."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["free_memory", "process_age"]

_PROC, _CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")
_ASSUMED = 0.5  # share of all memory that is taken to be free where the system does not tell


def free_memory() -> int | None:
    """Bytes that this process may still take without swapping; None if the system does not tell.

    On Linux this is the least of ``MemAvailable``, the limits of the process's control groups (as
    of a container or a batch job) and its limit of address space. On Windows it is the free
    physical memory, elsewhere half of all memory.
    """
    found = [*_available(), *_of_groups(), *_of_address_space()]
    if not found and sys.platform == "win32":
        found = [_free_on_windows()]
    if not found:
        found = [round(_ASSUMED * total) for total in _physical()]
    return max(0, min(found)) if found else None


def process_age() -> float | None:
    """Seconds since this process was started; None on systems without ``/proc``."""
    try:
        fields = (_PROC / "self" / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        uptime = float((_PROC / "uptime").read_text(encoding="utf-8").split()[0])
        return max(0.0, uptime - int(fields[19]) / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError, AttributeError):
        return None


def _available() -> Iterator[int]:
    for line in _lines(_PROC / "meminfo"):
        if line.startswith("MemAvailable:"):
            yield int(line.split()[1]) * 1024


def _of_groups() -> Iterator[int]:
    """What each control group of the process has left, and each group above it."""
    for line in _lines(_PROC / "self" / "cgroup"):
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            root, most, used, cached = _CGROUPS, "memory.max", "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            root = _CGROUPS / "memory"
            most, used = "memory.limit_in_bytes", "memory.usage_in_bytes"
            cached = "total_inactive_file"
        else:
            continue
        # in a container the path is that of the host, and only the root is mounted
        group = root / path.strip().lstrip("/")
        for place in dict.fromkeys((group, *group.parents, root)):
            limit, current = _number(place / most), _number(place / used)
            if limit is not None and current is not None:
                yield limit - current + _entry(place / "memory.stat", cached)
            if place == root:
                break


def _of_address_space() -> Iterator[int]:
    try:
        import resource
    except ImportError:
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    pages = next(iter(_lines(_PROC / "self" / "statm")), "").split()
    if limit != resource.RLIM_INFINITY and pages:
        yield limit - int(pages[0]) * resource.getpagesize()


def _physical() -> Iterator[int]:
    try:
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return


class _Status(ctypes.Structure):
    """``MEMORYSTATUSEX`` of the Windows API."""

    _fields_ = (
        ("dwLength", ctypes.c_uint32),
        ("dwMemoryLoad", ctypes.c_uint32),
        ("ullTotalPhys", ctypes.c_uint64),
        ("ullAvailPhys", ctypes.c_uint64),
        ("ullTotalPageFile", ctypes.c_uint64),
        ("ullAvailPageFile", ctypes.c_uint64),
        ("ullTotalVirtual", ctypes.c_uint64),
        ("ullAvailVirtual", ctypes.c_uint64),
        ("ullAvailExtendedVirtual", ctypes.c_uint64),
    )


def _free_on_windows() -> int:
    libraries: Any = vars(ctypes)["windll"]
    status = _Status(dwLength=ctypes.sizeof(_Status))
    libraries.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return int(status.ullAvailPhys)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _number(file: Path) -> int | None:
    """A file of one number; None if there is no such file or the limit is ``max``."""
    lines = _lines(file)
    return int(lines[0]) if lines and lines[0].strip().isdigit() else None


def _entry(file: Path, name: str) -> int:
    for line in _lines(file):
        if line.startswith(f"{name} "):
            return int(line.split()[1])
    return 0

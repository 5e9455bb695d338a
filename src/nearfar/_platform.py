"""What differs between Linux, macOS and Windows: memory, locks, cores, stopping."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, final

__all__ = [
    "CoreUse",
    "ask_to_stop",
    "core_quota",
    "end_with_parent",
    "lock",
    "memory_from_now",
    "peak_memory",
    "peak_memory_of_children",
    "resident_memory",
    "usable_cores",
]

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_STAT, _OWN_GROUPS, _GROUPS = (
    Path(path) for path in ("/proc/stat", "/proc/self/cgroup", "/sys/fs/cgroup")
)
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_BETWEEN_TRIES = 0.05  # seconds
_LEAST_SAMPLE = 0.2  # seconds; /proc/stat counts hundredths


def usable_cores() -> int:
    """Number of cores that this process may use; all cores if the system does not report it."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def core_quota() -> float | None:
    """CPU seconds per second that this process's control groups allow; None without a limit."""
    try:
        lines = _OWN_GROUPS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    limits = []
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = _GROUPS / controllers if controllers else _GROUPS
        inner = root / group.strip("/")
        for folder in (inner, *inner.parents):
            if folder == _GROUPS.parent:
                break
            limits.append(_limit(folder))
    return min((limit for limit in limits if limit is not None), default=None)


def _limit(folder: Path) -> float | None:
    """The limit of one control group, of version 2 or 1 of their file system."""
    try:
        if (folder / "cpu.max").is_file():
            quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
        else:
            quota, period = (
                (folder / f"cpu.cfs_{name}_us").read_text(encoding="ascii").strip()
                for name in ("quota", "period")
            )
        return int(quota) / int(period) if quota not in ("max", "-1") else None
    except (OSError, ValueError):
        return None


class _CpuTimes(NamedTuple):
    when: float
    idle: float
    own: float


@final
class CoreUse:
    """Measures from now on how many cores other programs leave to this process."""

    def __init__(self) -> None:
        self._began = _cpu_times()

    def free(self) -> float | None:
        """Mean number of cores without other work; None if the system does not report it.

        What this process itself has used counts as free. Waits if the start was just now.
        """
        before = self._began
        if before is None:
            return None
        time.sleep(max(0.0, _LEAST_SAMPLE - (time.monotonic() - before.when)))
        now = _cpu_times()
        if now is None:
            return None
        found = (now.idle - before.idle + now.own - before.own) / (now.when - before.when)
        quota = core_quota()
        return max(0.0, min(found, usable_cores(), *([] if quota is None else [quota])))


def _cpu_times() -> _CpuTimes | None:
    """Idle time of the usable cores and CPU time of this process, in seconds."""
    try:
        lines = _STAT.read_text(encoding="ascii").splitlines()
        usable = {f"cpu{number}" for number in os.sched_getaffinity(0)}
        found = [line.split() for line in lines if line.split(" ", 1)[0] in usable]
        ticks = sum(int(fields[4]) + int(fields[5]) for fields in found)  # idle, waiting for a disk
        idle = ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, ValueError, IndexError):  # no Linux
        return None
    return _CpuTimes(time.monotonic(), idle, time.process_time()) if found else None


def peak_memory() -> int:
    """Peak memory of this process in bytes.

    On Linux this is ``VmHWM``, as ``ru_maxrss`` includes the peak of the parent process.
    """
    found = _status("VmHWM")
    if found is not None:
        return found
    usage = _usage("RUSAGE_SELF")
    return _peak_working_set() if usage is None else usage


def peak_memory_of_children() -> int:
    """Largest peak memory of a finished child process in bytes; 0 on systems without this."""
    return _usage("RUSAGE_CHILDREN") or 0


def resident_memory() -> int:
    """Memory in use in bytes; the peak so far on systems that do not report it."""
    found = _status("VmRSS")
    return peak_memory() if found is None else found


def memory_from_now() -> int:
    """Memory in use in bytes; also resets :func:`peak_memory` on Linux.

    On other systems the peak cannot be reset, and the peak so far is returned.
    """
    if _CLEAR.exists():
        _CLEAR.write_text("5", encoding="ascii")
        return resident_memory()
    return peak_memory()


@contextmanager
def lock(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Lock a file for this process; the system releases the lock if the process dies.

    Args:
        path: The file; created if it does not exist, and never deleted.
        wait: Wait until no other process holds the lock.

    Raises:
        BlockingIOError: Another process holds the lock, and `wait` is False.
    """
    with path.open("a+b") as file:
        release = _hold(file.fileno(), path, wait=wait)
        try:
            yield
        finally:
            release()


def end_with_parent() -> None:
    """Let the system end this process when the one that started it dies; on Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def ask_to_stop() -> None:
    """Send SIGTERM to this process; may be called from any thread."""
    if sys.platform == "win32":  # os.kill would terminate the process at once
        signal.raise_signal(signal.SIGTERM)
    else:
        os.kill(os.getpid(), signal.SIGTERM)


def _hold(file: int, path: Path, *, wait: bool) -> Any:
    """Lock an open file; return a function that unlocks it."""
    try:
        import fcntl
    except ImportError:
        return _hold_on_windows(file, path, wait=wait)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError as error:
        raise BlockingIOError(error.errno, f"another process holds {path}") from None
    return lambda: fcntl.flock(file, fcntl.LOCK_UN)


def _hold_on_windows(file: int, path: Path, *, wait: bool) -> Any:
    """Lock the first byte of the file, which need not exist."""
    system: Any = import_module("msvcrt")

    def on_first_byte(what: int) -> None:
        os.lseek(file, 0, os.SEEK_SET)
        system.locking(file, what, 1)

    while True:  # the blocking mode of msvcrt gives up after ten seconds
        try:
            on_first_byte(system.LK_NBLCK)
        except OSError as error:
            if not wait:
                raise BlockingIOError(error.errno, f"another process holds {path}") from None
            time.sleep(_BETWEEN_TRIES)
        else:
            return lambda: on_first_byte(system.LK_UNLCK)


def _status(name: str) -> int | None:
    """An entry of ``/proc/self/status`` in bytes; None if there is none."""
    try:
        lines = _STATUS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = [line.split() for line in lines if line.startswith(f"{name}:")]
    return int(found[0][1]) * 1024 if found else None


def _usage(whose: str) -> int | None:
    """``ru_maxrss`` in bytes; None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(getattr(resource, whose)).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class _Counters(ctypes.Structure):
    """``PROCESS_MEMORY_COUNTERS`` of the Windows API."""

    _fields_ = (
        ("cb", ctypes.c_uint32),
        ("PageFaultCount", ctypes.c_uint32),
        ("PeakWorkingSetSize", ctypes.c_size_t),
        ("WorkingSetSize", ctypes.c_size_t),
        ("QuotaPeakPagedPoolUsage", ctypes.c_size_t),
        ("QuotaPagedPoolUsage", ctypes.c_size_t),
        ("QuotaPeakNonPagedPoolUsage", ctypes.c_size_t),
        ("QuotaNonPagedPoolUsage", ctypes.c_size_t),
        ("PagefileUsage", ctypes.c_size_t),
        ("PeakPagefileUsage", ctypes.c_size_t),
    )


def _peak_working_set() -> int:
    libraries: Any = vars(ctypes)["windll"]
    kernel, counters = libraries.kernel32, _Counters(cb=ctypes.sizeof(_Counters))
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.K32GetProcessMemoryInfo.argtypes = (
        ctypes.c_void_p,
        ctypes.POINTER(_Counters),
        ctypes.c_uint32,
    )
    done = kernel.K32GetProcessMemoryInfo(
        kernel.GetCurrentProcess(), ctypes.byref(counters), counters.cb
    )
    return int(counters.PeakWorkingSetSize) if done else 0

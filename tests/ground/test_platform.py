"""Memory, locks and cores on this system; macOS and Windows by what their calls would answer."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nearfar import _platform
from nearfar._platform import (
    CoreUse,
    ask_to_stop,
    core_quota,
    lock,
    memory_from_now,
    peak_memory,
    peak_memory_of_children,
    usable_cores,
)

MIB = 1 << 20
HOLD = (
    "import sys, time; from pathlib import Path; from nearfar._platform import lock\n"
    "with lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(600)"
)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A system without /proc."""
    monkeypatch.setattr(_platform, "_STATUS", tmp_path / "none")
    monkeypatch.setattr(_platform, "_CLEAR", tmp_path / "none")
    return monkeypatch


@pytest.fixture
def windows(elsewhere: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Neither /proc nor what only Unix has."""
    elsewhere.setattr(sys, "platform", "win32")
    for name in ("fcntl", "resource"):
        elsewhere.setitem(sys.modules, name, None)
    return elsewhere


class ByteLocks:
    """What msvcrt answers: a byte of a file has one holder, and anyone else gets an error."""

    LK_NBLCK, LK_UNLCK = 2, 0

    def __init__(self) -> None:
        self.held: dict[int, int] = {}  # the file's number on disk → who holds it
        self.tries = 0

    def locking(self, file: int, what: int, count: int) -> None:
        assert count == 1
        assert os.lseek(file, 0, os.SEEK_CUR) == 0
        which = os.fstat(file).st_ino
        if what == self.LK_UNLCK:
            assert self.held.pop(which) == file
        elif which in self.held:
            self.tries += 1
            raise PermissionError(errno.EACCES, "Permission denied")
        else:
            self.held[which] = file


def expect_held(path: Path) -> None:
    held = pytest.raises(BlockingIOError, match=r"another process holds .*lock")
    with held, lock(path, wait=False):
        pytest.fail("it could be held twice")


def test_peak_memory_is_in_bytes_and_grows_with_what_is_held() -> None:
    before = peak_memory()
    block = bytearray(os.urandom(1024)) * (64 * 1024)
    assert len(block) == 64 * MIB
    assert 16 * MIB < before < 1 << 40
    assert peak_memory() >= before
    assert memory_from_now() <= peak_memory()


@pytest.mark.parametrize(("system", "unit"), [("linux", 1024), ("darwin", 1)])
def test_the_unit_of_what_the_system_counts_is_the_systems(
    elsewhere: pytest.MonkeyPatch, system: str, unit: int
) -> None:
    resource = pytest.importorskip("resource")
    elsewhere.setattr(sys, "platform", system)
    elsewhere.setattr(resource, "getrusage", lambda whose: SimpleNamespace(ru_maxrss=7_000 + whose))
    assert peak_memory() == memory_from_now() == (7_000 + resource.RUSAGE_SELF) * unit
    assert peak_memory_of_children() == (7_000 + resource.RUSAGE_CHILDREN) * unit


def test_windows_is_asked_for_its_peak_working_set(windows: pytest.MonkeyPatch) -> None:
    def answer(process: int, counters: Any, size: int) -> int:
        assert (process, size) == (-1, ctypes.sizeof(counters._obj))
        counters._obj.PeakWorkingSetSize = 123 * MIB
        return 1

    class Call:
        def __init__(self, function: Any) -> None:
            self.function = function

        def __call__(self, *arguments: Any) -> Any:
            return self.function(*arguments)

    kernel = SimpleNamespace(
        GetCurrentProcess=Call(lambda: -1), K32GetProcessMemoryInfo=Call(answer)
    )
    windows.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    assert peak_memory() == memory_from_now() == 123 * MIB
    assert peak_memory_of_children() == 0
    if ctypes.sizeof(ctypes.c_size_t) == 8:
        assert ctypes.sizeof(_platform._Counters) == 72  # as psapi.h has it for 64 bits


def test_all_cores_are_usable_where_the_system_does_not_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert usable_cores() == (os.cpu_count() or 1)


def test_a_lock_is_exclusive_and_free_again_after_the_block(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock(path):
        expect_held(path)
    with lock(path, wait=False):
        pass


def test_a_lock_is_free_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="lost"), lock(tmp_path / "lock"):
        raise KeyError("lost")
    with lock(tmp_path / "lock", wait=False):
        pass


def test_what_a_locked_file_says_stays(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("known", encoding="utf-8")
    with lock(path):
        pass
    assert path.read_text(encoding="utf-8") == "known"


def test_a_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        expect_held(path)
        waiting = threading.Timer(0.2, other.kill)
        waiting.start()
        with lock(path):  # waits until it is dead
            assert other.wait() != 0


def test_windows_locks_the_first_byte(windows: pytest.MonkeyPatch, tmp_path: Path) -> None:
    locks, path = ByteLocks(), tmp_path / "lock"
    windows.setitem(sys.modules, "msvcrt", locks)
    with lock(path):
        assert len(locks.held) == 1
        expect_held(path)
    assert not locks.held


def test_waiting_for_a_lock_has_no_end_on_windows(
    windows: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    locks, path, slept = ByteLocks(), tmp_path / "lock", []
    windows.setitem(sys.modules, "msvcrt", locks)
    path.touch()
    locks.held[path.stat().st_ino] = -1

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 500:
            locks.held.clear()

    windows.setattr(time, "sleep", sleep)
    with lock(path):
        assert locks.tries == len(slept) == 500


@pytest.mark.parametrize("system", ["linux", "win32"])
def test_asking_to_stop_raises_the_signal(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    heard: list[int] = []
    earlier = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    monkeypatch.setattr(sys, "platform", system)
    try:
        ask_to_stop()
    finally:
        signal.signal(signal.SIGTERM, earlier)
    assert heard == [signal.SIGTERM]


@pytest.mark.parametrize(
    ("groups", "files", "limit"),
    [
        ("0::/user/job\n", {"user/job/cpu.max": "150000 100000\n"}, 1.5),
        ("0::/user/job\n", {"user/job/cpu.max": "max 100000", "user/cpu.max": "50000 100000"}, 0.5),
        ("0::/\n", {"cpu.max": "400000 100000"}, 4.0),
        (
            "4:cpu,cpuacct:/job\n2:memory:/job\n",
            {
                "cpu,cpuacct/job/cpu.cfs_quota_us": "200000",
                "cpu,cpuacct/job/cpu.cfs_period_us": "100000",
            },
            2.0,
        ),
        (
            "4:cpu,cpuacct:/\n",
            {"cpu,cpuacct/cpu.cfs_quota_us": "-1", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
            None,
        ),
        ("0::/job\n", {}, None),
        ("", {}, None),
    ],
)
def test_the_quota_is_the_least_of_all_groups(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    groups: str,
    files: dict[str, str],
    limit: float | None,
) -> None:
    for name, text in files.items():
        (tmp_path / "fs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "fs" / name).write_text(text)
    (tmp_path / "own").write_text(groups)
    monkeypatch.setattr(_platform, "_OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(_platform, "_GROUPS", tmp_path / "fs")
    assert core_quota() == limit


class Clock:
    """Time and CPU time of this process, as set by the test."""

    def __init__(self) -> None:
        self.now = self.own = 0.0

    def monotonic(self) -> float:
        return self.now

    def process_time(self) -> float:
        return self.own

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_free_cores_are_idle_or_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def write(idle: tuple[int, int, int]) -> None:
        lines = [f"cpu{n} 5 0 5 {ticks} 0 0 0 0 0 0" for n, ticks in enumerate(idle)]
        (tmp_path / "stat").write_text("\n".join(["cpu  1 2 3 4 5", *lines, "intr 1"]))

    clock = Clock()
    monkeypatch.setattr(_platform, "time", clock)
    monkeypatch.setattr(_platform, "_STAT", tmp_path / "stat")
    monkeypatch.setattr(_platform, "_OWN_GROUPS", tmp_path / "none")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 2}, raising=False)
    monkeypatch.setattr(os, "sysconf", lambda name: 100, raising=False)
    write((0, 0, 0))
    use = CoreUse()
    clock.now, clock.own = 4.0, 1.0
    write((100, 999, 300))  # of 400 each: the first core is idle for 1 s, the third for 3 s
    assert use.free() == (1 + 3 + 1) / 4
    (tmp_path / "stat").unlink()
    assert use.free() is None
    assert CoreUse().free() is None

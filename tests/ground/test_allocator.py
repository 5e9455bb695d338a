"""Freed memory that glibc keeps or returns; other C libraries by what their calls would answer."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from nearfar import _allocator
from nearfar._allocator import keep_freed_memory, return_freed_memory


class Allocator:
    """A C library that refuses some settings, and remembers the others."""

    gnu_get_libc_version = None

    def __init__(self, refused: Any = ()) -> None:
        self.kept: dict[int, int] = {}

        def mallopt(name: int, value: int) -> int:
            if (name, value) in refused:
                return 0
            self.kept[name] = value
            return 1

        self.mallopt = mallopt


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in (*_allocator._SETTINGS, "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_freed_memory_is_kept_as_far_as_the_library_allows(unset: pytest.MonkeyPatch) -> None:
    library = Allocator()
    unset.setattr(ctypes, "CDLL", lambda name: library)
    assert keep_freed_memory()
    assert library.kept == {-1: 2**31 - 1, -3: 1 << 30, -2: 64 << 20}
    library = Allocator(refused=[(-3, 1 << 30)])
    assert keep_freed_memory()
    assert library.kept[-3] == 32 << 20
    library = Allocator(refused=[(-1, 2**31 - 1)])
    assert not keep_freed_memory()


def test_other_libraries_and_stated_settings_are_left_alone(unset: pytest.MonkeyPatch) -> None:
    unset.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(mallopt=pytest.fail))  # musl
    assert not keep_freed_memory()
    unset.setattr(ctypes, "CDLL", lambda name: Allocator())
    for name, value in [("MALLOC_TOP_PAD_", "1"), ("GLIBC_TUNABLES", "glibc.malloc.tcache_max=0")]:
        unset.setenv(name, value)
        assert not keep_freed_memory()
        unset.delenv(name)
    assert keep_freed_memory()


@pytest.mark.skipif(sys.platform != "linux", reason="glibc")
def test_with_these_settings_large_blocks_stay_with_the_process() -> None:
    code = (
        "import ctypes; from nearfar._allocator import keep_freed_memory\n"
        "from nearfar._platform import memory_from_now\n"
        "kept = keep_freed_memory()\n"
        "libc = ctypes.CDLL(None); libc.malloc.restype = ctypes.c_void_p\n"
        "libc.free.argtypes = [ctypes.c_void_p]; before = memory_from_now()\n"
        "block = libc.malloc(100 << 20); ctypes.memset(block, 1, 100 << 20); libc.free(block)\n"
        "print(kept, memory_from_now() - before > 90 << 20)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() in (["True", "True"], ["False", "False"])  # False: no glibc


@pytest.mark.skipif(sys.platform != "linux", reason="glibc")
def test_kept_blocks_go_back_when_asked() -> None:
    code = (
        "import ctypes; from nearfar._allocator import keep_freed_memory, return_freed_memory\n"
        "from nearfar._platform import memory_from_now, resident_memory\n"
        "kept = keep_freed_memory()\n"
        "libc = ctypes.CDLL(None); libc.malloc.restype = ctypes.c_void_p\n"
        "libc.free.argtypes = [ctypes.c_void_p]; before = memory_from_now()\n"
        "block = libc.malloc(100 << 20); ctypes.memset(block, 1, 100 << 20)\n"
        "wall = libc.malloc(1 << 20); libc.free(block)\n"
        "print(kept, return_freed_memory(), resident_memory() - before < 10 << 20)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = done.stdout.split()
    assert found[2] == "True"
    assert found[0] == found[1]  # both False: no glibc


def test_nothing_is_returned_without_glibc(unset: pytest.MonkeyPatch) -> None:
    unset.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(malloc_trim=pytest.fail))
    assert not return_freed_memory()
    asked: list[int] = []
    library = Allocator()
    library.malloc_trim = Answer(asked)  # type: ignore[attr-defined]
    unset.setattr(ctypes, "CDLL", lambda name: library)
    assert return_freed_memory()
    assert asked == [0]


class Answer:
    """A foreign function that takes note of its argument."""

    argtypes: tuple[type, ...]
    restype: type

    def __init__(self, asked: list[int]) -> None:
        self.asked = asked

    def __call__(self, value: int) -> int:
        self.asked.append(value)
        return 1

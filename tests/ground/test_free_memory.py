"""Free memory as a system would tell it: /proc, control groups of both kinds, limits, none."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nearfar import _free_memory
from nearfar._free_memory import free_memory, process_age
from nearfar._platform import resident_memory

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@pytest.fixture
def proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A system with 8 GiB available and no control groups."""
    folder = tmp_path / "proc"
    (folder / "self").mkdir(parents=True)
    (folder / "meminfo").write_text(f"MemTotal: 99 kB\nMemAvailable: {8 * MIB} kB\n")
    monkeypatch.setattr(_free_memory, "_PROC", folder)
    monkeypatch.setattr(_free_memory, "_CGROUPS", tmp_path / "cgroup")
    return folder


def group(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(f"{text}\n")


def test_what_the_system_has_available(proc: Path) -> None:
    assert free_memory() == 8 * GIB


def test_the_least_of_nested_control_groups(proc: Path, tmp_path: Path) -> None:
    (proc / "self" / "cgroup").write_text("0::/batch/job/step\n")
    root = tmp_path / "cgroup"
    group(root / "batch" / "job" / "step", memory__max="max", memory__current=GIB)
    group(root / "batch" / "job", memory__max=3 * GIB, memory__current=2 * GIB)
    (root / "batch" / "job" / "memory.stat").write_text(f"file 9\ninactive_file {MIB}\n")
    group(root / "batch", memory__max=5 * GIB, memory__current=2 * GIB)
    assert free_memory() == GIB + MIB  # files that the system can drop are free


def test_control_groups_of_the_first_version(proc: Path, tmp_path: Path) -> None:
    (proc / "self" / "cgroup").write_text("5:cpu,cpuacct:/a\n4:memory:/on/the/host\n0::/\n")
    limits = {"memory__limit_in_bytes": 2 * GIB, "memory__usage_in_bytes": GIB}
    group(tmp_path / "cgroup" / "memory", **limits)
    assert free_memory() == GIB  # the path is that of the host; the root is the container


def test_a_group_above_its_limit_leaves_nothing(proc: Path, tmp_path: Path) -> None:
    (proc / "self" / "cgroup").write_text("0::/\n")
    group(tmp_path / "cgroup", memory__max=GIB, memory__current=2 * GIB)
    assert free_memory() == 0


def test_without_proc_half_of_the_memory_is_taken_to_be_free(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_free_memory, "_PROC", tmp_path / "none")
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert free_memory() == round(total / 2)
    assert process_age() is None
    assert resident_memory() > MIB
    monkeypatch.delattr(os, "sysconf")
    assert free_memory() is None


@pytest.mark.skipif(sys.platform != "linux", reason="an address-space limit that Linux keeps")
def test_a_limit_of_address_space_counts() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30));"
        "from nearfar._free_memory import free_memory; print(free_memory())"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 0 < int(shown.stdout) < GIB


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_this_process_has_an_age_and_memory() -> None:
    first = process_age()
    time.sleep(0.05)
    second = process_age()
    assert first is not None
    assert second is not None
    assert 0 < first < second < first + 60
    before = resident_memory()
    with mmap.mmap(-1, 64 * MIB) as block:  # from the system, not from memory that was kept
        block[::4096] = b"x" * (64 * MIB // 4096)
        assert resident_memory() - before > 32 * MIB

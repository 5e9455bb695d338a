"""Threads and memory of the process: chosen on request, and kept by a resumed run."""

from __future__ import annotations

import os

import pytest
import torch

from nearfar._platform import CoreUse
from nearfar.training import _process, choose_threads, keep_freed_memory
from nearfar.training._process import same_threads


def use(monkeypatch, free):
    """A measurement of a computer with so many free cores."""
    monkeypatch.setattr(CoreUse, "free", lambda self: free)
    return CoreUse()


@pytest.fixture
def four_threads(monkeypatch):
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(_process, "usable_cores", lambda: 4)
    monkeypatch.setattr(_process, "core_quota", lambda: None)
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield monkeypatch
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("free", "threads"), [(3.9, 4), (3.7, 4), (3.5, 3), (2.0, 2), (0.9, 1), (0.0, 1), (None, 4)]
)
def test_threads_are_the_cores_that_are_free(four_threads, free, threads):
    said = choose_threads(use(four_threads, free))
    assert torch.get_num_threads() == threads
    assert bool(said) == (threads != 4)
    if said:
        number = "1 thread," if threads == 1 else f"{threads} threads,"
        assert said.startswith(f"{number} as other programs leave {free:.1f} of 4 cores free")


def test_a_quota_limits_the_threads(four_threads):
    four_threads.setattr(_process, "core_quota", lambda: 1.5)
    assert choose_threads(use(four_threads, 1.5)).startswith("1 thread, as other")
    torch.set_num_threads(4)
    said = choose_threads(use(four_threads, None))
    assert said.startswith("2 threads, as this process may use the time of 1.5 cores")


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "MKL_NUM_THREADS"])
def test_a_stated_number_is_left(four_threads, name):
    four_threads.setenv(name, "4")
    assert choose_threads(use(four_threads, 0.0)) == ""
    with same_threads(2):
        assert torch.get_num_threads() == 4


def test_the_threads_of_a_run_are_set_and_put_back(four_threads):
    with same_threads(2):
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == 4
    with same_threads(0):
        assert torch.get_num_threads() == 4


def test_memory_is_kept_only_if_the_switch_allows(monkeypatch):
    asked = []
    monkeypatch.setattr(_process, "_keep_freed_memory", lambda: not asked.append(1))
    monkeypatch.setenv("NEARFAR_KEEP_MEMORY", "0")
    assert not keep_freed_memory()
    assert not asked
    monkeypatch.delenv("NEARFAR_KEEP_MEMORY")
    assert keep_freed_memory()
    assert asked


def test_importing_changes_neither():
    assert "OMP_NUM_THREADS" in os.environ  # of the tests
    assert torch.get_num_threads() == int(os.environ["OMP_NUM_THREADS"])

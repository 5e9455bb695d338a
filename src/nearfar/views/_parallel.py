"""Parallel work with one thread per core, each with its own buffers."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

from nearfar.views._scratch import Scratch

__all__ = ["alone", "in_parallel"]

Work = Callable[[slice, int, Scratch], None]
Result = TypeVar("Result")
_per_thread = threading.local()


@functools.lru_cache(maxsize=1)
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """A thread pool in which PyTorch does not parallelise its operations further.

    Threads do not survive a fork, hence the process ID among the arguments.
    """
    pool = ThreadPoolExecutor(threads, f"views-{process}", torch.set_num_threads, (1,))
    for future in [pool.submit(torch.get_num_threads) for _ in range(threads)]:
        future.result()
    torch.set_num_threads(threads)  # the default for later threads; those of the pool keep 1
    return pool


def _scratch(device: torch.device) -> Scratch:
    """Buffers of a thread, kept between calls on a CPU: a few MiB that stay in the cache."""
    if device.type != "cpu":
        return Scratch(device)
    if not hasattr(_per_thread, "scratch"):
        _per_thread.scratch = Scratch(device)
    scratch: Scratch = _per_thread.scratch
    return scratch


def alone(work: Callable[[], Result]) -> Result:
    """Run `work` in a single thread, which is faster for many small operations on the CPU."""
    threads = torch.get_num_threads()
    return work() if threads == 1 else _pool(threads, os.getpid()).submit(work).result()


def in_parallel(work: Work, parts: Sequence[tuple[slice, int]], *, device: torch.device) -> None:
    """Call `work` on each part; on a CPU in as many threads as PyTorch uses.

    Distributing parts over threads is faster than parallelising each small operation, whose threads
    would synchronise hundreds of times, which is slow on busy cores. The results do not depend on
    the number of threads.
    """
    threads = torch.get_num_threads() if device.type == "cpu" else 1
    left = iter(parts)

    @torch.no_grad()
    def take_turns() -> None:
        scratch = _scratch(device)
        for part, turn in left:  # shared iterator: an idle thread takes the next part
            work(part, turn, scratch)

    if threads == 1:
        take_turns()
        return
    pool = _pool(threads, os.getpid())  # also for a single part, to avoid synchronisation
    for future in [pool.submit(take_turns) for _ in range(min(threads, len(parts)))]:
        future.result()

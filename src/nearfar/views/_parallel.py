"""One thread per core, each with its own part of the work and its own memory."""

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
_kept = threading.local()


@functools.lru_cache(maxsize=1)
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """Threads in which PyTorch does not split its operations again.

    They do not survive a fork, hence the number of the process among the arguments.
    """
    pool = ThreadPoolExecutor(threads, f"views-{process}", torch.set_num_threads, (1,))
    for future in [pool.submit(torch.get_num_threads) for _ in range(threads)]:
        future.result()
    torch.set_num_threads(threads)  # what any later thread starts with; these keep their 1
    return pool


def _scratch(device: torch.device) -> Scratch:
    """On a CPU each thread keeps its memory from call to call: it is a few MiB, warm in cache."""
    if device.type != "cpu":
        return Scratch(device)
    if not hasattr(_kept, "scratch"):
        _kept.scratch = Scratch(device)
    kept: Scratch = _kept.scratch
    return kept


def alone(work: Callable[[], Result]) -> Result:
    """What `work` gives, done by a single thread: for many small operations on the CPU."""
    threads = torch.get_num_threads()
    return work() if threads == 1 else _pool(threads, os.getpid()).submit(work).result()


def in_parallel(work: Work, parts: Sequence[tuple[slice, int]], *, device: torch.device) -> None:
    """Call `work` on each part, on a CPU by as many threads as PyTorch uses.

    To split the parts among threads costs less than to split each small operation: those threads
    would wait for one another hundreds of times, for long where the cores have other work. The
    results do not depend on it.
    """
    threads = torch.get_num_threads() if device.type == "cpu" else 1
    left = iter(parts)

    @torch.no_grad()
    def take_turns() -> None:
        scratch = _scratch(device)
        for part, turn in left:  # one iterator for all threads: whoever is free takes the next
            work(part, turn, scratch)

    if threads == 1:
        take_turns()
        return
    pool = _pool(threads, os.getpid())  # for a single part too: in there nobody waits
    for future in [pool.submit(take_turns) for _ in range(min(threads, len(parts)))]:
        future.result()

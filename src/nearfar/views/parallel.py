"""One thread per core, each with its own part of the work and its own memory."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import torch

from nearfar.views.scratch import Scratch

__all__ = ["in_parallel"]

Work = Callable[[slice, Scratch], None]


@functools.cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """Threads in which PyTorch does not split its operations again; none survive a fork."""
    pool = ThreadPoolExecutor(threads, "views", initializer=torch.set_num_threads, initargs=(1,))
    started: SimpleQueue[None] = SimpleQueue()
    for future in [pool.submit(started.put, None) for _ in range(threads)]:
        future.result()
    torch.set_num_threads(threads)  # what a later thread starts with; the workers keep their 1
    return pool


def in_parallel(work: Work, parts: Sequence[slice], *, device: torch.device) -> None:
    """Call `work` on each part, on a CPU by as many threads as PyTorch uses.

    Splitting the parts among threads costs less than splitting each small operation, whose threads
    would wait for one another hundreds of times. The results do not depend on it.
    """
    threads = min(torch.get_num_threads(), len(parts)) if device.type == "cpu" else 1
    if threads <= 1:
        scratch = Scratch(device)
        for part in parts:
            work(part, scratch)
        return
    waiting: SimpleQueue[slice] = SimpleQueue()
    for part in parts:
        waiting.put(part)

    def drain() -> None:
        scratch = Scratch(device)
        with torch.no_grad():
            while not waiting.empty():
                work(waiting.get_nowait(), scratch)

    pool = _pool(torch.get_num_threads(), os.getpid())
    for future in [pool.submit(drain) for _ in range(threads)]:
        future.result()

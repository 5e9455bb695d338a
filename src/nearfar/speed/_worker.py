"""A variant of a benchmark in a process of its own, timed on request."""

from __future__ import annotations

import gc
import multiprocessing
import time
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any

import torch

from nearfar._platform import memory_from_now, peak_memory

__all__ = ["Worker"]

Step = Callable[[], object]


class Worker:
    """Process that builds a step, measures the memory of its first run, and times it on request.

    Args:
        make: Module-level function that builds the step from `arguments`.
        arguments: Arguments of `make`.
        warm_up: Arguments of `make` for a small step that loads libraries and starts threads.

    Attributes:
        note: Why the step could not be measured; empty if it could.
        first: Duration of the first run in seconds.
        peak: Additional peak memory of the first run in MiB, of the GPU or else of the process.
    """

    def __init__(
        self, make: Callable[..., Step], arguments: tuple[Any, ...], *, warm_up: tuple[Any, ...]
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_work, args=(other, make, arguments, warm_up))
        self._process.start()
        other.close()
        self.note: str
        self.first: float
        self.peak: float
        try:
            self.note, self.first, self.peak = self._pipe.recv()
        except EOFError:
            self.note, self.first, self.peak = "not measured: the process died", 0.0, 0.0

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pipe.close()
        self._process.join()

    def seconds(self, repeats: int) -> float:
        """Seconds per step, mean over `repeats`."""
        self._pipe.send(repeats)
        took: float = self._pipe.recv()
        return took


def _work(
    pipe: Any, make: Callable[..., Step], arguments: tuple[Any, ...], warm_up: tuple[Any, ...]
) -> None:
    warnings.simplefilter("ignore")  # warnings of other libraries are irrelevant here
    try:
        make(*warm_up)()
        step = make(*arguments)
        before = _start_of_memory()
        first = _time(step, 1)
        pipe.send(("", first, (_peak_of_memory() - before) / 2**20))
    except (ImportError, RuntimeError, MemoryError) as error:
        pipe.send((f"not measured: {error}".splitlines()[0], 0.0, 0.0))
        return
    while True:
        try:
            repeats = pipe.recv()
        except EOFError:  # the parent has closed the pipe
            return
        pipe.send(_time(step, repeats))


def _time(step: Step, repeats: int) -> float:
    _finish()
    start = time.perf_counter()
    for _ in range(repeats):
        step()
    _finish()
    return (time.perf_counter() - start) / repeats


def _finish() -> None:
    if _on_gpu():
        torch.cuda.synchronize()


def _on_gpu() -> bool:
    return bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]


def _start_of_memory() -> float:
    """Bytes in use; also resets the peak."""
    gc.collect()
    if _on_gpu():
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    return memory_from_now()


def _peak_of_memory() -> float:
    if _on_gpu():
        return torch.cuda.max_memory_allocated()
    return peak_memory()

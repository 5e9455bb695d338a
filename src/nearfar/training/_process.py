"""Settings of the whole process that training profits from: threads and freed memory.

The command line makes them, since the process is its own; in Python they are functions to call.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from nearfar._allocator import keep_freed_memory as _keep_freed_memory
from nearfar._platform import CoreUse, core_quota, usable_cores

__all__ = ["choose_threads", "keep_freed_memory", "same_threads"]

SWITCH = "NEARFAR_KEEP_MEMORY"
_STATED = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
_ROUND_UP = 0.35  # a core that is free for two thirds of the time counts as free


def keep_freed_memory() -> bool:
    """Let the C library keep freed memory for reuse; faster training on a CPU, more memory held.

    glibc returns every large block to the system when it is freed, so each update asks for the
    memory of its activations again, page by page. ``nearfar train`` calls this function; in
    Python it is yours to call, once and before training, as it applies to the whole process and
    cannot be undone. Nothing happens on macOS, Windows and musl, with the environment variable
    ``NEARFAR_KEEP_MEMORY=0``, and where the allocator is configured by its own variables.

    Returns:
        Whether the settings were made.

    Example:
        >>> import os
        >>> os.environ["NEARFAR_KEEP_MEMORY"] = "0"
        >>> keep_freed_memory()
        False
        >>> del os.environ["NEARFAR_KEEP_MEMORY"]
    """
    return os.environ.get(SWITCH, "1") != "0" and _keep_freed_memory()


def choose_threads(use: CoreUse | None = None) -> str:
    """Let PyTorch use as many threads as cores are free; faster on a busy computer.

    The backward pass of a convolution on a CPU lets its threads wait for each other in a loop that
    no environment variable ends. Where another program holds a core, two threads are several times
    slower than one. ``nearfar train`` calls this function; in Python it is yours to call. A number
    in ``OMP_NUM_THREADS`` or ``MKL_NUM_THREADS`` is left as it is.

    Args:
        use: A measurement of the cores that has begun earlier; by default a fifth of a second
            from now.

    Returns:
        What was chosen and why, or an empty text if nothing had to be changed.

    Example:
        >>> import os
        >>> os.environ["OMP_NUM_THREADS"] = "1"  # stated, so nothing is measured or changed
        >>> choose_threads()
        ''
    """
    if any(os.environ.get(name) for name in _STATED):
        return ""
    before, cores, quota = torch.get_num_threads(), usable_cores(), core_quota()
    if before == 1:
        return ""
    most = before if quota is None else min(before, max(1, math.ceil(quota)))
    free = (use or CoreUse()).free()
    count = most if free is None else max(1, min(most, math.floor(free + _ROUND_UP)))
    if count == before:
        return ""
    torch.set_num_threads(count)
    threads = "1 thread" if count == 1 else f"{count} threads"
    if count == most or free is None:
        why = f"as this process may use the time of {quota:.3g} cores"
    else:
        why = f"as other programs leave {free:.1f} of {cores} cores free"
    return f"{threads}, {why}; OMP_NUM_THREADS sets another number"


@contextmanager
def same_threads(count: int) -> Iterator[None]:
    """As many threads as a run had before, as their number decides the last digits.

    Args:
        count: Number of threads; 0 for an unknown number, which changes nothing. A number in
            ``OMP_NUM_THREADS`` or ``MKL_NUM_THREADS`` takes precedence.
    """
    before = torch.get_num_threads()
    if count and count != before and not any(os.environ.get(name) for name in _STATED):
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if torch.get_num_threads() != before:
            torch.set_num_threads(before)

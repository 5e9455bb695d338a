"""Memory that could not be allocated, as one line that names the setting to halve."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from nearfar.api._setup import Setup

__all__ = ["explained_memory"]

_SIGNS = (  # of the allocators of PyTorch, also in the traceback of another process
    "can't allocate memory",
    "out of memory",
    "OutOfMemoryError",
    "MemoryError",
)
_WANTED = re.compile(r"[Tt]ried to allocate ([\d.]+ ?(?:[KMGT]i?B|bytes))")


@contextmanager
def explained_memory(setup: Setup) -> Iterator[None]:
    """Turn a failed allocation inside the context into a line for the user.

    Args:
        setup: The run, whose options are named.

    Raises:
        MemoryError: Memory could not be allocated; the message says which setting to halve.
    """
    try:
        yield
    except Exception as error:  # spawned processes wrap the error in one of their own
        if not _failed_to_allocate(error):
            raise
        raise MemoryError(_advice(setup, str(error))) from error


def _failed_to_allocate(error: Exception) -> bool:
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return not isinstance(error, (ValueError, TypeError, OSError)) and any(
        sign in str(error) for sign in _SIGNS
    )


def _advice(setup: Setup, text: str) -> str:
    options = setup.recipe.training
    wanted = _WANTED.search(text)
    amount = f" ({wanted[1]} more were needed)" if wanted else ""
    source = setup.train.source
    chosen = setup.kind.options(**setup.recipe.options)
    if setup.kind.smallest_batch(source, chosen) is None:
        rungs = setup.kind.rungs(source, chosen)
        name = next(iter(rungs[0])) if rungs else "batch_size"
        value = getattr(chosen, name, options.batch_size)
        return f"out of memory{amount}: halve --{name.replace('_', '-')}, which is {value}"
    together = options.micro_batch or options.batch_size
    half = max(2, together // 2)
    if options.micro_batch is not None:
        return f"out of memory{amount}: halve --micro-batch, which is {together}: {half}"
    return (
        f"out of memory{amount}: halve --batch-size, which is {together}, or keep it with"
        f" --micro-batch {half}"
    )

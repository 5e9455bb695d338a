"""How many processes work together, and which one this is."""

from __future__ import annotations

from torch import distributed

__all__ = ["is_distributed", "rank", "world_size"]


def world_size() -> int:
    """Processes that work together; 1 without a process group."""
    ready = distributed.is_available() and distributed.is_initialized()
    return distributed.get_world_size() if ready else 1


def rank() -> int:
    """This process's number, from 0; 0 without a process group."""
    ready = distributed.is_available() and distributed.is_initialized()
    return distributed.get_rank() if ready else 0


def is_distributed() -> bool:
    """Whether there is more than one process."""
    return world_size() > 1

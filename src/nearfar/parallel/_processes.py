"""The number of processes and this process's rank."""

from __future__ import annotations

from torch import distributed

__all__ = ["is_distributed", "rank", "world_size"]


def world_size() -> int:
    """Number of processes; 1 without a process group."""
    ready = distributed.is_available() and distributed.is_initialized()
    return distributed.get_world_size() if ready else 1


def rank() -> int:
    """This process's rank; 0 without a process group."""
    ready = distributed.is_available() and distributed.is_initialized()
    return distributed.get_rank() if ready else 0


def is_distributed() -> bool:
    """Whether there is more than one process."""
    return world_size() > 1

"""Batches in a given order, prefetched in a background thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor

from jaxtyping import Int64
from torch import Tensor

from nearfar.checks import check_integer
from nearfar.data._source import Batch, Source

__all__ = ["batches"]

AHEAD = 2  # batches prefetched while the training step computes


def batches(
    source: Source,
    *,
    batch_size: int,
    order: Int64[Tensor, " samples"],
    rank: int = 0,
    world_size: int = 1,
    start: int = 0,
) -> Generator[Batch, None, None]:
    """The full batches of one epoch over a source.

    An incomplete last batch is dropped. Each of several processes reads its contiguous slice of
    every batch, so the content of a batch does not depend on the number of processes. An error
    while reading is raised when the batch is requested; ``close()`` stops the reading thread early.

    Args:
        source: Source of the samples.
        batch_size: Samples per batch, over all processes.
        order: Permutation of the source's positions for this epoch.
        rank: Rank of this process, from 0.
        world_size: Number of processes; must divide `batch_size`.
        start: Number of batches to skip, to resume a run within an epoch.

    Raises:
        ValueError: A batch is larger than the dataset or not divisible by the number of processes,
            or `order` has the wrong length.

    Example:
        >>> import torch
        >>> from nearfar.data import batches, open_source
        >>> digits = open_source("digits")
        >>> for batch in batches(digits, batch_size=800, order=torch.arange(len(digits))):
        ...     print(tuple(batch.inputs.pixels.shape), batch.samples[0].item())
        (800, 1, 8, 8) 0
        (800, 1, 8, 8) 800
    """
    check_integer(batch_size=batch_size, world_size=world_size, at_least=1)
    check_integer(rank=rank, start=start, at_least=0)
    if rank >= world_size:
        raise ValueError(f"`rank` must be below `world_size`, {world_size}, got {rank}")
    if batch_size % world_size:
        raise ValueError(
            f"`batch_size` must be a multiple of the number of processes, {world_size},"
            f" got {batch_size}"
        )
    if len(order) != len(source):
        raise ValueError(
            f"`order` must contain each of the {len(source):,} samples once,"
            f" got {len(order):,} entries"
        )
    if batch_size > len(source):
        raise ValueError(
            f"`batch_size` must be at most the number of samples, {len(source):,},"
            f" got {batch_size:,}"
        )
    share = batch_size // world_size
    parts = [
        order[first + rank * share : first + (rank + 1) * share]
        for first in range(start * batch_size, len(order) - batch_size + 1, batch_size)
    ]
    return _read_ahead(source, parts)


def _read_ahead(source: Source, parts: list[Tensor]) -> Generator[Batch, None, None]:
    reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="nearfar-batches")
    pending: deque[Future[Batch]] = deque()
    waiting = iter(parts)
    try:
        for part in parts[:AHEAD]:
            pending.append(reader.submit(source.read, part))
            next(waiting)
        while pending:
            batch = pending.popleft().result()
            if (following := next(waiting, None)) is not None:
                pending.append(reader.submit(source.read, following))
            yield batch
    finally:
        reader.shutdown(wait=True, cancel_futures=True)

"""A thread pool, and a progress bar for terminals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from nearfar._platform import usable_cores

__all__ = ["in_threads", "progress"]

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def progress(
    label: str, *, total: int | None, size: bool = False
) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error, removed when done; only shown on a terminal.

    Args:
        label: Text in front of the bar.
        total: Number of steps, or of bytes with `size`; None if unknown.
        size: Whether bytes are counted rather than steps.

    Yields:
        A function to call with the number of steps or bytes just completed.
    """
    counts: list[ProgressColumn] = (
        [DownloadColumn(), TransferSpeedColumn()] if size else [MofNCompleteColumn()]
    )
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *counts,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.advance(task, done)


def in_threads(
    work: Callable[[Item], Result], items: Sequence[Item], *, label: str | None = None
) -> list[Result]:
    """Apply `work` to every item in a thread pool, and return the results in order.

    For work that releases the GIL, such as decoding images and reading files. With a label, a
    progress bar is shown.
    """
    with ThreadPoolExecutor(max_workers=min(32, usable_cores())) as pool:
        if label is None:
            return list(pool.map(work, items))
        results = []
        with progress(label, total=len(items)) as advance:
            for result in pool.map(work, items):
                results.append(result)
                advance(1)
        return results

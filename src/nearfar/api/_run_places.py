"""Directories of new runs: free names, claimed so that no two runs share one; locks on runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nearfar._audience import named, resuming
from nearfar.records import RunDirectory

__all__ = ["RunExistsError", "claim", "claim_free", "is_taken", "locked"]


class RunExistsError(FileExistsError):
    """The directory for a new run is taken.

    Attributes:
        path: The directory.
        is_run: Whether it contains a run, which could be resumed.
    """

    def __init__(self, directory: RunDirectory) -> None:
        self.path, self.is_run = directory.path, directory.exists()
        resume = f"resume it with {resuming(self.path)}, or " if self.is_run else ""
        super().__init__(
            f"{named('out')} must be a new directory, but {self.path} exists:"
            f" {resume}choose another {named('out')}"
        )

    def __reduce__(self) -> tuple[type[RunExistsError], tuple[RunDirectory]]:
        """Pickle by the directory, for other processes."""
        return RunExistsError, (RunDirectory(self.path),)


def is_taken(path: Path) -> bool:
    """Whether a new run cannot be written here: anything but an empty directory is there."""
    return path.exists() and not (path.is_dir() and not any(path.iterdir()))


def claim(path: Path) -> RunDirectory:
    """Make a directory for a new run, which no other process can then claim.

    Raises:
        RunExistsError: It is taken.
    """
    directory = RunDirectory(path)
    if is_taken(path):
        raise RunExistsError(directory)
    path.mkdir(parents=True, exist_ok=True)
    try:
        os.close(os.open(directory.recipe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
    except FileExistsError:
        raise RunExistsError(directory) from None
    return directory


def claim_free(path: Path) -> RunDirectory:
    """As :func:`claim`, with ``-2``, ``-3``, … after the name if it is taken."""
    number = 1
    while True:
        try:
            return claim(path if number == 1 else path.with_name(f"{path.name}-{number}"))
        except RunExistsError:
            number += 1


@contextmanager
def locked(directory: RunDirectory) -> Iterator[None]:
    """A context in which no other process trains the same run, where the system has file locks.

    Raises:
        ValueError: Another process trains it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with directory.recipe.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"`run` must not be in training, but another process trains {directory.path}"
            ) from None
        except OSError:  # a file system without locks
            pass
        yield

"""Directories of new runs: free names, claimed so that no two runs share one."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from nearfar._audience import named, resuming
from nearfar.records import RunDirectory
from nearfar.records._run_lock import LOCK, RunInUseError, holding

__all__ = ["RunExistsError", "check_free", "check_name", "claim", "claim_free", "is_taken"]

_BEFORE_RECIPE = frozenset(
    {LOCK, "division.json", "groups.txt", "encoder.json", "start.safetensors"}
)
"""What is written before the recipe, with which a directory becomes a run."""


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


def check_name(path: Path) -> None:
    """Check that a path can be written into files and reports.

    Raises:
        ValueError: It is not text.
    """
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"{named('out')} must be a path of characters in UTF-8, got {bytes(path.absolute())!r}"
        ) from None


def is_taken(path: Path) -> bool:
    """Whether a new run cannot be written here: anything but an empty directory is there.

    A directory in which a run was stopped before its recipe was written counts as empty.
    """
    if not path.is_dir():
        return path.exists() or path.is_symlink()
    found = {each.name for each in path.iterdir() if not each.name.endswith(".part")}
    recipe = RunDirectory(path).recipe
    if recipe.is_file() and recipe.stat().st_size == 0:  # left by a kill of version 0.1
        found.discard(recipe.name)
    return bool(found - _BEFORE_RECIPE if LOCK in found else found)


def check_free(path: Path) -> None:
    """Check that a new run can be written here.

    Raises:
        RunExistsError: It is taken.
        RunInUseError: Another process trains a run there.
    """
    if is_taken(path):
        if (path / LOCK).is_file():
            with holding(path):
                pass
        raise RunExistsError(RunDirectory(path))


def claim(path: Path, held: ExitStack) -> RunDirectory:
    """Make a directory for a new run, which no other process can claim while its lock is held.

    Args:
        path: The directory.
        held: Holds the lock.

    Raises:
        RunExistsError: It is taken.
        RunInUseError: Another process trains a run there.
    """
    check_free(path)
    path.mkdir(parents=True, exist_ok=True)
    with ExitStack() as attempt:
        attempt.enter_context(holding(path))
        if is_taken(path):
            raise RunExistsError(RunDirectory(path))
        for name in _BEFORE_RECIPE - {LOCK}:
            (path / name).unlink(missing_ok=True)
        held.enter_context(attempt.pop_all())
    return RunDirectory(path)


def claim_free(path: Path, held: ExitStack) -> RunDirectory:
    """As :func:`claim`, with ``-2``, ``-3``, … after the name if it is taken."""
    number = 1
    while True:
        name = path.name if number == 1 else f"{path.name}-{number}"
        try:
            return claim(path.with_name(name), held)
        except (RunExistsError, RunInUseError):
            number += 1

"""Finding a run again."""

from __future__ import annotations

from pathlib import Path

from nearfar.records import RunDirectory

__all__ = ["RUN_FORMAT", "open_directory"]

RUN_FORMAT = 1


def open_directory(path: str | Path) -> RunDirectory:
    """The directory of an existing run that this version can read.

    Raises:
        ValueError: No run is there, or a newer version made it.
    """
    directory = RunDirectory(Path(path))
    if not directory.exists():
        raise ValueError(f"{path} is not the directory of a run: it holds no recipe.toml")
    if directory.run.is_file() and directory.read_run().format > RUN_FORMAT:
        raise ValueError(f"{path} was made by a newer nearfar: upgrade to read it")
    return directory

"""Directories of existing runs, and their format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nearfar.api._recipe import Recipe
from nearfar.data import Source
from nearfar.data._array_files import array_ending
from nearfar.data._matrix_parts import part_files
from nearfar.records import RunDirectory
from nearfar.records._run_lock import LOCK

__all__ = ["RUN_FORMAT", "names_run", "open_directory", "upgraded"]

RUN_FORMAT = 2


def open_directory(path: str | Path) -> RunDirectory:
    """The directory of an existing run that this version can read.

    Raises:
        ValueError: Not a run, or a run of a newer version.
    """
    directory = RunDirectory(Path(path))
    if not directory.exists():
        begun = "; a run was stopped here before it began: start it again" if _begun(path) else ""
        raise ValueError(f"{path} is not the directory of a run: it contains no recipe.toml{begun}")
    if directory.run.is_file() and directory.read_run().format > RUN_FORMAT:
        raise ValueError(f"{path} was made by a newer nearfar: upgrade to read it")
    for file in (directory.recipe, directory.division, directory.groups):
        directory.check(file)
    return directory


def _begun(path: str | Path) -> bool:
    return (Path(path) / LOCK).is_file()


def names_run(path: object) -> bool:
    """Whether a path is that of a run, rather than of embeddings: a file, or a folder of parts."""
    if not isinstance(path, (str, Path)) or not Path(path).is_dir():
        return False
    return not array_ending(Path(path)) and not part_files(Path(path))


def upgraded(recipe: Recipe, source: Source) -> Recipe:
    """The recipe of an unfinished run of 0.1, plus the views that 0.1 chose by the data's name."""
    if recipe.modality != "images" or "view_style" in recipe.options:
        return recipe
    style = "drawing" if source.root.name in ("digits", "mnist", "omniglot") else "natural"
    return replace(recipe, options=recipe.options | {"view_style": style})

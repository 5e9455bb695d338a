"""Where the data that a run was trained on are now."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nearfar._audience import named
from nearfar.api._recipe import CUSTOM, Recipe
from nearfar.data import Confidence, DataPreview, find_kind, is_name, modality_of
from nearfar.data._foreign_objects import Taken
from nearfar.data._kinds import as_given
from nearfar.records import RunDirectory

__all__ = ["OwnData", "find_data", "find_options", "is_data_of", "misfit"]

_PARENTS = 3  # of a run's directory that are searched if its record has no working directory


@dataclass(frozen=True)
class OwnData:
    """The data of a run, where they are now.

    Attributes:
        spec: Name or path.
        notes: Where they were found, if not where they were.
    """

    spec: str
    notes: tuple[str, ...] = ()


def find_data(data: str, directory: RunDirectory, fits: Callable[[str], bool]) -> OwnData:
    """The data of a run: where they were, else at the same place relative to a moved run.

    Args:
        data: The value in the recipe.
        directory: Directory of the run, whose record says where it was.
        fits: Whether data found elsewhere are the same.

    Raises:
        ValueError: Data that were a Python object.
        FileNotFoundError: They are at none of these places, which the message lists.
    """
    if data == CUSTOM:
        raise ValueError(
            f"{named('data')} must be given: {directory.path} was trained on a Python object, and"
            " objects in memory are not stored with a run"
        )
    if not _is_path(data):
        return OwnData(data)
    others = []
    for number, place in enumerate(_places(data, directory)):
        if not place.exists():
            others.append(str(place))
        elif number == 0:
            return OwnData(str(place))
        elif fits(str(place)):
            return OwnData(str(place), (f"the run's data were found at {place}",))
        else:
            others.append(f"{place} (other contents)")
    raise FileNotFoundError(
        f"the data of {directory.path} are not where they were: give them as {named('data')};"
        f" looked for {', '.join(others)}"
    )


def find_options(recipe: Recipe, directory: RunDirectory) -> dict[str, Any]:
    """The options of a run's data, with files such as a graph's features where they are now."""
    found = dict(recipe.options)
    for name in recipe.kind.data.own_files:
        if isinstance(found.get(name), str):
            places = _places(found[name], directory)
            found[name] = str(next((place for place in places if place.exists()), found[name]))
    return found


def misfit(
    error: Exception, data: Any, *, kinds: Collection[str], trained: str
) -> ValueError | TypeError:
    """The error for data that cannot be opened as those of a run, naming both.

    Args:
        error: Why they cannot be opened.
        data: The data.
        kinds: Modalities that the run's encoder accepts.
        trained: Description of the data that the run was trained on.
    """
    kind = TypeError if isinstance(error, TypeError) else ValueError
    of = data.given if isinstance(data, Taken) else data
    given = str(of) if isinstance(of, (str, Path)) else type(of).__name__
    other = _recognized(data)
    if other and other not in kinds:
        wanted = " or ".join(kinds)
        return kind(
            f"`data` must be {wanted}, as in the run ({trained}), got {other}: {given}"
            f" (as {wanted}: {error})"
        )
    return kind(f"`data` must be like those of the run ({trained}), got {given}: {error}")


def _recognized(data: Any) -> str | None:
    """The modality of data that are clearly of one."""
    try:
        name = modality_of(data)
        sure = find_kind(name).recognizes(DataPreview(as_given(data))) >= Confidence.LIKELY
    except (OSError, TypeError, ValueError):
        return None
    return name if sure else None


def is_data_of(data: object, own: str, directory: RunDirectory) -> bool:
    """Whether data are those that a run was trained on: the same name, or the same place."""
    if not isinstance(data, (str, Path)) or own == CUSTOM:
        return False
    if not _is_path(own):
        return str(data) == own
    places = [place.resolve() for place in _places(own, directory)]
    known = places[:1] if places[0].exists() else places
    return Path(data).expanduser().resolve() in known


def _is_path(data: str) -> bool:
    return not is_name(data) and isinstance(as_given(data), Path)


def _places(path: str, directory: RunDirectory) -> Iterator[Path]:
    """Where a path of a recipe can be: where it was, next to a moved run, in the working directory.

    A place in the working directory is relative, as the user wrote it.
    """
    given, run = Path(path).expanduser(), directory.path.absolute()
    record = directory.read_run() if directory.run.is_file() else None
    found: list[Path] = []
    if record is not None and record.cwd:
        then = Path(record.cwd) / given
        found.append(then)
        with suppress(ValueError):  # on another drive
            found.append(Path(os.path.normpath(run / os.path.relpath(then, record.path))))
    found.append(given)
    if len(found) == 1 and not given.is_absolute():
        found += [parent / given for parent in list(run.parents)[:_PARENTS]]
    seen = set()
    for place in found:
        if place.resolve() not in seen:
            seen.add(place.resolve())
            yield given if place.resolve() == given.resolve() else place

"""The message for data that do not exist."""

from __future__ import annotations

from pathlib import Path

from nearfar._index import load_index
from nearfar._suggestions import suggest
from nearfar.data._files import printable

__all__ = ["absent_data", "nearest_entry"]


def absent_data(spec: str | Path) -> str:
    """The message for a path that does not exist, with the closest name in its folder.

    >>> absent_data("digit").partition(":")[0]
    "no data digit (did you mean 'digits'?)"
    """
    names = tuple(load_index()["datasets"])
    near = nearest_entry(Path(spec).expanduser(), *names)
    return (
        f"no data {printable(str(spec))}{near}: neither a file or folder nor a named dataset"
        f" ({', '.join(names)})"
    )


def nearest_entry(path: Path, *others: str) -> str:
    """“ (did you mean …?)” with the closest name in a path's folder, or among other names.

    Of a folder on the way that is not there, the closest name is that of a folder.
    """
    while not path.parent.exists() and path.parent != path:
        path, others = path.parent, ()
    try:
        found = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        found = []
    return suggest(path.name, [*others, *found])

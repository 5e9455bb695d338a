"""A source that reads from a file only while the file is as it was when it was opened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, final

from torch import Tensor

from nearfar.data._noted import Delegated
from nearfar.data._source import Batch, Source

__all__ = ["ChangedFileError", "unchanged"]


_MAPPED: Final = (".npy", ".h5", ".hdf5", ".safetensors")


class ChangedFileError(OSError):
    """A file of data was cut short, replaced or rewritten while it was in use."""


@final
class _Unchanged(Delegated):
    """The samples of another source, which has mapped a file into memory.

    The system ends a process that reads a mapped file behind its new end, so that each reading asks
    for size and time of the last change first.
    """

    def __init__(self, source: Source, path: Path) -> None:
        super().__init__(source)
        self._path, self._known = path, _state(path)

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        if _state(self._path) != self._known:
            raise ChangedFileError(
                f"{self._path} was changed, cut short or removed while it was in use: restore it,"
                " or start a new run on what it is now"
            )
        return self.source.read(positions)

    @property
    def notes(self) -> tuple[str, ...]:
        return self.source.notes


def unchanged(source: Source, data: str) -> Source:
    """The source, with a check before each reading if it has mapped a file into memory.

    Args:
        source: Samples to train on.
        data: The data as given, such as the path of the file.
    """
    path = Path(data).expanduser()
    if path.suffix.lower() in _MAPPED and path.is_file():
        return _Unchanged(source, path)
    return source


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino

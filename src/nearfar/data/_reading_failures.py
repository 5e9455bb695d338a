"""What a reader of files raises for a damaged one, turned into one line."""

from __future__ import annotations

import lzma
import stat
import struct
import tarfile
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from nearfar.records._seals import explained, shortened

__all__ = ["readable"]

_DAMAGE: Final = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, tarfile.TarError, struct.error),
    *(tokenize.TokenError, SyntaxError, AssertionError, BufferError, StopIteration),
    *(KeyError, IndexError, AttributeError, RecursionError, OverflowError, RuntimeError),
)
_SPECIAL: Final = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@contextmanager
def readable(data: object) -> Iterator[None]:
    """A context in which what readers of files raise for damage becomes a ValueError.

    Args:
        data: The data as given. Errors about objects in memory are left as they are.

    Raises:
        ValueError: The file is damaged, or a pipe or a device.
    """
    path = data if isinstance(data, Path) else Path(data) if isinstance(data, str) else None
    if path is not None:
        _check_regular(path)
    try:
        yield
    except _DAMAGE as error:
        if path is None or not path.exists():
            raise
        if isinstance(error, RuntimeError) and "encrypted" in str(error):
            raise ValueError(f"{path} is encrypted: give the files as they are") from error
        raise ValueError(
            f"{path} cannot be read: it is damaged or of another format ({type(error).__name__}:"
            f" {explained(error)})"
        ) from error


def _check_regular(path: Path) -> None:
    """Check that reading a path ends.

    Raises:
        ValueError: It is no file and no folder.
    """
    try:
        mode = path.expanduser().stat().st_mode
    except (OSError, ValueError, RuntimeError):  # no such file, or no path at all
        return
    for is_kind, name in _SPECIAL:
        if is_kind(mode):
            raise ValueError(
                f"{shortened(str(path))} must be a file or a folder, but is {name}: save its"
                " content to a file first"
            )

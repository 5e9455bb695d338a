"""Atomic writing of files."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from nearfar._platform import lock

__all__ = ["remove_leftovers", "replace_atomically", "write_bytes", "write_text"]

_PART = ".part"


def replace_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` write a temporary file next to `path`, then rename it to `path`.

    A crash, a kill or a full disk at any time leaves the previous file unchanged. What a killed
    process has left of writing the same file is removed. The permissions are those of new files.

    Args:
        path: File to create or replace.
        write: Function that writes the whole content to the path it is called with.

    Raises:
        OSError: The directory is not writable or the disk is full; the message gives `path`.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path.parent, of=path.name)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_PART}")
        # the system applies the user's mask to these permissions
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise type(error)(error.errno, f"cannot write {path}: {error.strerror}") from error
    try:
        with _in_use(temporary):
            write(temporary)
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
        _keep_entry(path.parent)
    except OSError as error:
        raise type(error)(error.errno, f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path, *, of: str | None = None) -> None:
    """Remove temporary files that no process writes any more.

    Args:
        folder: Where they are; nothing happens if it does not exist.
        of: Name of the file that they were to become; any by default.
    """
    if sys.platform == "win32":  # where a lock on a file keeps its own process from writing
        return
    with suppress(OSError):
        for path in [*folder.glob(f".*{_PART}")]:
            if of is None or path.name.startswith(f".{of}."):
                with suppress(OSError), lock(path, wait=False):
                    path.unlink()


@contextmanager
def _in_use(path: Path) -> Iterator[None]:
    """A context in which other processes see that a temporary file is being written."""
    with ExitStack() as held:
        with suppress(OSError):  # a file system without locks
            if sys.platform != "win32":
                held.enter_context(lock(path, wait=False))
        yield


def _keep_entry(folder: Path) -> None:
    """Write the folder's list of files to the disk, so that a renaming outlasts a power cut."""
    with suppress(OSError):  # Windows opens no folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes atomically."""
    replace_atomically(path, lambda temporary: temporary.write_bytes(content))


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 text atomically."""
    write_bytes(path, content.encode("utf-8"))

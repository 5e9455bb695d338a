"""Named arrays in a file, of which only the headers were read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from numpy.typing import NDArray

from nearfar.data._files import printable

__all__ = ["RATES", "UNNAMED", "ArrayEntry", "ArrayFile", "file_faults", "missing_reader"]

UNNAMED = ""
"""Key of the only array of a file that does not name it, such as ``.npy``."""


RATES = ("sample_rate", "sampling_rate", "samplerate", "fs", "sr")
"""Names of numbers that are the sampling rate of the sounds in a file, in lower case."""


@dataclass(frozen=True)
class ArrayEntry:
    """An array in a file.

    Attributes:
        shape: Shape of the array.
        kind: Type of the values, for messages: ``float32``.
        read: Reads the array.
    """

    shape: tuple[int, ...]
    kind: str
    read: Callable[[], NDArray[Any]]


@final
class ArrayFile:
    """The arrays in a file by name, each read on access.

    Args:
        path: Path of the file, for messages.
        entries: The arrays.
        columns_first: Whether samples can be on the last axis, as in MATLAB.
        names: Name of each sample, if it has a file of its own.
        notes: Notes for the user.

    Raises:
        TypeError: On access: an array of Python objects or of records with named fields.
        ValueError: On access: a damaged file.
    """

    def __init__(
        self,
        path: Path,
        entries: Mapping[str, ArrayEntry],
        *,
        columns_first: bool = False,
        names: tuple[str, ...] | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.name = printable(path.name)
        self.names, self.notes = names, notes
        self.columns_first = columns_first
        self._path, self._entries = path, dict(entries)

    def __getitem__(self, key: str) -> NDArray[Any]:
        entry = self._entries[key]
        shown = f"{key} in {self.name}" if key else printable(str(self._path))
        array: NDArray[Any] = file_faults(self._path, entry.read)
        if array.dtype.names:
            raise TypeError(
                f"{shown} has records with the fields {', '.join(array.dtype.names)}: save"
                " each field as an array of plain numbers"
            )
        if array.dtype.hasobject:
            raise TypeError(
                f"{shown} contains Python objects (a pickle), cells or structs: save plain numbers"
            )
        return array

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def keys(self) -> Iterable[str]:
        """Names of the arrays; with it, ``dict(file)`` reads all of them."""
        return self._entries.keys()

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each array, without reading it."""
        return {key: entry.shape for key, entry in self._entries.items()}

    def listed(self) -> str:
        """The arrays with type and shape, for messages."""
        shown = [
            f"{key or 'unnamed'} ({entry.kind} {entry.shape})"
            for key, entry in self._entries.items()
        ]
        return ", ".join(shown) or "nothing"


def file_faults(path: Path, read: Callable[[], Any]) -> Any:
    """Result of reading a file; whatever its library raises becomes one line with the file's name.

    Raises:
        FileNotFoundError: No such file.
        ImportError: An optional library is missing.
        TypeError: The file contains a pickle or Python objects.
        ValueError: The file is damaged, or larger than the memory.
    """
    shown = printable(str(path))
    try:
        return read()
    except (ImportError, PermissionError, IsADirectoryError):
        raise
    except FileNotFoundError as error:
        if not path.exists():
            raise
        message = str(error).splitlines()[0]  # of a part of the file
        raise ValueError(f"{shown} is damaged: {message}") from None
    except MemoryError:
        raise ValueError(
            f"{shown} is larger than the memory, or damaged: save it as .npy"
        ) from None
    except Exception as error:  # each format's library has errors of its own
        message = (str(error) or type(error).__name__).splitlines()[0]
        if message.startswith(shown):
            raise ValueError(message) from None
        if "pickle" in message.lower() or "python objects" in message.lower():
            raise TypeError(
                f"{shown} contains Python objects or a pickle, which is never loaded:"
                " save plain numbers with numpy.save or numpy.savez"
            ) from None
        if "mmap length" in message or isinstance(error, EOFError):
            message = "shorter than its header states"
        raise ValueError(f"{shown} is damaged: {message}") from None


def missing_reader(path: Path, library: str, extra: str) -> ImportError:
    """The error for a missing optional library."""
    return ImportError(f"{printable(path.name)} needs {library}: pip install 'nearfar[{extra}]'")

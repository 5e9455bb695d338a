"""Seals: checksums inside the files of a run, which are read with the file and checked.

A checksum is the CRC-32 of bytes, as eight hexadecimal digits. It finds damage, not forgery.
"""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from typing import BinaryIO, Final

__all__ = [
    "NOT_AS_EXPECTED",
    "UNSEALED",
    "DamagedFileError",
    "check_json",
    "check_tensors",
    "check_text",
    "checksum",
    "checksum_of",
    "explained",
    "is_sealed",
    "seal_json",
    "seal_line",
    "seal_tensors",
    "seal_text",
    "shortened",
]

UNSEALED: Final = "00000000"
"""The checksum in the metadata of a safetensors file before it is sealed."""
_BLOCK = 1 << 20
_MOST_HEADER = 100_000_000  # bytes; the limit of safetensors
_IN_JSON = re.compile(r',?(\n?) "crc32": "([0-9a-f]{8})"\1}\n?\Z')
_IN_TENSORS = re.compile(rb'"crc32":"([0-9a-f]{8})"')
_IN_TEXT = re.compile(r"# crc32 ([0-9a-f]{8})\n")


NOT_AS_EXPECTED: Final = (
    *(ValueError, TypeError, KeyError, AttributeError, IndexError),
    *(RecursionError, OverflowError),
)
"""What goes wrong when a text is not of the form that its reader expects."""
_MOST_SHOWN = 80


class DamagedFileError(ValueError):
    """A file of a run is not what was written."""


def shortened(value: object) -> str:
    """A value for a message, however long it is.

    >>> shortened("ab")
    "'ab'"
    >>> len(shortened("a" * 10_000))
    80
    """
    text = repr(value[: 4 * _MOST_SHOWN] if isinstance(value, (str, bytes, list)) else value)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…"


def explained(error: BaseException) -> str:
    """What is wrong with a text, for a message of one line."""
    if isinstance(error, KeyError):
        return f"it lacks {shortened(error.args[0] if error.args else '')}"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else f"{text[:299]}…"


def checksum(content: bytes) -> str:
    """The checksum of bytes.

    >>> checksum(b"123456789")
    'cbf43926'
    """
    return f"{zlib.crc32(content):08x}"


def checksum_of(path: Path) -> str:
    """The checksum of a whole file."""
    with path.open("rb") as file:
        return f"{_rest(file, 0):08x}"


def seal_json(text: str) -> str:
    """A JSON object with the checksum of all before it as its last entry."""
    body = text.rstrip().removesuffix("}").rstrip()
    return f'{body}{_comma(body)}\n "crc32": "{checksum(body.encode())}"\n}}'


def seal_line(text: str) -> str:
    """As :func:`seal_json`, in one line.

    >>> seal_line('{"loss": 1}')
    '{"loss": 1, "crc32": "6fc7f3df"}'
    """
    body = text.rstrip().removesuffix("}").rstrip()
    return f'{body}{_comma(body)} "crc32": "{checksum(body.encode())}"}}'


def is_sealed(text: str) -> bool:
    """Whether a JSON object has a checksum, be it right or wrong."""
    return _IN_JSON.search(text, max(0, len(text) - 40)) is not None


def check_json(text: str, *, required: bool = False) -> None:
    """Check the checksum in a JSON object, if it has one.

    Raises:
        DamagedFileError: Another content, or no checksum although one is required.
    """
    found = _IN_JSON.search(text, max(0, len(text) - 40))
    if found is None:
        if required:
            raise DamagedFileError("it has no checksum")
    elif checksum(text[: found.start()].encode()) != found.group(2):
        raise DamagedFileError("its content does not fit its checksum")


def seal_text(text: str) -> str:
    """Text after a comment with its checksum."""
    return f"# crc32 {checksum(text.encode())}\n{text}"


def check_text(text: str, *, required: bool = False) -> None:
    """Check the checksum before a text, if it has one.

    Raises:
        DamagedFileError: Another content, or no checksum although one is required.
    """
    found = _IN_TEXT.match(text)
    if found is None:
        if required:
            raise DamagedFileError("it has no checksum")
    elif checksum(text[found.end() :].encode()) != found.group(1):
        raise DamagedFileError("its content does not fit its checksum")


def seal_tensors(path: Path) -> None:
    """Write the checksum of a safetensors file into its metadata, which has room for it."""
    with path.open("r+b") as file:
        place = _place(file)
        assert place is not None, "a file that is sealed has room for a checksum"
        value = _without(file, place)
        file.seek(place)
        file.write(f"{value:08x}".encode())


def check_tensors(path: Path, *, required: bool = False) -> None:
    """Check the checksum in the metadata of a safetensors file, if it has one.

    Raises:
        DamagedFileError: Another content, or no checksum although one is required.
    """
    with path.open("rb") as file:
        place = _place(file)
        if place is None:
            if required:
                raise DamagedFileError("it has no checksum")
            return
        if f"{_without(file, place):08x}".encode() != _read_at(file, place):
            raise DamagedFileError("its content does not fit its checksum")


def _comma(body: str) -> str:
    return "" if body.endswith("{") else ","


def _place(file: BinaryIO) -> int | None:
    """Where the checksum stands in the header of a safetensors file."""
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if length > _MOST_HEADER:
        raise DamagedFileError("it is no safetensors file")
    found = _IN_TENSORS.search(file.read(length))
    return None if found is None else 8 + found.start(1)


def _read_at(file: BinaryIO, place: int) -> bytes:
    file.seek(place)
    return file.read(len(UNSEALED))


def _without(file: BinaryIO, place: int) -> int:
    """The checksum of a file in which the checksum itself is zeros."""
    file.seek(0)
    value = zlib.crc32(UNSEALED.encode(), zlib.crc32(file.read(place)))
    file.seek(place + len(UNSEALED))
    return _rest(file, value)


def _rest(file: BinaryIO, value: int) -> int:
    """The checksum of what was read so far and the rest of a file."""
    while block := file.read(_BLOCK):
        value = zlib.crc32(block, value)
    return value

"""Decode text files: compression, encoding, line ends."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nearfar.data._files import counted, list_names, printable

__all__ = ["DecodedText", "decode_file", "read_lines", "split_lines", "uncompressed"]

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
WESTERN = "cp1252"
LOOKED_AT = 1 << 16  # bytes or characters
_HIGH = re.compile(rb"[\x80-\xff]")
_RUNS = re.compile(rb"[\x80-\xff]{3,}")
_TYPOGRAPHY = "‘’“”„‚«»‹›…–—•·°§©®™€£¥¡¿´×½¼¾²³µªº\xa0"
_IN_WORDS = re.compile(r"[a-z][^\W\d_a-zA-Z’´]*[¡-¿×÷…†‡‰•€‹›™˜][^\W\d_]")


@dataclass(frozen=True)
class DecodedText:
    r"""The text of a file, with ``\n`` at the end of each line.

    Attributes:
        text: The text, without byte order mark.
        notes: Notes on guesses and removed characters.
    """

    text: str
    notes: tuple[str, ...] = ()


def read_lines(path: Path, *, encoding: str | None = None) -> Iterator[str]:
    """The lines of a text file, plain or compressed, without line breaks.

    Raises:
        ValueError: Damaged, or of another encoding; the message gives the line and the byte.
    """
    return iter(split_lines(decode_file(path, encoding=encoding).text))


def split_lines(text: str) -> list[str]:
    r"""The lines of a text; only line feeds end a line.

    >>> split_lines("one\n\ntwo\n"), split_lines("")
    (['one', '', 'two'], [])
    """
    return text.removesuffix("\n").split("\n") if text else []


def decode_file(path: Path, *, encoding: str | None = None) -> DecodedText:
    """Read and decode a text file.

    The encoding is given, or that of a byte order mark, else UTF-8, else Windows-1252 if that
    yields words of a Western European language, with a note.

    Args:
        path: The file, plain or compressed.
        encoding: Name of the encoding, as in Python.

    Raises:
        ValueError: Damaged, of another encoding (UTF-16 without a mark is recognised), or an Excel
            workbook.
    """
    shown = printable(path.name)
    content = uncompressed(path)
    if content.startswith(b"PK\x03\x04") and b"xl/" in content[:4096]:
        raise ValueError(f"{shown} is an Excel workbook: save it as CSV")
    text, notes = _decoded(content, encoding, shown)
    text = text.replace("\r\n", "\n")
    if text.count("\r") > text.count("\n"):
        text = text.replace("\r", "\n")
    if "\0" in text:
        lines = [f"line {n}" for n, line in enumerate(text.split("\n"), 1) if "\0" in line]
        found = counted(text.count("\0"), "NUL character")
        notes += (f"{found} of {shown} removed: {list_names(lines)}",)
        text = text.replace("\0", "")
    return DecodedText(text, notes)


def uncompressed(path: Path) -> bytes:
    """The bytes of a file; of a compressed one, recognised by its first bytes, those inside.

    Raises:
        ValueError: The compressed file is damaged, or an archive of several files.
    """
    content = path.read_bytes()
    shown = printable(path.name)
    for mark, (suffix, inflate) in _COMPRESSIONS.items():
        if content.startswith(mark) and path.suffix.lower() != ".xlsx":
            try:
                return inflate(content)
            except (
                OSError,
                EOFError,
                ValueError,
                zlib.error,
                lzma.LZMAError,
                zipfile.BadZipFile,
            ) as error:
                raise ValueError(f"{shown} is damaged: {error}") from None
            except _SeveralError as error:
                raise ValueError(f"{shown} must contain one file, got {error}") from None
        if path.suffix.lower() == suffix:
            raise ValueError(f"{shown} is damaged: it is no {suffix} file")
    return content


class _SeveralError(Exception):
    """An archive does not contain exactly one file."""


def _unzipped(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        names = [name for name in names if not name.startswith("__MACOSX")]
        if any(name.startswith("xl/") for name in names):
            return content  # an Excel workbook
        if len(names) != 1:
            raise _SeveralError(list_names(names) or "none")
        try:
            return archive.read(names[0])
        except RuntimeError as error:  # encrypted
            raise zipfile.BadZipFile(str(error)) from None


_COMPRESSIONS: Mapping[bytes, tuple[str, Callable[[bytes], bytes]]] = {
    b"\x1f\x8b": (".gz", gzip.decompress),
    b"BZh": (".bz2", bz2.decompress),
    b"\xfd7zXZ\x00": (".xz", lzma.decompress),
    b"PK\x03\x04": (".zip", _unzipped),
}


def _decoded(content: bytes, encoding: str | None, shown: str) -> tuple[str, tuple[str, ...]]:
    if encoding is not None:
        return _given(content, encoding, shown), ()
    for mark, name in MARKS:
        if content.startswith(mark):
            return _given(content, name, shown), ()
    wide = _wide(content)
    if wide is not None:
        raise ValueError(
            f"{shown} is not UTF-8 but looks like {wide.upper()} without a byte order mark: set"
            f" `encoding`='{wide}'"
        )
    try:
        return content.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        western = _western(content)
        if western is not None:
            note = f"{shown} is not UTF-8 and is read as {WESTERN}: set it with `encoding`"
            return western, (note,)
        raise _not_utf8(content, error, shown) from None


def _given(content: bytes, encoding: str, shown: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        text = content.decode("utf-8-sig" if name == "utf-8" else name)
    except LookupError:
        raise ValueError(
            f"`encoding` must be an encoding of Python such as utf-8 or cp1252, got {encoding!r}"
        ) from None
    except UnicodeDecodeError as error:
        if encoding == "utf-8-sig":
            raise _not_utf8(content, error, shown) from None
        raise ValueError(
            f"{shown} is not {encoding}: {error.reason} at byte {error.start:,}"
        ) from None
    return text.removeprefix("\ufeff")


def _not_utf8(content: bytes, error: UnicodeDecodeError, shown: str) -> ValueError:
    before = content[: error.start]
    line = before.count(b"\n") + 1
    position = error.start - (before.rfind(b"\n") + 1)
    return ValueError(
        f"{shown} is not UTF-8: byte 0x{content[error.start]:02x} at position {position} of line"
        f" {line}; save the file as UTF-8, or set `encoding`"
    )


def _wide(content: bytes) -> str | None:
    """UTF-16 without a mark: line feeds and blanks of two bytes, and no unassigned characters."""
    sample = content[:LOOKED_AT]
    if len(content) < 4 or len(content) % 2 or b"\0" not in sample:
        return None
    if sample.count(b"\0") * 5 < len(sample) and _is_utf8(content):
        return None  # a few NUL characters
    for name, feed in (("utf-16-le", b"\n\0"), ("utf-16-be", b"\0\n")):
        places = [m.start() for m in re.finditer(re.escape(feed), sample)]
        if not any(place % 2 == 0 for place in places):
            continue
        text = sample.decode(name, "replace")
        if "\0" not in text and _mostly_printable(text):
            return name
    return None


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _mostly_printable(text: str) -> bool:
    odd = sum(not (c.isprintable() or c in "\n\r\t\x0b\x0c\u3000\xa0\u2028") for c in text)
    return odd * 1000 <= len(text)


def _western(content: bytes) -> str | None:
    """The text as Windows-1252, if accents and quotes occur singly inside or between words."""
    high, runs = len(_HIGH.findall(content)), sum(map(len, _RUNS.findall(content)))
    utf8 = content.decode("utf-8", "replace")
    invalid = utf8.count("\ufffd")
    valid = sum(c > "\x7f" for c in utf8) - invalid
    if runs * 5 > high or valid * 4 > invalid:
        return None
    try:
        text = content.decode(WESTERN)
    except UnicodeDecodeError:
        return None
    marks = [c for c in text if c > "\x7f"]
    odd = sum(not (c.isalpha() or c in _TYPOGRAPHY) for c in marks) + len(_IN_WORDS.findall(text))
    return text if odd * 20 <= len(marks) else None

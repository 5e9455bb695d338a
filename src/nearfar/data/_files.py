"""Find files by extension, and format file names for messages."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "IMAGE_ENDINGS",
    "SOUND_ENDINGS",
    "FolderFiles",
    "counted",
    "file_ending",
    "find_files",
    "list_names",
    "printable",
]

IMAGE_ENDINGS = (
    *(".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".mpo"),
    *(".png", ".apng", ".tif", ".tiff", ".webp", ".avif", ".dib"),
    *(".jp2", ".j2k", ".jpx", ".pbm", ".pgm", ".pnm", ".ppm", ".pfm"),
    *(".qoi", ".tga", ".pcx", ".sgi", ".dcm", ".dicom"),
)
SOUND_ENDINGS = (".aif", ".aiff", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".wav")
PASSED_OVER = ("__MACOSX", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class FolderFiles:
    """Paths relative to a folder, sorted.

    Attributes:
        wanted: Paths with one of the requested extensions, or with no extension.
        others: All other paths, without hidden files.
    """

    wanted: tuple[str, ...]
    others: tuple[str, ...]


def find_files(folder: Path, endings: tuple[str, ...]) -> FolderFiles:
    """Search a folder recursively; each linked folder is followed once."""
    wanted: list[str] = []
    others: list[str] = []
    seen: set[str] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not _passed_over(name)]
        for name in files:
            if _passed_over(name):
                continue
            ending = os.path.splitext(name)[1].lower()  # noqa: PTH122  (names may be odd)
            path = os.path.relpath(os.path.join(place, name), folder)  # noqa: PTH118
            (wanted if ending in endings or not ending else others).append(path)
    return FolderFiles(tuple(sorted(wanted)), tuple(sorted(others)))


def file_ending(path: Path) -> str:
    """File extension in lower case, the one before ``.gz`` for a compressed file.

    >>> file_ending(Path("news.CSV.gz"))
    '.csv'
    """
    inner = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return inner.suffix.lower()


def printable(name: str) -> str:
    """A file name on one line, with control characters escaped."""
    safe = name.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in safe)


def list_names(names: Sequence[str], *, most: int = 5) -> str:
    """The first few names, and the number of further ones."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def counted(number: int, noun: str) -> str:
    """A count with its noun in singular or plural.

    >>> counted(1, "file"), counted(1200, "file")
    ('1 file', '1,200 files')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _passed_over(name: str) -> bool:
    return name.startswith(".") or name in PASSED_OVER

"""Find files by extension, and format file names for messages."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nearfar._signs import counted
from nearfar.data._folder_walk import walk_files

__all__ = [
    "IMAGE_ENDINGS",
    "SOUND_ENDINGS",
    "SOUND_SIGNATURES",
    "UNREAD_SOUNDS",
    "FolderFiles",
    "counted",
    "file_ending",
    "find_files",
    "list_names",
    "printable",
    "shortened",
]

IMAGE_ENDINGS = (
    *(".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".mpo"),
    *(".png", ".apng", ".tif", ".tiff", ".webp", ".avif", ".dib"),
    *(".jp2", ".j2k", ".jpx", ".pbm", ".pgm", ".pnm", ".ppm", ".pfm"),
    *(".qoi", ".tga", ".pcx", ".sgi", ".dcm", ".dicom"),
)
SOUND_ENDINGS = (
    *(".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".mp3"),
    *(".oga", ".ogg", ".opus", ".rf64", ".w64", ".wav", ".wave"),
)
UNREAD_SOUNDS = (".m4a", ".m4b", ".aac", ".wma", ".amr", ".ape", ".wv", ".ac3", ".mka")
IMAGE_SIGNATURES = (
    *(b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM"),
    *(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
)
SOUND_SIGNATURES = (
    *(b"fLaC", b"OggS", b"ID3", b"FORM", b"RF64"),
    *(b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"),
)
COMPRESSED = (".gz", ".bz2", ".xz", ".zip")
COMPRESSIBLE = (".csv", ".tsv", ".jsonl", ".txt")


@dataclass(frozen=True)
class FolderFiles:
    """Paths relative to a folder, sorted.

    Attributes:
        wanted: Paths with one of the requested extensions, or with no extension and the first bytes
            of an image or audio file.
        others: All other paths, without hidden files and by-products of a system (``@eaDir``).
        repeated: Links to a folder or file that has another path in the folder.
        hidden: Hidden folders and files.
        unreadable: Folders that cannot be listed, with the reason.
    """

    wanted: tuple[str, ...]
    others: tuple[str, ...]
    repeated: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()


def find_files(folder: Path, endings: tuple[str, ...]) -> FolderFiles:
    """Search a folder recursively, as :func:`nearfar.data._folder_walk.walk_files` does."""
    walked = walk_files(folder)
    wanted: list[str] = []
    others: list[str] = []
    for path in walked.files:
        ending = os.path.splitext(path)[1].lower()  # noqa: PTH122  (names may be odd)
        is_wanted = ending in endings if ending else _begins_like(folder / path, endings)
        (wanted if is_wanted else others).append(path)
    # of hidden files, those of other kinds concern nobody
    hidden = [path for path in walked.hidden if Path(path).suffix.lower() in ("", *endings)]
    return FolderFiles(
        *(tuple(wanted), tuple(others), tuple(walked.repeated)),
        *(tuple(hidden), tuple(walked.unreadable)),
    )


def file_ending(path: Path) -> str:
    """File extension in lower case, the one before ``.gz`` for a compressed file.

    >>> file_ending(Path("news.CSV.gz")), file_ending(Path("news.csv.zip"))
    ('.csv', '.csv')
    """
    outer = path.suffix.lower()
    inner = path.with_suffix("").suffix.lower()
    if outer == ".gz" or (outer in COMPRESSED and inner in COMPRESSIBLE):
        return inner
    return outer


def printable(name: str) -> str:
    """A file name on one line, with control characters escaped."""
    safe = name.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in safe)


def shortened(value: object, *, most: int = 40) -> str:
    """A value from a file as text on one line, of limited length.

    >>> shortened("a"), shortened("b" * 100, most=5)
    ('a', 'bbbbb…')
    """
    text = "" if value is None else str(value)
    return printable(text[:most]) + ("…" if len(text) > most else "")


def list_names(names: Sequence[str], *, most: int = 5) -> str:
    """The first few names, and the number of further ones."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def _begins_like(file: Path, endings: tuple[str, ...]) -> bool:
    """Whether a file without an extension begins like an image, or like audio."""
    try:
        if not file.is_file():  # reading a pipe would block
            return False
        with file.open("rb") as opened:
            start = opened.read(132)
    except OSError:
        return False
    if start.startswith(b"RIFF"):
        return (start[8:12] == b"WAVE") == (endings == SOUND_ENDINGS)
    if endings == SOUND_ENDINGS:
        return start.startswith(SOUND_SIGNATURES)
    return (
        start.startswith(IMAGE_SIGNATURES)
        or start[4:12] in (b"ftypavif", b"jP  \r\n\x87\n")
        or start[128:] == b"DICM"
    )

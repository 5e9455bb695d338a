"""The files below a folder, in an order that does not depend on the file system."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["FoundFiles", "is_system_entry", "iterate_files", "walk_files"]

SYSTEM_FOLDERS = frozenset(
    name.casefold()
    for name in (
        *("@eaDir", "#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot"),  # NAS
        *("$RECYCLE.BIN", "RECYCLER", "System Volume Information"),  # Windows
        *("__MACOSX", "Network Trash Folder", "Temporary Items"),  # macOS
        *("lost+found", "__pycache__"),
    )
)
SYSTEM_FILES = frozenset(("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini"))
KNOWN_HIDDEN = (
    *(".cache", ".ds_store", ".fseventsd", ".git", ".gitattributes", ".gitignore"),
    *(".ipynb_checkpoints", ".spotlight-v100", ".temporaryitems", ".thumbnails"),
    *("._", ".appledouble", ".directory", ".picasa", ".trash", ".dvc", ".huggingface"),
)


@dataclass
class FoundFiles:
    """Paths relative to a folder.

    Attributes:
        files: Paths of the files, sorted.
        repeated: Linked folders and files whose content is read under another path, sorted.
        hidden: Hidden folders and files that are no known by-product of a system, sorted.
        unreadable: Folders that cannot be listed, with the reason.
    """

    files: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)


def is_system_entry(name: str) -> bool:
    """Whether a file or folder is a by-product of a system: thumbnails, deleted files, caches.

    >>> is_system_entry("@eaDir"), is_system_entry("cat"), is_system_entry(".DS_Store")
    (True, False, True)
    """
    folded = name.casefold()
    return folded in SYSTEM_FOLDERS or folded in SYSTEM_FILES or folded.startswith(KNOWN_HIDDEN)


def walk_files(folder: Path) -> FoundFiles:
    """All files in a folder and its subfolders, except hidden ones and by-products of a system.

    Each folder and file is listed once. Real folders come first; then each linked folder is
    followed, in the order of its path, unless its target was listed. A linked file is listed unless
    its target was. Names and contents therefore do not depend on the order in which the file system
    lists a folder.

    Raises:
        OSError: The folder itself cannot be listed.
    """
    found = FoundFiles()
    paths: list[str] = []
    linked: list[str] = []
    for path, is_link in iterate_files(folder, found):
        (linked if is_link else paths).append(path)
    if linked:
        real = {os.path.realpath(folder / path) for path in paths}
        for path in linked:
            target = os.path.realpath(folder / path)
            (found.repeated if target in real else paths).append(path)
    found.files = sorted(paths)
    found.repeated.sort()
    found.hidden.sort()
    found.unreadable.sort()
    return found


def iterate_files(folder: Path, found: FoundFiles | None = None) -> Iterator[tuple[str, bool]]:
    """Path of each file relative to a folder and whether it is a link, without listing all first.

    Args:
        folder: The folder.
        found: Receives the linked folders that are not followed, and the hidden entries.
    """
    found = FoundFiles() if found is None else found
    root, seen = str(folder), set[str]()
    with os.scandir(root):  # an unreadable root is an error, an unreadable subfolder is not
        pass
    waiting = [""]
    while waiting:
        start = waiting.pop(0)
        if start and os.path.realpath(os.path.join(root, start)) in seen:  # noqa: PTH118
            found.repeated.append(start)
            continue
        links: list[str] = []
        yield from _real_files(root, start, seen, links, found)
        waiting = sorted(waiting + links)


def _real_files(
    root: str, start: str, seen: set[str], links: list[str], found: FoundFiles
) -> Iterator[tuple[str, bool]]:
    """Files below a folder without its linked folders, which are added to `links`."""
    stack = [start]
    while stack:
        inside = stack.pop()
        place = os.path.join(root, inside)  # noqa: PTH118  (names may be odd)
        real = os.path.realpath(place)
        if real in seen:  # below a linked folder that contains one that was listed
            continue
        seen.add(real)
        folders = []
        try:
            with os.scandir(place) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            found.unreadable.append((inside, error.strerror or type(error).__name__))
            continue
        for entry in entries:
            path = os.path.join(inside, entry.name)  # noqa: PTH118
            if is_system_entry(entry.name):
                continue
            if entry.name.startswith("."):
                found.hidden.append(path)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(path)
            elif entry.is_symlink() and os.path.isdir(entry):  # noqa: PTH112  (no error for a loop)
                links.append(path)
            else:
                yield path, entry.is_symlink()
        stack += reversed(folders)

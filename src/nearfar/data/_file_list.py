"""The files of one kind in a folder, and the unusable ones among them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from itertools import compress
from pathlib import Path
from typing import final

from nearfar.data._content_hash import hash_contents
from nearfar.data._files import (
    IMAGE_ENDINGS,
    SOUND_ENDINGS,
    UNREAD_SOUNDS,
    FolderFiles,
    counted,
    find_files,
    list_names,
    printable,
)
from nearfar.data._omissions import Omission

__all__ = ["CONVERT", "FileList", "check_kept", "content_digest", "former_digest", "list_bad"]


UNREAD = "unread audio file"
CONVERT = "convert them to .flac or .wav, with ffmpeg for instance"


@final
class FileList:
    """Paths of the usable files in a folder, and of the unusable ones with the reasons.

    Args:
        folder: Folder, searched recursively, or a single file.
        endings: Extensions of the wanted files.
        noun: Content of the files, for messages: ``images``.
        fewest: Smallest number of usable files.

    Raises:
        FileNotFoundError: The folder does not exist.
        ValueError: The folder has no file with one of the extensions.
    """

    def __init__(
        self, folder: Path, endings: tuple[str, ...], *, noun: str, fewest: int = 1
    ) -> None:
        self._noun, self._where, self._fewest = noun, printable(str(folder)), fewest
        if folder.is_file():  # a single sample
            self.folder, found = folder.parent, FolderFiles((folder.name,), ())
        elif folder.is_dir():
            self.folder, found = folder, find_files(folder, endings)
        else:
            raise FileNotFoundError(f"no folder {printable(str(folder))}")
        if not found.wanted:
            listed = list_names([printable(path) for path in found.others])
            others = f"contains {counted(len(found.others), 'other file')}: {listed}"
            raise ValueError(
                f"no {noun} in {printable(str(folder))}, which {others if listed else 'is empty'};"
                f" {noun} end in {' '.join(endings)}{_advice(found.others)}"
            )
        self.names = list(found.wanted)
        self._found = found
        self._bad: list[tuple[str, str]] = []

    def drop(self, results: Sequence[object]) -> list[bool]:
        """Remove each file whose result is a string: the reason why it cannot be used.

        Args:
            results: One result per file still listed.

        Returns:
            For each file, whether it stays.

        Raises:
            ValueError: More than half of all files are unusable, or none is left.
        """
        good = [not isinstance(result, str) for result in results]
        pairs = zip(self.names, results, strict=True)
        self._bad = sorted(self._bad + [(path, why) for path, why in pairs if isinstance(why, str)])
        check_kept(
            self._bad,
            kept=sum(good),
            where=self._where,
            noun="files",
            samples=self._noun,
            fewest=self._fewest,
        )
        self.names = list(compress(self.names, good))
        return good

    def identify(self, row: int) -> str:
        """Path of a file, with undecodable bytes escaped so that any terminal can print it."""
        return Path(self.names[row]).as_posix().encode("utf-8", "backslashreplace").decode()

    def notes(self) -> list[str]:
        """Notes on what else is in the folder: other files, repeated and hidden ones."""
        found, notes = self._found, []
        media = {"image": IMAGE_ENDINGS, "audio file": SOUND_ENDINGS, UNREAD: UNREAD_SOUNDS}
        listed: dict[str, list[str]] = {}
        for path in found.others:
            kinds = (kind for kind, endings in media.items() if path.lower().endswith(endings))
            listed.setdefault(next(kinds, "other file"), []).append(path)
        for kind, paths in listed.items():
            named = {"image": "images", "audio file": "sequences"}.get(kind)
            how = f"; open them with `modality`={named!r}" if named else ""
            how = f"; {CONVERT}" if kind == UNREAD else how
            notes.append(f"{counted(len(paths), kind)} ignored: {_listed(paths)}{how}")
        if found.repeated:
            links = counted(len(found.repeated), "link")
            notes.append(f"{links} to what has another path ignored: {_listed(found.repeated)}")
        if found.hidden:
            files = counted(len(found.hidden), "hidden name")
            notes.append(f"{files} ignored: {_listed(found.hidden)}")
        if found.unreadable:
            count = counted(len(found.unreadable), "folder")
            unread = f"{count} that cannot be read left out: {list_bad(found.unreadable)}"
            notes.append(Omission(unread))
        return notes

    def skipped(self) -> list[str]:
        """Notes on unusable files, with the reasons."""
        if not self._bad:
            return []
        total = len(self.names) + len(self._bad)
        return [Omission(f"{len(self._bad):,} of {total:,} files skipped: {list_bad(self._bad)}")]

    def fingerprint(self, options: str) -> str:
        """Hash of paths, contents and the reading options, as 16 hexadecimal digits.

        Contents are sampled as :func:`nearfar.data._content_hash.hash_contents` describes.
        """
        digest = hashlib.blake2b(options.encode(), digest_size=8)
        digest.update(b"\0".join(os.fsencode(path) for path in self.names))
        digest.update(hash_contents([self.folder / path for path in self.names]))
        return digest.hexdigest()

    def size_fingerprint(self, options: str) -> str:
        """The fingerprint of earlier versions: hash of paths, sizes and the reading options."""
        digest = hashlib.blake2b(options.encode(), digest_size=8)
        for path in self.names:
            size = (self.folder / path).stat().st_size
            digest.update(os.fsencode(path) + f"\0{size}\0".encode())
        return digest.hexdigest()


def _advice(others: Sequence[str]) -> str:
    """What to do with files of another kind."""
    lowered = [path.lower() for path in others]
    if any(path.endswith(UNREAD_SOUNDS) for path in lowered):
        return f"; of audio in other formats, {CONVERT}"
    if any(path.endswith((".npy", ".npz")) for path in lowered):
        return (
            "; of arrays, one per sample, make a single file, numpy.save('all.npy',"
            " numpy.stack(arrays)), or pass the arrays as a list in Python"
        )
    return ""


def _listed(paths: Sequence[str]) -> str:
    return list_names([printable(path) for path in paths])


def check_kept(
    bad: Sequence[tuple[str, str]],
    *,
    kept: int,
    where: str,
    noun: str,
    samples: str,
    fewest: int = 1,
) -> None:
    """Check that at least half of the files or rows are usable, and at least `fewest`.

    Args:
        bad: Names of the skipped ones, each with the reason.
        kept: Number of the usable ones.
        where: Name of the folder or file, for the message.
        noun: What is counted: ``files``, ``rows``.
        samples: Content of the files or rows: ``images``.
        fewest: Smallest number of usable ones.

    Raises:
        ValueError: More than half were skipped, or fewer than `fewest` are left.
    """
    if len(bad) > kept:
        raise ValueError(
            f"more than half of the {noun} in {where} cannot be used, {len(bad):,} of"
            f" {kept + len(bad):,}: {list_bad(bad)}"
        )
    if kept < fewest:
        skipped = f" ({len(bad)} skipped: {list_bad(bad)})" if bad else ""
        several = f"{fewest} {samples} are" if fewest > 1 else f"1 of the {samples} is"
        raise ValueError(f"at least {several} needed, got {kept} in {where}{skipped}")


def list_bad(bad: Sequence[tuple[str, str]]) -> str:
    """The first few skipped names, each with the reason."""
    return list_names([f"{printable(name)} ({printable(why)})" for name, why in bad])


def content_digest(files: Sequence[Path | bytes], options: str) -> str:
    """Hash of files, by name and content, and reading options, as 16 hexadecimal digits."""
    digest = hashlib.blake2b(options.encode(), digest_size=8)
    for file in files:
        if isinstance(file, Path):
            digest.update(f"{file.name}\0".encode(errors="replace"))
    digest.update(hash_contents(files))
    return digest.hexdigest()


def former_digest(files: Sequence[Path | bytes], options: str) -> str:
    """The hash of earlier versions: files by name and size, or by content if given as bytes."""
    digest = hashlib.blake2b(options.encode(), digest_size=8)
    for file in files:
        if isinstance(file, Path):
            digest.update(f"{file.name}\0{file.stat().st_size}\0".encode(errors="replace"))
        else:
            digest.update(hashlib.blake2b(file, digest_size=8).digest())
    return digest.hexdigest()

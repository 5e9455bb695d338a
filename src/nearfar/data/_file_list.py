"""The files of one kind in a folder, and which of them cannot be used."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from itertools import compress
from pathlib import Path
from typing import final

from nearfar.data._files import counted, find_files, list_names, printable

__all__ = ["FileList", "check_kept", "content_digest", "list_bad"]


@final
class FileList:
    """Paths inside a folder, those that turned out unfit for use apart with the reasons.

    Args:
        folder: Looked through in any nesting.
        endings: Of the files wanted.
        noun: What they hold, for messages: ``images``.

    Raises:
        FileNotFoundError: No such folder.
        ValueError: It holds no such file.
    """

    def __init__(self, folder: Path, endings: tuple[str, ...], *, noun: str) -> None:
        if not folder.is_dir():
            raise FileNotFoundError(f"no folder {printable(str(folder))}")
        self.folder = folder
        self._noun = noun
        found = find_files(folder, endings)
        if not found.wanted:
            listed = list_names([printable(path) for path in found.others])
            held = f"{counted(len(found.others), 'other file')}: {listed}" if listed else "nothing"
            raise ValueError(
                f"no {noun} in {printable(str(folder))}, it holds {held};"
                f" {noun} end in {' '.join(endings)}"
            )
        self.names = list(found.wanted)
        self._others = found.others
        self._bad: list[tuple[str, str]] = []

    def drop(self, results: Sequence[object]) -> list[bool]:
        """Forget each file whose result is text, the reason why it cannot be used.

        Args:
            results: One for each file that is still listed.

        Returns:
            Which stay.

        Raises:
            ValueError: More than half of all files are unfit, or fewer than 2 are left.
        """
        good = [not isinstance(result, str) for result in results]
        pairs = zip(self.names, results, strict=True)
        self._bad = sorted(self._bad + [(path, why) for path, why in pairs if isinstance(why, str)])
        where = printable(str(self.folder))
        check_kept(self._bad, kept=sum(good), where=where, noun="files", samples=self._noun)
        self.names = list(compress(self.names, good))
        return good

    def identify(self, row: int) -> str:
        """A path that any terminal can show."""
        return Path(self.names[row]).as_posix().encode("utf-8", "backslashreplace").decode()

    def notes(self) -> list[str]:
        """What was left out and what was skipped."""
        notes = []
        if self._others:
            listed = list_names([printable(path) for path in self._others])
            notes.append(f"{counted(len(self._others), 'other file')} left out: {listed}")
        return notes

    def skipped(self) -> list[str]:
        """What could not be used, with the reasons."""
        if not self._bad:
            return []
        total = len(self.names) + len(self._bad)
        return [f"{len(self._bad):,} of {total:,} files skipped: {list_bad(self._bad)}"]

    def fingerprint(self, told: str) -> str:
        """Sixteen hexadecimal digits of paths and sizes, and of how the files are read."""
        digest = hashlib.blake2b(told.encode(), digest_size=8)
        for path in self.names:
            size = (self.folder / path).stat().st_size
            digest.update(os.fsencode(path) + f"\0{size}\0".encode())
        return digest.hexdigest()


def check_kept(
    bad: Sequence[tuple[str, str]], *, kept: int, where: str, noun: str, samples: str
) -> None:
    """At least half are fit for use, and at least 2.

    Args:
        bad: What was skipped, and why.
        kept: How many were not.
        where: Where they lie.
        noun: What is skipped: ``files``, ``rows``.
        samples: What they hold: ``images``.

    Raises:
        ValueError: More than half were skipped, or fewer than 2 are left.
    """
    if len(bad) > kept:
        raise ValueError(
            f"more than half of the {noun} in {where} cannot be used, {len(bad):,} of"
            f" {kept + len(bad):,}: {list_bad(bad)}"
        )
    if kept < 2:
        skipped = f" ({len(bad)} skipped: {list_bad(bad)})" if bad else ""
        raise ValueError(f"at least 2 {samples} are needed, got {kept} in {where}{skipped}")


def list_bad(bad: Sequence[tuple[str, str]]) -> str:
    """The first few of what was skipped, with the reasons."""
    return list_names([f"{printable(name)} ({printable(why)})" for name, why in bad])


def content_digest(files: Sequence[Path | bytes], told: str) -> str:
    """Sixteen hexadecimal digits of files by path or by content, and of how they are read."""
    digest = hashlib.blake2b(told.encode(), digest_size=8)
    for file in files:
        if isinstance(file, Path):
            digest.update(f"{file.name}\0{file.stat().st_size}\0".encode(errors="replace"))
        else:
            digest.update(hashlib.blake2b(file, digest_size=8).digest())
    return digest.hexdigest()

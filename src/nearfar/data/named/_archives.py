"""Official archives, found on disk or downloaded, with their checksums verified."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nearfar.data._thread_pool import progress
from nearfar.records import replace_atomically

__all__ = ["Archive", "Places", "obtain"]

CHUNK = 1 << 20
PATIENCE = 30.0  # timeout of a connection, in seconds


@dataclass(frozen=True)
class Archive:
    """A file as published by the dataset's authors."""

    file: str
    urls: tuple[str, ...]
    md5: str


@dataclass(frozen=True)
class Places:
    """Folders that are searched for datasets.

    Attributes:
        data: The user's folder of datasets, ``$NEARFAR_DATA``; None if unset.
        cache: Folder for downloads: ``$NEARFAR_CACHE``, by default ``~/.cache/nearfar``.
    """

    data: Path | None
    cache: Path

    @classmethod
    def here(cls, data_dir: Path | None = None) -> Places:
        """Determine the folders from the argument and the environment variables."""
        data = data_dir or (Path(d) if (d := os.environ.get("NEARFAR_DATA")) else None)
        cache = os.environ.get("NEARFAR_CACHE")
        return cls(data, Path(cache) if cache else Path.home() / ".cache" / "nearfar")

    def find(self, *names: str) -> Path | None:
        """The first existing one of these files or folders in the user's folder."""
        if self.data is None:
            return None
        return next((path for name in names if (path := self.data / name).exists()), None)


class _Unreachable(Exception):  # noqa: N818  (distinguishes network errors from disk errors)
    pass


def obtain(archive: Archive, *, name: str, places: Places) -> Path:
    """Path of an archive, which is downloaded into the cache if it is not on disk.

    Args:
        archive: The archive.
        name: Name of its dataset, for messages and as the folder name in the cache.
        places: Folders to search and to download into.

    Raises:
        ValueError: A file has the wrong checksum; a downloaded file is then deleted.
        ConnectionError: No server could be reached; the message says where to put the file
            manually.
    """
    target = places.cache / name / archive.file
    given = places.find(archive.file, f"{name}/{archive.file}")
    for path in (given, target):
        if path is not None and path.is_file():
            _check(_md5(path), archive, where=str(path))
            return path
    reasons = []
    for url in archive.urls:
        try:
            replace_atomically(target, partial(_download, url, archive))
        except _Unreachable as unreachable:
            reasons.append(f"{url} ({unreachable})")
        else:
            return target
    folder = places.data or "the folder given by $NEARFAR_DATA"
    raise ConnectionError(
        f"cannot download {name}: {'; '.join(reasons)}."
        f" Without a network, place {archive.file} in {target.parent} or in {folder}"
    )


def _download(url: str, archive: Archive, part: Path) -> None:
    digest = hashlib.md5(usedforsecurity=False)
    with part.open("wb") as file:
        for chunk in _stream(url, archive.file):
            digest.update(chunk)
            file.write(chunk)
    _check(digest.hexdigest(), archive, where=url)


def _stream(url: str, label: str) -> Iterator[bytes]:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            length = answer.headers.get("Content-Length")
            total = int(length) if length else None
            got = 0
            with progress(label, total=total, size=True) as advance:
                while chunk := answer.read(CHUNK):
                    yield chunk
                    got += len(chunk)
                    advance(len(chunk))
            if total is not None and got < total:
                raise _Unreachable(f"connection lost after {got:,} of {total:,} bytes")
    except (OSError, http.client.HTTPException) as error:
        raise _Unreachable(str(getattr(error, "reason", None) or error)) from error


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def _check(digest: str, archive: Archive, *, where: str) -> None:
    if digest != archive.md5:
        raise ValueError(
            f"{archive.file} from {where} has the wrong checksum: MD5 {digest},"
            f" expected {archive.md5}"
        )

"""A folder of image files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import compress
from pathlib import Path
from typing import final

from torch import Tensor

from nearfar.checks import check_integer
from nearfar.data._file_list import FileList, list_bad
from nearfar.data._files import IMAGE_ENDINGS, counted
from nearfar.data._folder_parts import Folder
from nearfar.data._thread_pool import in_threads
from nearfar.data.images._image_decoding import Header, patient_pillow, target_size
from nearfar.data.images._image_files import SHORT_SIDE, ImageFileSource, header_or_reason

__all__ = ["FolderSource"]

MEMORY = 2 << 30


@final
class FolderSource(ImageFileSource, Folder):
    """All images in a folder and its subfolders, sorted by path.

    JPEG, PNG, WebP, TIFF, BMP and GIF, grey or colour, of any size. EXIF orientation is applied,
    transparent pixels are composited over white, and large images are downscaled while decoding. If
    all images fit in `memory` they are decoded once, at opening; otherwise in threads on every
    read.

    Unreadable files are skipped and counted in :attr:`notes`. At opening every header is read, and
    every file without its format's end marker is decoded. Damage inside a file of a set larger than
    `memory` is only found on reading; the image is then replaced by a black one and noted, so that
    sample indices, and thereby runs, do not change.

    Args:
        folder: Folder, searched recursively, or a single file.
        name: Short name; that of the folder by default.
        channels: Number of channels: 1 (grey), 3 (RGB) or 4 (RGBA); by default 1 if all files are
            grey, otherwise 3.
        short_side: Largest short side in pixels, with the long side at most twice that; larger
            images are downscaled.
        memory: Memory limit for decoded images, in bytes.

    Raises:
        FileNotFoundError: The folder does not exist.
        ValueError: No readable image, or more than half of the files unreadable.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str | None = None,
        channels: int | None = None,
        short_side: int = SHORT_SIDE,
        memory: int = MEMORY,
    ) -> None:
        if channels not in (None, 1, 3, 4):
            raise ValueError(f"`channels` must be 1, 3 or 4 for image files, got {channels}")
        check_integer(short_side=short_side, at_least=8)
        super().__init__(short_side=short_side)
        self._files = FileList(folder, IMAGE_ENDINGS, noun="images")
        self.folder = self._files.folder
        self.name = name or (folder.stem if folder.is_file() else folder.resolve().name)
        with patient_pillow():
            found = in_threads(self._header, self._files.names, label="reading headers")
            self._headers = [header for header in found if isinstance(header, Header)]
            self._drop_bad(found)
            self.channels = channels or (1 if self.all_gray() else 3)
            sizes = [target_size(header, short_side=short_side) for header in self._headers]
            everyone = range(len(self))
            if self.channels * sum(height * width for height, width in sizes) <= memory:
                images = in_threads(self.decode, everyone, label="decoding images")
                self._drop_bad(images)
                self._decoded = [image for image in images if isinstance(image, Tensor)]
            else:
                self._drop_bad(in_threads(self._check_end, everyone, label="checking files"))
        self.image_size = self.typical_size()

    def file(self, position: int) -> Path:
        return self.folder / self._files.names[position]

    def identify(self, sample: int) -> str:
        return self._files.identify(sample)

    @property
    def notes(self) -> tuple[str, ...]:
        notes = [*self._files.notes(), *self._files.skipped()]
        if self.damaged:
            damaged = [(self._files.names[i], why) for i, why in sorted(self.damaged.items())]
            notes.append(
                f"{counted(len(damaged), 'damaged file')} shown as black: {list_bad(damaged)}"
            )
        return tuple(notes)

    @cached_property
    def fingerprint(self) -> str:
        return self._files.fingerprint(f"{self.channels} {self._short_side}")

    @property
    def former_fingerprints(self) -> tuple[str, ...]:
        return (self._files.size_fingerprint(f"{self.channels} {self._short_side}"),)

    def paths(self) -> tuple[Path, ...]:
        return tuple(map(Path, self._files.names))

    def _drop_bad(self, results: Sequence[object]) -> None:
        good = self._files.drop(results)
        if len(self._headers) > len(self._files.names):
            self._headers = list(compress(self._headers, good))

    def _header(self, path: str) -> Header | str:
        return header_or_reason(self.folder / path)

    def _check_end(self, position: int) -> str | None:
        if self._headers[position].whole:
            return None
        image = self.decode(position)
        return image if isinstance(image, str) else None

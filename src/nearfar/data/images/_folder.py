"""A folder of image files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import compress
from pathlib import Path
from statistics import median_low
from typing import final

import torch
from torch import Tensor

from nearfar.checks import check_integer
from nearfar.data._file_list import FileList, list_bad
from nearfar.data._files import IMAGE_ENDINGS, counted
from nearfar.data._folder_parts import Folder
from nearfar.data._progress import in_threads
from nearfar.data._source import (
    Batch,
    ImageSource,
    check_positions,
    default_image_size,
    describe_images,
)
from nearfar.data.images._decoding import (
    BadImage,
    Header,
    decode,
    patient_pillow,
    read_header,
    target_size,
)
from nearfar.inputs import Images

__all__ = ["FolderSource"]

MEMORY = 2 << 30


@final
class FolderSource(ImageSource, Folder):
    """Every image in a folder and the folders below it, in the order of their paths.

    JPEG, PNG, WebP, TIFF, BMP and GIF, grey or colour, of any size. Images are turned upright
    (EXIF), what is transparent is shown over white, and large ones are reduced as they are decoded.
    If all fit in `memory` they are decoded once, here; else in threads each time they are read.

    A file that cannot be read is left out and counted in :attr:`notes`. Every header is looked at
    here, and every file that does not end as its format ends is decoded. A file with damage in its
    middle, found only when a large set is read, is given as a black image and noted: samples keep
    their numbers, so a run stays the same run.

    Args:
        folder: The folder.
        name: Short name; the folder's own if left out.
        channels: 1 (grey), 3 (RGB) or 4 (RGBA); if left out, 1 where all files are grey, else 3.
        short_side: Larger images are reduced to this short side (the long side to twice that).
        memory: Bytes that decoded images may take.

    Raises:
        FileNotFoundError: No such folder.
        ValueError: Fewer than two images, or more than half of the files unreadable.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str | None = None,
        channels: int | None = None,
        short_side: int = 256,
        memory: int = MEMORY,
    ) -> None:
        if channels not in (None, 1, 3, 4):
            raise ValueError(f"`channels` must be 1, 3 or 4 for image files, got {channels}")
        check_integer(short_side=short_side, at_least=8)
        self.folder = folder
        self._files = FileList(folder, IMAGE_ENDINGS, noun="images")
        self.name = name or folder.resolve().name
        self._short_side = short_side
        self._damaged: dict[int, str] = {}
        self._decoded: list[Tensor] | None = None
        with patient_pillow():
            found = in_threads(self._read_header, self._files.names, label="looking at files")
            self._headers = [header for header in found if isinstance(header, Header)]
            self._drop_bad(found)
            grey = all(header.grey for header in self._headers)
            self.channels = channels or (1 if grey else 3)
            sizes = [target_size(header, short_side=short_side) for header in self._headers]
            everyone = range(len(self))
            if self.channels * sum(height * width for height, width in sizes) <= memory:
                images = in_threads(self._decode, everyone, label="decoding images")
                self._decoded = [image for image in images if isinstance(image, Tensor)]
                self._drop_bad(images)
            else:
                self._drop_bad(in_threads(self._check_end, everyone, label="checking files"))
        sides = (min(header.width, header.height) for header in self._headers)
        self.image_size = default_image_size(median_low(sides))

    def __len__(self) -> int:
        return len(self._files.names)

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        if self._decoded is not None:
            return Batch(Images.of([self._decoded[i] for i in index.tolist()]), index)
        images = []
        for position, image in zip(
            index.tolist(), in_threads(self._decode, index.tolist()), strict=True
        ):
            if isinstance(image, str):
                self._damaged[position] = image
                images.append(self._black(position))
            else:
                images.append(image)
        return Batch(Images.of(images), index)

    def identify(self, sample: int) -> str:
        return self._files.identify(sample)

    def describe(self) -> str:
        extents = [header.shown for header in self._headers]
        return describe_images(len(self), channels=self.channels, extents=extents)

    @property
    def notes(self) -> tuple[str, ...]:
        notes = [*self._files.notes(), *self._files.skipped()]
        if self._damaged:
            damaged = [(self._files.names[i], why) for i, why in sorted(self._damaged.items())]
            notes.append(
                f"{counted(len(damaged), 'damaged file')} shown as black: {list_bad(damaged)}"
            )
        return tuple(notes)

    @cached_property
    def fingerprint(self) -> str:
        return self._files.fingerprint(f"{self.channels} {self._short_side}")

    def paths(self) -> tuple[Path, ...]:
        return tuple(map(Path, self._files.names))

    def _drop_bad(self, results: Sequence[object]) -> None:
        good = self._files.drop(results)
        if len(self._headers) > len(self):
            self._headers = list(compress(self._headers, good))

    def _read_header(self, path: str) -> Header | str:
        try:
            return read_header(self.folder / path)
        except BadImage as bad:
            return str(bad)
        except OSError as error:
            return error.strerror or str(error)

    def _decode(self, position: int) -> Tensor | str:
        path, header = self.folder / self._files.names[position], self._headers[position]
        try:
            return decode(path, header, channels=self.channels, short_side=self._short_side)
        except BadImage as bad:
            return str(bad)

    def _check_end(self, position: int) -> str | None:
        if self._headers[position].whole:
            return None
        image = self._decode(position)
        return image if isinstance(image, str) else None

    def _black(self, position: int) -> Tensor:
        header = self._headers[position]
        height, width = target_size(header, short_side=self._short_side)
        if header.shown != (header.height, header.width):
            height, width = width, height
        return torch.zeros(self.channels, height, width, dtype=torch.uint8)

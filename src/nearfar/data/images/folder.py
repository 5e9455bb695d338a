"""A folder of image files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import cached_property
from itertools import compress
from pathlib import Path
from statistics import median_low
from typing import final

import torch
from torch import Tensor

from nearfar.checks import check_integer
from nearfar.data.files import IMAGE_ENDINGS, counted, find_files, list_names, printable
from nearfar.data.images.decoding import (
    BadImage,
    Header,
    decode,
    patient_pillow,
    read_header,
    target_size,
)
from nearfar.data.progress import in_threads
from nearfar.data.source import (
    Batch,
    ImageSource,
    check_positions,
    colour_word,
    default_image_size,
)
from nearfar.inputs import Images

__all__ = ["FolderSource"]

MEMORY = 2 << 30


@final
class FolderSource(ImageSource):
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
        if not folder.is_dir():
            raise FileNotFoundError(f"no folder {printable(str(folder))}")
        self.folder = folder
        self.name = name or folder.resolve().name
        self._short_side = short_side
        self._bad: list[tuple[str, str]] = []
        self._damaged: dict[int, str] = {}
        self._decoded: list[Tensor] | None = None
        self._paths, self._others = self._find()
        with patient_pillow():
            found = in_threads(self._read_header, self._paths, label="looking at files")
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
        return len(self._paths)

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
        path = Path(self._paths[sample]).as_posix()
        return path.encode("utf-8", "backslashreplace").decode()

    def describe(self) -> str:
        shown = sorted({header.shown for header in self._headers}, key=_pixels)
        (height, width), (most_height, most_width) = shown[0], shown[-1]
        sizes = f"{width}×{height}"
        if len(shown) > 1:
            sizes += f" to {most_width}×{most_height}"
        return f"{len(self):,} {colour_word(self.channels)} images {sizes}"

    @property
    def notes(self) -> tuple[str, ...]:
        notes = []
        if self._others:
            listed = list_names([printable(path) for path in self._others])
            notes.append(f"{counted(len(self._others), 'other file')} left out: {listed}")
        if self._bad:
            total = len(self) + len(self._bad)
            notes.append(f"{len(self._bad):,} of {total:,} files skipped: {_list_bad(self._bad)}")
        if self._damaged:
            damaged = [(self._paths[i], why) for i, why in sorted(self._damaged.items())]
            notes.append(
                f"{counted(len(damaged), 'damaged file')} shown as black: {_list_bad(damaged)}"
            )
        return tuple(notes)

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=8)
        digest.update(f"{self.channels} {self._short_side}".encode())
        for path in self._paths:
            size = (self.folder / path).stat().st_size
            digest.update(os.fsencode(path) + f"\0{size}\0".encode())
        return digest.hexdigest()

    def paths(self) -> tuple[Path, ...]:
        """Each image's path inside the folder."""
        return tuple(map(Path, self._paths))

    def _find(self) -> tuple[list[str], tuple[str, ...]]:
        found = find_files(self.folder, IMAGE_ENDINGS)
        if found.wanted:
            return list(found.wanted), found.others
        listed = list_names([printable(path) for path in found.others])
        held = f"{counted(len(found.others), 'other file')}: {listed}" if listed else "nothing"
        raise ValueError(
            f"no images in {printable(str(self.folder))}, it holds {held};"
            f" images end in {' '.join(IMAGE_ENDINGS)}"
        )

    def _drop_bad(self, results: Sequence[object]) -> None:
        """Forget each file whose result is text, the reason why it cannot be used."""
        good = [not isinstance(result, str) for result in results]
        pairs = zip(self._paths, results, strict=True)
        self._bad = sorted(self._bad + [(path, why) for path, why in pairs if isinstance(why, str)])
        where, kept, bad = printable(str(self.folder)), sum(good), len(self._bad)
        if bad > kept:
            raise ValueError(
                f"more than half of the files in {where} are unreadable,"
                f" {bad:,} of {kept + bad:,}: {_list_bad(self._bad)}"
            )
        if kept < 2:
            skipped = f" ({bad} skipped: {_list_bad(self._bad)})" if bad else ""
            raise ValueError(f"at least 2 images are needed, got {kept} in {where}{skipped}")
        self._paths = list(compress(self._paths, good))
        if len(self._headers) > kept:
            self._headers = list(compress(self._headers, good))

    def _read_header(self, path: str) -> Header | str:
        try:
            return read_header(self.folder / path)
        except BadImage as bad:
            return str(bad)
        except OSError as error:
            return error.strerror or str(error)

    def _decode(self, position: int) -> Tensor | str:
        path, header = self.folder / self._paths[position], self._headers[position]
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


def _pixels(size: tuple[int, int]) -> tuple[int, tuple[int, int]]:
    return size[0] * size[1], size


def _list_bad(bad: list[tuple[str, str]]) -> str:
    return list_names([f"{printable(path)} ({printable(why)})" for path, why in bad])

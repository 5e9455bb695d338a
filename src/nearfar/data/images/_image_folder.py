"""A folder of image files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import compress
from pathlib import Path
from typing import final

import numpy as np

from nearfar.checks import check_integer
from nearfar.data._file_list import FileList, list_bad
from nearfar.data._files import IMAGE_ENDINGS, counted, find_files
from nearfar.data._folder_parts import Folder
from nearfar.data._thread_pool import in_threads
from nearfar.data.images._image_decoding import patient_pillow
from nearfar.data.images._image_files import SHORT_SIDE, ImageFileSource, header_or_reason
from nearfar.data.images._image_header import Header
from nearfar.data.images._picture import target_size
from nearfar.data.images._value_range import Range

__all__ = ["FolderSource"]

MEMORY = 2 << 30
MOST_BANDS = 32
OF_FILES = (1, 3, 4)


@final
class FolderSource(ImageFileSource, Folder):
    """All images in a folder and its subfolders, sorted by path.

    JPEG, PNG, WebP, AVIF, JPEG 2000, TIFF, GIF, BMP, PNM, QOI and DICOM, grey, colour or with any
    number of bands, of any size. EXIF orientation is applied, transparent pixels are composited
    over white, and large images are downscaled while decoding. Images with more than 8 bits per
    channel become floating-point numbers in [0, 1], by the depth that the files declare, or by the
    values that they hold. DICOM files of a series are sorted by their position in it. If all images
    fit in `memory` they are decoded once, at opening; otherwise in threads on every read.

    Unreadable files, frames after the first, and bands that are not read are counted in
    :attr:`notes`. At opening every header is read, and every file without its format's end marker
    is decoded. Damage inside a file of a set larger than `memory` is only found on reading; the
    image is then replaced by a black one and noted, so that sample indices, and thereby runs, do
    not change.

    Args:
        folder: Folder, searched recursively, or a single file.
        name: Short name; that of the folder by default.
        channels: Number of channels: 1 (grey), 3 (RGB), 4 (RGBA), or the number of bands of all
            files; by default 1 if all files are grey, their number of bands if it is neither that
            of grey nor of colour, otherwise 3.
        value_range: The (low, high) to map to (0, 1); by default (0, 255) for images of 8 bits, and
            determined from the files for others.
        missing_value: Value that marks missing ones, which become 0; by default the value that the
            files declare.
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
        value_range: Range | None = None,
        missing_value: float | None = None,
        short_side: int = SHORT_SIDE,
        memory: int = MEMORY,
    ) -> None:
        check_integer(short_side=short_side, at_least=8)
        super().__init__(
            short_side=short_side, value_range=value_range, missing_value=missing_value
        )
        if channels not in (None, *OF_FILES) and not _may_have_bands(folder, channels):
            raise _wrong_channels(channels)
        self.folder = folder
        self._files = FileList(folder, IMAGE_ENDINGS, noun="images", fewest=1)
        self.name = name or folder.resolve().name
        with patient_pillow():
            found = in_threads(self._header, self._files.names, label="reading headers")
            self._headers = [header for header in found if isinstance(header, Header)]
            self._drop_bad(found)
            self._sort_series()
            self.channels = channels or self.default_channels()
            if channels not in (None, *OF_FILES) and channels != self.default_channels():
                raise _wrong_channels(channels)
            self.use_declared_missing()
            self._decode_all(memory)
        self.image_size = self.typical_size()

    def file(self, position: int) -> Path:
        return self.folder / self._files.names[position]

    def identify(self, sample: int) -> str:
        return self._files.identify(sample)

    @property
    def notes(self) -> tuple[str, ...]:
        notes = [*self._files.notes(), *self._files.skipped(), *self.content_notes()]
        if self.damaged:
            damaged = [(self._files.names[i], why) for i, why in sorted(self.damaged.items())]
            notes.append(
                f"{counted(len(damaged), 'damaged file')} shown as black: {list_bad(damaged)}"
            )
        return tuple(notes)

    @cached_property
    def fingerprint(self) -> str:
        options = f"{self.channels} {self._short_side}"
        if self._given is not None or self.missing_value is not None:
            options += f" {self._given} {self.missing_value}"
        return self._files.fingerprint(options)

    @property
    def former_fingerprints(self) -> tuple[str, ...]:
        return (self._files.size_fingerprint(f"{self.channels} {self._short_side}"),)

    def paths(self) -> tuple[Path, ...]:
        return tuple(map(Path, self._files.names))

    def _decode_all(self, memory: int) -> None:
        """Decode all files if they fit in memory; otherwise check those that have no end marker."""
        sizes = [target_size(*h.shown, short_side=self._short_side) for h in self._headers]
        deep = [4 if header.deep else 1 for header in self._headers]
        area = sum(a * height * width for a, (height, width) in zip(deep, sizes, strict=True))
        everyone = range(len(self))
        if self.channels * area <= memory:
            decoded = in_threads(self.decode, everyone, label="decoding images")
            self._drop_bad(decoded)
            images = [image for image in decoded if isinstance(image, np.ndarray)]
            self.choose_range(images)
            self.hold(images)
        else:
            self._drop_bad(in_threads(self._check_end, everyone, label="checking files"))
            self.choose_range()

    def _drop_bad(self, results: Sequence[object]) -> None:
        good = self._files.drop(results)
        if len(self._headers) > len(self._files.names):
            self._headers = list(compress(self._headers, good))

    def _sort_series(self) -> None:
        """Sort the DICOM files of a folder by their position in the series."""
        if all(header.dicom is None for header in self._headers):
            return
        names = self._files.names
        places = [h.dicom.order if h.dicom else ("", 0.0, 0) for h in self._headers]
        order = sorted(
            range(len(names)), key=lambda i: (str(Path(names[i]).parent), places[i], names[i])
        )
        self._files.names = [names[i] for i in order]
        self._headers = [self._headers[i] for i in order]

    def _header(self, path: str) -> Header | str:
        return header_or_reason(self.folder / path)

    def _check_end(self, position: int) -> str | None:
        if self._headers[position].whole:
            return None
        image = self.decode(position)
        return image if isinstance(image, str) else None


def _may_have_bands(folder: Path, channels: int | None) -> bool:
    """Whether a folder can have files with this number of bands."""
    if channels is None or not 2 <= channels <= MOST_BANDS or not folder.is_dir():
        return False
    return bool(find_files(folder, (".tif", ".tiff")).wanted)


def _wrong_channels(channels: int | None) -> ValueError:
    return ValueError(
        "`channels` must be 1, 3 or 4 for image files, or the number of bands of all files,"
        f" got {channels}"
    )

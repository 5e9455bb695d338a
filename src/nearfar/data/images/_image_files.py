"""Image files, given by path or content, decoded on access."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from statistics import median_low
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._file_list import content_digest, former_digest
from nearfar.data._files import counted, list_names, printable
from nearfar.data._source import (
    Batch,
    ImageSource,
    check_positions,
    default_image_size,
    describe_images,
)
from nearfar.data._thread_pool import in_threads
from nearfar.data.images._image_decoding import (
    BadImage,
    Header,
    decode,
    patient_pillow,
    read_header,
    target_size,
)
from nearfar.inputs import Images

__all__ = ["ImageFileSource", "ImageFiles", "header_or_reason", "image_faults"]

SHORT_SIDE = 256


def header_or_reason(file: Path | bytes) -> Header | str:
    """The header of a file, or the reason why the file cannot be used."""
    try:
        return read_header(file)
    except BadImage as bad:
        return str(bad)
    except OSError as error:
        return error.strerror or str(error)


class ImageFileSource(ImageSource):
    """A source that decodes image files; files found to be damaged on access become black images.

    Attributes:
        damaged: By position, the reason why a file could not be decoded.
    """

    def __init__(self, *, short_side: int) -> None:
        self.damaged: dict[int, str] = {}
        self._short_side = short_side
        self._headers: list[Header] = []
        self._decoded: list[Tensor] | None = None

    @abstractmethod
    def file(self, position: int) -> Path | bytes:
        """Path or content of an image file."""

    def __len__(self) -> int:
        return len(self._headers)

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        if not len(index):
            return Batch(Images(torch.zeros(0, self.channels, 1, 1, dtype=torch.uint8)), index)
        if self._decoded is not None:
            return Batch(Images.of([self._decoded[i] for i in index.tolist()]), index)
        images = []
        decoded = in_threads(self.decode, index.tolist())
        for position, image in zip(index.tolist(), decoded, strict=True):
            if isinstance(image, str):
                self.damaged[position] = image
                images.append(self._black(position))
            else:
                images.append(image)
        return Batch(Images.of(images), index)

    def decode(self, position: int) -> Tensor | str:
        """The image, or the reason why it cannot be decoded."""
        header = self._headers[position]
        try:
            return decode(
                self.file(position), header, channels=self.channels, short_side=self._short_side
            )
        except BadImage as bad:
            return str(bad)

    def describe(self) -> str:
        extents = [header.shown for header in self._headers]
        return describe_images(len(self), channels=self.channels, extents=extents)

    def typical_size(self) -> int:
        """Default side length of views, from the median short side of the images."""
        return default_image_size(median_low(min(header.shown) for header in self._headers))

    def all_gray(self) -> bool:
        """Whether all files are grey."""
        return all(header.gray for header in self._headers)

    def _black(self, position: int) -> Tensor:
        header = self._headers[position]
        height, width = target_size(header, short_side=self._short_side)
        if header.shown != (header.height, header.width):
            height, width = width, height
        return torch.zeros(self.channels, height, width, dtype=torch.uint8)


@final
class ImageFiles(ImageFileSource):
    """Image files in a given order, such as those in a table's rows.

    Args:
        files: Path or bytes of each file; none may have a fault (:func:`image_faults`).
        name: Short name.
        rows: Row number of each file, to identify it in messages.
    """

    def __init__(
        self, files: Sequence[Path | bytes], *, name: str, rows: NDArray[np.int64]
    ) -> None:
        super().__init__(short_side=SHORT_SIDE)
        self.name = name
        self._files, self._rows = list(files), rows
        with patient_pillow():
            self._headers = in_threads(read_header, self._files)
        self.channels = 1 if self.all_gray() else 3
        self.image_size = self.typical_size()

    def file(self, position: int) -> Path | bytes:
        return self._files[position]

    def identify(self, sample: int) -> str:
        file = self._files[sample]
        return printable(file.name) if isinstance(file, Path) else f"row {self._rows[sample]}"

    @property
    def notes(self) -> tuple[str, ...]:
        if not self.damaged:
            return ()
        named = [f"{self.identify(i)} ({why})" for i, why in sorted(self.damaged.items())]
        return (f"{counted(len(named), 'damaged image')} shown as black: {list_names(named)}",)

    @cached_property
    def fingerprint(self) -> str:
        return content_digest(self._files, f"{self.channels}")

    @property
    def former_fingerprints(self) -> tuple[str, ...]:
        return (former_digest(self._files, f"{self.channels}"),)


def image_faults(files: Sequence[Any]) -> list[str | None]:
    """For each file, the reason why it cannot be used, or None.

    Args:
        files: Path or bytes of each file; None if missing.
    """
    with patient_pillow():
        return in_threads(_fault, files, label="checking images")


def _fault(file: Path | bytes | None) -> str | None:
    if file is None:
        return "missing"
    header = header_or_reason(file)
    if isinstance(header, str):
        return header
    try:
        if not header.whole:
            decode(file, header, channels=3, short_side=SHORT_SIDE)
    except BadImage as bad:
        return str(bad)
    except OSError as error:
        return error.strerror or str(error)
    return None

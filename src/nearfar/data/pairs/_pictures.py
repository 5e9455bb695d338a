"""Images that are halves of pairs: files by path, or their bytes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from statistics import median_low
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._file_list import content_digest
from nearfar.data._files import counted, list_names, printable
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

__all__ = ["PictureFiles", "picture_faults"]

SHORT_SIDE = 256


def picture_faults(files: Sequence[Any]) -> list[str | None]:
    """For each file why it cannot be used; None where it can."""
    with patient_pillow():
        return in_threads(_fault, files, label="looking at images")


def _fault(file: Path | bytes | None) -> str | None:
    if file is None:
        return "missing"
    try:
        header = read_header(file)
        if not header.whole:
            decode(file, header, channels=3, short_side=SHORT_SIDE)
    except BadImage as bad:
        return str(bad)
    except OSError as error:
        return error.strerror or str(error)
    return None


@final
class PictureFiles(ImageSource):
    """Image files in the order of their pairs, decoded when they are read.

    Damage that is found only then is shown as black and noted.

    Args:
        files: Path or bytes of each; none with a fault.
        name: Short name.
        rows: Where each stands, for a person.
    """

    def __init__(
        self, files: Sequence[Path | bytes], *, name: str, rows: NDArray[np.int64]
    ) -> None:
        self.name = name
        self._files, self._rows = list(files), rows
        self._damaged: dict[int, str] = {}
        with patient_pillow():
            self._headers: list[Header] = in_threads(read_header, self._files)
        self.channels = 1 if all(header.grey for header in self._headers) else 3
        sides = (min(header.shown) for header in self._headers)
        self.image_size = default_image_size(median_low(sides))

    def __len__(self) -> int:
        return len(self._files)

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        if not len(index):
            return Batch(Images(torch.zeros(0, self.channels, 1, 1, dtype=torch.uint8)), index)
        return Batch(Images.of(in_threads(self._decode, index.tolist())), index)

    def identify(self, sample: int) -> str:
        file = self._files[sample]
        return printable(file.name) if isinstance(file, Path) else f"row {self._rows[sample]}"

    def describe(self) -> str:
        extents = [header.shown for header in self._headers]
        return describe_images(len(self), channels=self.channels, extents=extents)

    @property
    def notes(self) -> tuple[str, ...]:
        if not self._damaged:
            return ()
        named = [f"{self.identify(i)} ({why})" for i, why in sorted(self._damaged.items())]
        return (f"{counted(len(named), 'damaged image')} shown as black: {list_names(named)}",)

    @cached_property
    def fingerprint(self) -> str:
        return content_digest(self._files, f"{self.channels}")

    def _decode(self, position: int) -> Tensor:
        header = self._headers[position]
        try:
            return decode(
                self._files[position], header, channels=self.channels, short_side=SHORT_SIDE
            )
        except BadImage as bad:
            self._damaged[position] = str(bad)
            height, width = target_size(header, short_side=SHORT_SIDE)
            return torch.zeros(self.channels, height, width, dtype=torch.uint8)

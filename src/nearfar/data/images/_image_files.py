"""Image files, given by path or content, decoded on access."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
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
from nearfar.data.images._choose_range import Chosen, choose_scale
from nearfar.data.images._image_decoding import BadImage, decode, patient_pillow, read_header
from nearfar.data.images._image_header import Header
from nearfar.data.images._left_out import clipped_note, left_out_notes
from nearfar.data.images._picture import target_size
from nearfar.data.images._value_depth import joined_depths
from nearfar.data.images._value_range import BYTES, Found, Range, Scale
from nearfar.inputs import Images

__all__ = ["ImageFileSource", "ImageFiles", "header_or_reason", "image_faults"]

SHORT_SIDE = 256
SAMPLED, SAMPLED_DEEP = 64, 256  # files decoded to determine the range, if not all are


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

    def __init__(
        self, *, short_side: int, value_range: Range | None, missing_value: float | None
    ) -> None:
        self.damaged: dict[int, str] = {}
        self._short_side = short_side
        self.missing_value = missing_value
        self._given = value_range
        self._headers: list[Header] = []
        self._decoded: list[Tensor] | None = None
        self._clipped: dict[int, int] = {}
        self._chosen: Chosen

    @abstractmethod
    def file(self, position: int) -> Path | bytes:
        """Path or content of an image file."""

    def __len__(self) -> int:
        return len(self._headers)

    @property
    def value_range(self) -> Range:
        return self._chosen.scale.range

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        if not len(index):
            kind = torch.float32 if self._chosen.scale.floating else torch.uint8
            return Batch(Images(torch.zeros(0, self.channels, 1, 1, dtype=kind)), index)
        if self._decoded is not None:
            return Batch(Images.of([self._decoded[i] for i in index.tolist()]), index)
        images = []
        with patient_pillow():
            decoded = in_threads(self.decode, index.tolist())
        for position, image in zip(index.tolist(), decoded, strict=True):
            if isinstance(image, str):
                self.damaged[position] = image
                images.append(self._black(position))
            else:
                self._count_clipped(position, image)
                images.append(self._scaled(position, image))
        return Batch(Images.of(images), index)

    @property
    def in_memory(self) -> bool:
        return self._decoded is not None

    def file_of(self, position: int) -> Path | bytes:
        return self.file(position)

    def decode(self, position: int) -> NDArray[Any] | str:
        """The numbers of an image, or the reason why it cannot be decoded."""
        try:
            return decode(
                self.file(position),
                self._headers[position],
                channels=self.channels,
                short_side=self._short_side,
                missing=self.missing_value,
            )
        except BadImage as bad:
            return str(bad)

    def describe(self) -> str:
        extents = [header.shown for header in self._headers]
        return describe_images(len(self), channels=self.channels, extents=extents)

    def typical_size(self) -> int:
        """Default side length of views, from the median short side of the images."""
        return default_image_size(median_low(min(header.shown) for header in self._headers))

    def default_channels(self) -> int:
        """1 if all files are grey; the number of bands if it is the same in all; otherwise 3."""
        bands = {header.bands for header in self._headers}
        if len(bands) == 1 and 0 not in bands:
            return bands.pop()
        return 1 if all(header.gray for header in self._headers) else 3

    def use_declared_missing(self) -> None:
        """Use the value that files declare to mark missing ones, unless one was given."""
        declared = [h.missing for h in self._headers if h.missing is not None]
        if self.missing_value is None and declared:
            self.missing_value = declared[0]

    def choose_range(self, decoded: Sequence[NDArray[Any] | str] | None = None) -> None:
        """Determine the range of values, from all decoded files or from a sample of them.

        Args:
            decoded: The numbers of all files; by default, a sample is decoded.
        """
        deep = [i for i, header in enumerate(self._headers) if header.deep]
        concerned = deep or list(range(len(self)))
        if not deep and self._given == BYTES:
            scale = Scale.of(BYTES, whole=True, missing=self.missing_value)
            self._chosen = Chosen(scale, Found(BYTES))
            return
        if decoded is None:
            picked, most = concerned, SAMPLED_DEEP if deep else SAMPLED
            if len(concerned) > most:
                random = np.random.default_rng(0)
                picked = sorted(random.choice(concerned, most, replace=False).tolist())
            read = in_threads(self.decode, picked, label="determining the range of values")
            held = dict(zip(picked, read, strict=True))
        else:
            held = {i: decoded[i] for i in concerned}
        whole = {
            i: pixels[:3] if deep and self._has_alpha(i) else pixels
            for i, pixels in held.items()
            if isinstance(pixels, np.ndarray)
        }

        def parts() -> Iterator[tuple[int, NDArray[Any]]]:
            return ((i, pixels[None]) for i, pixels in whole.items())

        def few() -> Iterator[tuple[int, NDArray[Any]]]:
            stride = max(1, len(whole) // 64)
            return ((i, whole[i][None]) for i in list(whole)[::stride])

        types = [pixels.dtype for pixels in whole.values()] or [np.dtype(np.uint8)]
        self._chosen = choose_scale(
            parts,
            dtype=np.result_type(*types),
            total=sum(pixels.size for pixels in whole.values()),
            given=self._given,
            missing=self.missing_value,
            few=few,
            depths=joined_depths([self._headers[i].depths for i in deep]),
        )
        if deep:
            low, high = self._chosen.scale.range
            self._chosen = Chosen(Scale(low, high, self.missing_value), self._chosen.found)

    def hold(self, decoded: Sequence[NDArray[Any]]) -> None:
        """Keep all decoded files in memory."""
        self._decoded = [self._scaled(i, pixels) for i, pixels in enumerate(decoded)]

    def content_notes(self) -> tuple[str, ...]:
        """Notes on the range of values, and on what of the files is not read."""
        notes = list(self._chosen.notes(self.identify))
        if self._clipped:
            notes.append(clipped_note(self._clipped, self.value_range, self.identify))
        return (*notes, *left_out_notes(self._headers, self.channels, self.identify))

    def _has_alpha(self, position: int) -> bool:
        """Whether the fourth channel is transparency, whose values do not determine the range."""
        return self.channels == 4 and not self._headers[position].bands

    def _scaled(self, position: int, pixels: NDArray[Any]) -> Tensor:
        scale = self._chosen.scale
        if scale.floating and not self._headers[position].deep and self._any_deep:
            return torch.from_numpy(pixels).float() / 255
        return scale(pixels)

    @cached_property
    def _any_deep(self) -> bool:
        return any(header.deep for header in self._headers)

    def _count_clipped(self, position: int, pixels: NDArray[Any]) -> None:
        if self._headers[position].deep or not self._any_deep:
            count = self._chosen.scale.outside(pixels)
            if count:
                self._clipped[position] = count

    def _black(self, position: int) -> Tensor:
        height, width = target_size(*self._headers[position].shown, short_side=self._short_side)
        kind = torch.float32 if self._chosen.scale.floating else torch.uint8
        return torch.zeros(self.channels, height, width, dtype=kind)


@final
class ImageFiles(ImageFileSource):
    """Image files in a given order, such as those in a table's rows.

    Args:
        files: Path or bytes of each file; none may have a fault (:func:`image_faults`).
        name: Short name.
        rows: Row number of each file, to identify it in messages; by default its position.
        channels: Number of channels, as in :class:`FolderSource`.
        value_range: The (low, high) to map to (0, 1), as in :class:`FolderSource`.
        missing_value: Value that marks missing ones, as in :class:`FolderSource`.
    """

    def __init__(
        self,
        files: Sequence[Path | bytes],
        *,
        name: str,
        rows: NDArray[np.int64] | None = None,
        channels: int | None = None,
        value_range: Range | None = None,
        missing_value: float | None = None,
        short_side: int = SHORT_SIDE,
    ) -> None:
        super().__init__(
            short_side=short_side, value_range=value_range, missing_value=missing_value
        )
        self.name = name
        self._files = list(files)
        self._rows = np.arange(len(self._files)) if rows is None else rows
        with patient_pillow():
            self._headers = in_threads(read_header, self._files)
            self.channels = channels or self.default_channels()
            self.use_declared_missing()
            self.choose_range()
        self.image_size = self.typical_size()

    def file(self, position: int) -> Path | bytes:
        return self._files[position]

    def identify(self, sample: int) -> str:
        file = self._files[sample]
        return printable(file.name) if isinstance(file, Path) else f"row {self._rows[sample]}"

    @property
    def notes(self) -> tuple[str, ...]:
        notes = self.content_notes()
        if not self.damaged:
            return notes
        named = [f"{self.identify(i)} ({why})" for i, why in sorted(self.damaged.items())]
        return (
            *notes,
            f"{counted(len(named), 'damaged image')} shown as black: {list_names(named)}",
        )

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
            decode(file, header, channels=header.bands or 3, short_side=SHORT_SIDE)
    except BadImage as bad:
        return str(bad)
    except OSError as error:
        return error.strerror or str(error)
    return None

"""Images from a PyTorch dataset, or from one of Hugging Face."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from statistics import median_low
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import IterableDataset

from nearfar.data._file_list import list_bad
from nearfar.data._files import counted, list_names
from nearfar.data._item_labels import item_names
from nearfar.data._items import name_of, sample_of
from nearfar.data._source import (
    Batch,
    ImageSource,
    check_positions,
    default_image_size,
    describe_images,
)
from nearfar.data._specs import array_of
from nearfar.data.images._choose_range import Chosen, choose_scale
from nearfar.data.images._dataset_items import (
    Encoded,
    encoded_item,
    is_gray_item,
    is_picture,
    item_depths,
    missing_of,
)
from nearfar.data.images._image_arrays import channel_axis
from nearfar.data.images._image_decoding import BadImage, decode, patient_pillow
from nearfar.data.images._image_header import Header
from nearfar.data.images._left_out import clipped_note, left_out_notes, random_note
from nearfar.data.images._picture import load_upright, picture_pixels, target_size
from nearfar.data.images._value_depth import joined_depths
from nearfar.data.images._value_range import FEW, Range, Scale
from nearfar.data.images._value_survey import is_known
from nearfar.inputs import Images

__all__ = ["IMAGE_KEYS", "DatasetSource"]

LOOKED_AT = 64  # items read when the dataset is opened
FURTHER = 512  # items read in addition if the first ones leave colour or range open
SHORT_SIDE = 256
SIDE_OF_DAMAGED = 32
IMAGE_KEYS = ("image", "img", "pixel_values")


@final
class DatasetSource(ImageSource):
    """The images of a map-style dataset; anything else in its items is ignored.

    An item is an image, a tuple whose first element is one, or a mapping with ``image``, ``img``,
    ``pixel_values`` or a single image. An image is a PIL image, an encoded file as bytes or path,
    or an H×W, H×W×C or C×H×W array or tensor of numbers. PIL images and files are converted like
    those of a folder; those with a short side above 256 pixels are downscaled. Images have the
    names of their files if the dataset has ``get_filenames()``, as of lightly, or ``samples``, as
    of torchvision.

    At opening, 64 evenly spaced items are read to determine the number of channels, the typical
    size and the range of values. If they are all grey, or not all bytes or within [0, 1], 512
    randomly chosen ones are read in addition. Colour images found later are converted to grey, and
    values outside the range are clipped; both are counted in :attr:`notes`. Items are read from the
    dataset one at a time, and are not cached. Items that differ when they are read again are noted.

    Args:
        dataset: Dataset with ``__len__`` and ``__getitem__``.
        name: Short name; that of the dataset's class by default.
        channels: Number of channels: 1 (grey), 3 (RGB) or 4 (RGBA) for PIL images; for arrays,
            resolves an ambiguous channel axis.
        value_range: The (low, high) to map to (0, 1); by default determined from the items read at
            opening, as for :class:`ArraySource`.
        missing_value: Value that marks missing ones, which become 0.
        key: Key of the image in items that are mappings.
        names: Name of each image; by default its row.

    Raises:
        TypeError: Not a map-style dataset, or items that are not images.
        ValueError: No items, or images with the wrong number of axes.
    """

    def __init__(
        self,
        dataset: Any,
        *,
        name: str | None = None,
        channels: int | None = None,
        value_range: Range | None = None,
        missing_value: float | None = None,
        key: str | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__len__"):
            raise TypeError(
                "a dataset must have a length and integer indexing (map-style),"
                f" got {type(dataset).__name__}"
            )
        self.name, self.dataset = name or name_of(dataset), dataset
        self.missing_value = missing_value
        self._length, self._key = len(dataset), key
        if not self._length:
            raise ValueError(f"at least 1 image is needed, got 0 in {self.name}")
        self._wanted, self._given = channels, value_range
        self._names = item_names(dataset) if names is None else names
        self._decided = False  # whether the number of channels was inferred
        self._grayed: set[int] = set()
        self._damaged: dict[int, str] = {}
        self._frames: dict[int, int] = {}
        self._partial: dict[int, Header] = {}  # of files that are not read completely
        self._clipped: dict[int, int] = {}
        self._inspect()

    def __len__(self) -> int:
        return self._length

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        images = []
        for position in index.tolist():
            values = self._values(self._picture(position), position)
            if len(values) != self.channels:
                raise ValueError(
                    f"item {position} of {self.name} has {len(values)} channels,"
                    f" others have {self.channels}"
                )
            images.append(self._scaled(values, position))
        return Batch(Images.of(images), index)

    def identify(self, sample: int) -> str:
        return f"row {sample}" if self._names is None else self._names[sample]

    def describe(self) -> str:
        description = describe_images(len(self), channels=self.channels, extents=self._sizes)
        several = len(set(self._sizes)) > 1
        return f"{description} (of {len(self._sizes)} inspected)" if several else description

    @property
    def notes(self) -> tuple[str, ...]:
        notes = list(self._chosen.notes(self.identify))
        if self._clipped:
            notes.append(clipped_note(self._clipped, self.value_range, self.identify))
        if self._grayed:
            named = list_names([self.identify(i) for i in sorted(self._grayed)])
            notes.append(
                f"{counted(len(self._grayed), 'colour image')} converted to grey, as the inspected"
                f" ones are grey: {named}; --channels 3 keeps colour"
            )
        if self._frames:
            named = list_names([f"row {i} ({n} frames)" for i, n in sorted(self._frames.items())])
            notes.append(f"further frames left out, as one frame of an image is read: {named}")
        cut = sorted(self._partial)
        headers = [self._partial[i] for i in cut]
        notes += left_out_notes(headers, self.channels, lambda place: self.identify(cut[place]))
        if not all(same for _, same in self._read_twice):
            notes.append(random_note(self.name))
        if self._damaged:
            named = list_bad([(self.identify(i), why) for i, why in sorted(self._damaged.items())])
            notes.append(f"{counted(len(self._damaged), 'damaged image')} shown as black: {named}")
        return tuple(notes)

    @property
    def value_range(self) -> Range:
        return self._chosen.scale.range

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=8)
        kind = type(self.dataset)
        digest.update(f"{kind.__module__}.{kind.__qualname__} {len(self)}".encode())
        for values, same in self._read_twice:
            if same:
                digest.update(values.tobytes())
        return digest.hexdigest()

    @cached_property
    def _read_twice(self) -> list[tuple[NDArray[Any], bool]]:
        """Three images, and whether they are the same when they are read again."""
        found = []
        for position in (0, self._length // 2, self._length - 1):
            once, again = (self._values(self._picture(position), position) for _ in range(2))
            found.append((once, np.array_equal(once, again)))  # differs if augmented at random
        return found

    def _inspect(self) -> None:
        """Determine channels, sizes and range from some of the items."""
        evenly = np.linspace(0, self._length - 1, min(LOOKED_AT, self._length)).astype(int)
        pictures = {i: self._picture(i) for i in evenly.tolist()}
        drawn = all(p is None or is_picture(p) for p in pictures.values())
        if drawn and self._wanted is None:
            gray = all(map(is_gray_item, pictures.values()))
            known = filter(None, pictures.values())
            bands = {p.header.bands if isinstance(p, Encoded) else 0 for p in known}
            if gray:
                pictures |= self._further(pictures)
                gray = all(map(is_gray_item, pictures.values()))
            self._wanted = bands.pop() if len(bands) == 1 and 0 not in bands else 1 if gray else 3
            self._decided = True
        if self.missing_value is None:
            declared = map(missing_of, pictures.values())
            self.missing_value = next((value for value in declared if value is not None), None)
        looked_at = {i: self._values(picture, i) for i, picture in pictures.items()}
        if len(pictures) == len(evenly) and not _are_usual(list(looked_at.values())):
            more = self._further(pictures)
            pictures |= more
            looked_at |= {i: self._values(picture, i) for i, picture in more.items()}
        first = [i for i in evenly.tolist() if i not in self._damaged]
        if 2 * len(first) < len(evenly):
            bad = list_bad([(self.identify(i), why) for i, why in self._damaged.items()])
            raise ValueError(f"more than half of the images in {self.name} are damaged: {bad}")
        self.channels = len(looked_at[first[0]])
        self._sizes = [(looked_at[i].shape[1], looked_at[i].shape[2]) for i in first]
        self.image_size = default_image_size(median_low(min(size) for size in self._sizes))
        self._mixed = len({looked_at[i].dtype == np.uint8 for i in looked_at}) > 1
        self._chosen = self._choose(looked_at, pictures)

    def _further(self, known: dict[int, Any]) -> dict[int, Any]:
        """Up to 512 other items, chosen with a fixed seed."""
        others = np.setdiff1d(np.arange(self._length), list(known))
        if len(others) > FURTHER:
            others = np.sort(np.random.default_rng(0).choice(others, FURTHER, replace=False))
        return {i: self._picture(i) for i in others.tolist()}

    def _choose(self, looked_at: dict[int, NDArray[Any]], pictures: dict[int, Any]) -> Chosen:
        concerned = {i: v for i, v in looked_at.items() if v.dtype != np.uint8} or looked_at

        sound = [i for i in concerned if i not in self._damaged]

        def parts() -> Iterator[tuple[int, NDArray[Any]]]:
            return ((i, concerned[i][None]) for i in sound)

        chosen = choose_scale(
            parts,
            dtype=np.result_type(*(values.dtype for values in concerned.values())),
            total=sum(values.size for values in concerned.values()),
            given=self._given,
            missing=self.missing_value,
            few=parts,
            depths=joined_depths(
                [item_depths(pictures[i]) for i in concerned if i not in self._damaged]
            ),
        )
        if chosen.broken:
            self._refuse(chosen.broken[0])
        if self._mixed:
            low, high = chosen.scale.range
            chosen = Chosen(Scale(low, high, self.missing_value), chosen.found)
        return chosen

    def _picture(self, position: int) -> Any:
        """The image of an item, with the header if it is a file; None if the file is damaged."""
        try:
            picture = encoded_item(sample_of(self.dataset[position], self._key))
        except BadImage as bad:
            self._damaged[position] = str(bad)
            return None
        if isinstance(picture, Encoded) and picture.is_partial:
            self._partial[position] = picture.header
        return picture

    def _values(self, picture: Any, position: int) -> NDArray[Any]:
        """The numbers of an image, as channels × height × width."""
        if picture is None:
            return self._black()
        if is_picture(picture):
            if self._wanted == 1 and self._decided and not is_gray_item(picture):
                self._grayed.add(position)
            found = (
                self._of_file(picture)
                if isinstance(picture, Encoded)
                else self._of_picture(picture, position)
            )
            if isinstance(found, str):
                self._damaged[position] = found
                return self._black()
            return found
        picture = np.asarray(picture) if isinstance(picture, list) else picture
        if not isinstance(picture, (np.ndarray, Tensor)):
            raise TypeError(
                f"item {position} of {self.name} must be a PIL image, an array or a tensor,"
                f" got {type(picture).__name__}"
            )
        array = array_of(picture)
        if array.dtype.kind not in "buif":
            raise TypeError(
                f"item {position} of {self.name} must contain real numbers, got {array.dtype}"
            )
        axis = channel_axis((2, *array.shape), channels=self._wanted)
        return array[None] if axis is None else np.moveaxis(array, axis - 1, 0)

    def _of_picture(self, picture: Image.Image, position: int) -> NDArray[Any] | str:
        try:
            if (frames := int(getattr(picture, "n_frames", 1))) > 1:
                self._frames[position] = frames
            load_upright(picture)
        except Exception as error:  # decoders raise errors of any kind for damaged files
            return str(error) or type(error).__name__
        size = target_size(picture.height, picture.width, short_side=SHORT_SIDE)
        channels = self._wanted or 3
        return picture_pixels(picture, channels=channels, size=size, missing=self.missing_value)

    def _of_file(self, encoded: Encoded) -> NDArray[Any] | str:
        try:
            with patient_pillow():
                return decode(
                    encoded.file,
                    encoded.header,
                    channels=self._wanted or 3,
                    short_side=SHORT_SIDE,
                    missing=self.missing_value,
                )
        except (BadImage, OSError) as bad:
            return str(bad)

    def _black(self) -> NDArray[Any]:
        """A black image in place of a damaged one."""
        return np.zeros((self._wanted or 3, SIDE_OF_DAMAGED, SIDE_OF_DAMAGED), np.uint8)

    def _scaled(self, values: NDArray[Any], position: int) -> Tensor:
        scale = self._chosen.scale
        if values.dtype == np.uint8 and self._mixed:
            return torch.from_numpy(np.ascontiguousarray(values)).float() / 255
        if values.dtype.kind == "f":
            known = is_known(values, self.missing_value)
            if not np.isfinite(values if known is None else values[known]).all():
                self._refuse(position)
        if count := scale.outside(values):
            self._clipped[position] = count
        return scale(values)

    def _refuse(self, position: int) -> None:
        raise ValueError(f"item {position} of {self.name} has NaN or infinite values")


def _are_usual(values: Sequence[NDArray[Any]]) -> bool:
    """Whether values are bytes that use their range, or within [0, 1], so that these suffice."""
    if all(array.dtype == np.uint8 for array in values):
        return any(array.max(initial=0) > FEW for array in values)
    return all(
        array.dtype.kind == "f" and bool(((array >= 0) & (array <= 1)).all()) for array in values
    )

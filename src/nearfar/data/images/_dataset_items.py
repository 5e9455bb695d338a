"""Items of datasets that are images of Pillow, or image files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from nearfar.data.images._image_decoding import BadImage, patient_pillow, read_header
from nearfar.data.images._image_header import Header, declared_missing
from nearfar.data.images._picture import is_gray
from nearfar.data.images._value_depth import Depths, depths_of

__all__ = ["Encoded", "encoded_item", "is_gray_item", "is_picture", "item_depths", "missing_of"]


@dataclass(frozen=True)
class Encoded:
    """An item that is an image file.

    Attributes:
        file: Path or content of the file.
        header: Its header.
    """

    file: Path | bytes
    header: Header

    @property
    def is_partial(self) -> bool:
        """Whether frames, bands or bits of the file may be left out."""
        found = self.header
        cut = found.bands or found.left_out or found.alpha or found.shallow
        return found.frames > 1 or bool(cut)


def encoded_item(picture: Any) -> Any:
    """An item's image, with the header if it is a file.

    Raises:
        BadImage: A file that is missing or damaged.
    """
    if isinstance(picture, dict):  # a file as Hugging Face stores it
        content, path = picture.get("bytes"), picture.get("path")
        picture = content if content or path is None else Path(path)
    if picture is None:
        raise BadImage("missing")
    if isinstance(picture, str):
        picture = Path(picture).expanduser()
    if not isinstance(picture, (bytes, Path)):
        return picture
    try:
        with patient_pillow():
            return Encoded(picture, read_header(picture))
    except OSError as error:
        raise BadImage(error.strerror or str(error)) from None


def is_picture(item: Any) -> bool:
    """Whether an item is an image of Pillow or a file."""
    return isinstance(item, (Image.Image, Encoded))


def is_gray_item(item: Any) -> bool:
    """Whether an item is no colour image."""
    if isinstance(item, Encoded):
        return item.header.gray
    return not isinstance(item, Image.Image) or is_gray(item)


def missing_of(item: Any) -> float | None:
    """Value that marks missing ones, if the file of an item declares one."""
    if isinstance(item, Encoded):
        return item.header.missing
    return declared_missing(item) if isinstance(item, Image.Image) else None


def item_depths(item: Any) -> Depths:
    """What the file of an item declares of its values."""
    return item.header.depths if isinstance(item, Encoded) else depths_of(item)

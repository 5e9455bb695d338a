"""One function from a decoded picture to numbers, for every way that pictures are given."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = [
    "ORIENTATION",
    "Bands",
    "Meaning",
    "bands_pixels",
    "is_deep",
    "is_gray",
    "load_upright",
    "orientation_of",
    "picture_pixels",
    "shown_size",
    "tagged_orientation",
    "target_size",
    "tiff_tags",
    "upright",
]

Meaning: TypeAlias = Literal["gray", "gray alpha", "color", "color alpha", "bands"]

ORIENTATION = 0x0112  # the EXIF tag
PHOTOMETRIC, MAX_SAMPLE, SAMPLE_FORMAT = 262, 281, 339  # TIFF tags
LONGEST = 2  # largest ratio of the long side to the requested short side
LUMA = (0.299, 0.587, 0.114)  # ITU-R 601-2, as in Pillow


@dataclass(frozen=True)
class Bands:
    """The values of a picture that Pillow has no mode for, or that one band of 16 bits or more has.

    Attributes:
        values: Bands × height × width, of any type of numbers.
        meaning: Meaning of the bands.
        white: Value of white and of full opacity.
        missing: Value that marks missing ones.
    """

    values: NDArray[Any]
    meaning: Meaning
    white: float
    missing: float | None = None


def is_deep(image: Image.Image) -> bool:
    """Whether a picture has more than 8 bits per channel."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def is_gray(image: Image.Image) -> bool:
    """Whether a picture's mode, or its palette, implies that every pixel is grey."""
    if is_deep(image) or image.mode in ("1", "L", "LA", "La"):
        return True
    if image.mode in ("P", "PA") and (palette := image.getpalette("RGB")) is not None:
        return palette[::3] == palette[1::3] == palette[2::3]
    return False


def orientation_of(image: Image.Image) -> int:
    """EXIF orientation that is still to be applied, 1 to 8.

    Pillow applies that of a TIFF file itself, on loading.
    """
    return 1 if image.format == "TIFF" else tagged_orientation(image)


def shown_size(image: Image.Image) -> tuple[int, int]:
    """Height and width after applying the orientation."""
    lies = orientation_of(image) > 4
    if image.format == "TIFF" and getattr(image, "_tile_size", image.size) == image.size:
        lies = (
            tagged_orientation(image) > 4
        )  # versions of Pillow that exchange the sides on loading
    return (image.width, image.height) if lies else (image.height, image.width)


def target_size(height: int, width: int, *, short_side: int) -> tuple[int, int]:
    """Height and width after capping the short side, and the long side at twice that.

    >>> target_size(3000, 4000, short_side=256), target_size(500, 10000, short_side=256)
    ((256, 341), (26, 512))
    """
    short, long = sorted((height, width))
    scale = min(1.0, short_side / short, LONGEST * short_side / long)
    return (
        max(1, math.floor(height * scale + 0.5)),
        max(1, math.floor(width * scale + 0.5)),
    )


def tiff_tags(image: Image.Image) -> Any:
    """The tags of a TIFF file by number; empty for other pictures."""
    return getattr(image, "tag_v2", None) or {}


def picture_pixels(
    image: Image.Image,
    *,
    channels: int,
    size: tuple[int, int] | None = None,
    missing: float | None = None,
) -> NDArray[Any]:
    """The numbers of a picture, upright, as channels × height × width.

    Palettes, CMYK, LAB and YCbCr become RGB, and transparent pixels are composited over white. The
    EXIF orientation is applied if it has not been already. Pictures of up to 8 bits per channel
    become bytes; all others keep their values.

    Args:
        image: The picture.
        channels: 1 (grey), 3 (RGB) or 4 (RGBA).
        size: Height and width before applying the orientation; those of the picture by default.
        missing: Value that marks missing ones.
    """
    load_upright(image)
    turn = orientation_of(image)
    if is_deep(image):
        return upright(bands_pixels(_deep(image, missing), channels=channels, size=size), turn)
    picture = _to_mode(image, channels)
    if missing is not None and picture.mode in ("L", "RGB"):
        values = np.array(picture)
        picture = Image.fromarray(np.where(values == missing, np.uint8(0), values))
    if size is not None and picture.size != size[::-1]:
        picture = picture.resize(size[::-1], Image.Resampling.BILINEAR, reducing_gap=2.0)
    if channels != 4 and picture.mode in ("LA", "RGBA"):
        ground = Image.new("RGBA", picture.size, "white")
        ground.alpha_composite(picture.convert("RGBA"))
        picture = ground.convert("L" if channels == 1 else "RGB")
    pixels = np.array(picture)
    return upright(pixels.reshape(*pixels.shape[:2], channels).transpose(2, 0, 1), turn)


def bands_pixels(
    bands: Bands, *, channels: int, size: tuple[int, int] | None = None
) -> NDArray[Any]:
    """The numbers of bands in the requested number of channels, as channels × height × width.

    Args:
        bands: The values.
        channels: Number of channels: 1 (grey), 3 (RGB), 4 (RGBA), or up to the number of bands.
        size: Height and width; those of the bands by default.
    """
    values = _resized(bands, size)
    if bands.meaning == "bands":
        if channels > len(values):
            raise ValueError(f"{len(values)} bands, {channels} channels are needed")
        return values[:channels]
    color, alpha, white = values, None, bands.white
    if bands.meaning.endswith("alpha"):
        white = _opaque(bands)
        color, alpha = values[:-1], values[-1:].astype(np.float64) / white
    if channels == 4:
        full = np.full_like(values[:1], white) if alpha is None else values[-1:]
        return np.concatenate([color.repeat(3, 0) if len(color) == 1 else color, full])
    if alpha is not None:
        color = _rounded(color * alpha + white * (1 - alpha), values.dtype)
    if channels == 1 and len(color) == 3:
        return _rounded(np.tensordot(LUMA, color.astype(np.float64), 1)[None], values.dtype)
    return color.repeat(3, 0) if channels == 3 and len(color) == 1 else color


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Apply an EXIF orientation to channels × height × width."""
    turns = {
        2: pixels[:, :, ::-1],
        3: pixels[:, ::-1, ::-1],
        4: pixels[:, ::-1],
        5: pixels.transpose(0, 2, 1),
        6: pixels.transpose(0, 2, 1)[:, :, ::-1],
        7: pixels.transpose(0, 2, 1)[:, ::-1, ::-1],
        8: pixels.transpose(0, 2, 1)[:, ::-1],
    }
    return np.ascontiguousarray(turns.get(orientation, pixels))


def load_upright(image: Image.Image) -> None:
    """Read the pixels of a picture; Pillow turns those of a TIFF file upright."""
    name = getattr(image, "filename", None)
    if image.format != "TIFF" or not name or tagged_orientation(image) < 5:
        image.load()
        return
    file: Any = image  # of an opened file
    file.filename = ""  # a mapped file would be read with height and width exchanged
    try:
        image.load()
    finally:
        file.filename = name


def tagged_orientation(image: Image.Image) -> int:
    """EXIF orientation in an image's tags, 1 to 8."""
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:  # damaged EXIF data do not imply damaged pixels
        return 1
    return value if value in range(2, 9) else 1


def _deep(image: Image.Image, missing: float | None) -> Bands:
    """The single band of a deep picture."""
    values = np.asarray(image)
    if values.dtype.byteorder not in ("=", "|"):
        values = values.astype(values.dtype.newbyteorder("="))
    tags = tiff_tags(image)
    if image.mode == "I" and image.format == "TIFF" and SAMPLE_FORMAT not in tags:
        values = values.view(np.uint32)  # Pillow's mode is signed
    unsigned = values.dtype == np.uint16
    white = 65535.0 if unsigned else float(values.max(initial=0))
    if tags.get(PHOTOMETRIC) == 0 and unsigned:  # white is zero, which Pillow ignores here
        declared = tags.get(MAX_SAMPLE)
        top = declared[0] if isinstance(declared, tuple) else declared
        values = np.uint16(min(top or 65535, 65535)) - values
    clear = image.info.get("transparency")
    if isinstance(clear, int) and unsigned:
        values = np.where(values == clear, np.uint16(65535), values)
    return Bands(values[None], "gray", white, missing)


def _opaque(bands: Bands) -> float:
    """Value of full opacity: that of 9 to 15 bits if no value is larger, as in 12-bit scans."""
    top = int(bands.values[-1].max(initial=0))
    bits = top.bit_length()
    fits = bands.values.dtype == np.uint16 and 8 < bits < 16 and top == 2**bits - 1
    return float(top) if fits and bands.values.max() == top else bands.white


def _to_mode(image: Image.Image, channels: int) -> Image.Image:
    """Convert to 8 bits per channel, in a mode that can be resized, keeping alpha."""
    if image.mode == "La":
        image = image.convert("LA")
    if image.mode == "LAB":
        image = image.convert("RGB")
    if channels == 4 or image.has_transparency_data:
        return image.convert("LA" if channels == 1 and image.mode == "LA" else "RGBA")
    return image.convert("L" if channels == 1 else "RGB")


def _resized(bands: Bands, size: tuple[int, int] | None) -> NDArray[Any]:
    """Values after resizing each band; missing values do not mix with others."""
    values = bands.values
    if size is None or values.shape[1:] == size:
        return values
    return np.stack([_resized_band(band, size, bands.missing) for band in values])


def _resized_band(band: NDArray[Any], size: tuple[int, int], missing: float | None) -> NDArray[Any]:
    gone = np.zeros(band.shape, bool)
    if missing is not None:
        gone = np.isnan(band) if math.isnan(missing) else band == missing
    if gone.all():
        return np.full(size, band.flat[0], band.dtype)
    filled = np.where(gone, band[~gone].min(), band).astype(np.float32)
    shape = size[::-1]
    smooth = Image.fromarray(filled).resize(shape, Image.Resampling.BILINEAR, reducing_gap=2.0)
    resized = _rounded(np.asarray(smooth), band.dtype)
    if gone.any():
        mask = Image.fromarray(gone.astype(np.uint8)).resize(shape, Image.Resampling.NEAREST)
        resized = np.where(np.asarray(mask) > 0, np.asarray(missing, band.dtype), resized)
    return resized


def _rounded(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind not in "iu":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    whole: NDArray[Any] = np.rint(values).clip(limits.min, limits.max).astype(dtype)
    return whole

"""Decode an image file to a uint8 tensor."""

from __future__ import annotations

import io
import math
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError
from torch import Tensor

__all__ = ["BadImage", "Header", "decode", "patient_pillow", "read_header", "target_size"]

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
ORIENTATION = 0x0112  # the EXIF tag
LONGEST = 2  # largest ratio of the long side to the requested short side
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
DAMAGE = (
    OSError,
    SyntaxError,  # raised by Pillow for a damaged PNG
    ValueError,
    TypeError,
    IndexError,
    EOFError,
    OverflowError,
    KeyError,
    struct.error,
    Image.DecompressionBombError,
)


class BadImage(Exception):  # noqa: N818  (a finding about a file, caught within this package)
    """A file is not a readable image; the message is the reason."""


@dataclass(frozen=True)
class Header:
    """Size and format of an image file, from its header.

    Attributes:
        width: Width as stored, before `orientation` is applied.
        height: Height as stored, before `orientation` is applied.
        gray: Whether the file's format implies that every pixel is grey.
        orientation: EXIF orientation, 1 to 8.
        whole: Whether the file ends with its format's end marker; if not, it must be decoded to
            detect damage.
    """

    width: int
    height: int
    gray: bool
    orientation: int
    whole: bool

    @property
    def shown(self) -> tuple[int, int]:
        """Height and width after applying the orientation."""
        upright = self.orientation < 5
        return (self.height, self.width) if upright else (self.width, self.height)


@contextmanager
def patient_pillow() -> Iterator[None]:
    """Silence Pillow's warnings about unusual files; relevant problems become notes.

    Warning filters are shared by threads, so this must enclose a thread pool, not run inside it.
    """
    Image.init()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
        yield


def read_header(file: Path | bytes) -> Header:
    """Read the size and format of an image without decoding it.

    Args:
        file: Path or content of the file.

    Raises:
        BadImage: Not an image of a supported format, or a decompression bomb.
    """
    if isinstance(file, Path) and not file.is_file():  # reading a pipe would block
        raise BadImage("not a regular file")
    with _damage_is_bad(), Image.open(_readable(file), formats=FORMATS) as image:
        limit = Image.MAX_IMAGE_PIXELS
        if limit is not None and image.width * image.height > limit:
            raise BadImage(f"{image.width * image.height:,} pixels, the limit is {limit:,}")
        return Header(
            width=image.width,
            height=image.height,
            gray=_is_gray(image),
            orientation=_orientation(image),
            whole=_ends_well(file, image.format or ""),
        )


def target_size(header: Header, *, short_side: int) -> tuple[int, int]:
    """Height and width, as stored, after capping the short side (and the long side at twice that).

    >>> target_size(Header(4000, 3000, False, 1, True), short_side=256)
    (256, 341)
    >>> target_size(Header(10000, 500, False, 1, True), short_side=256)
    (26, 512)
    """
    short, long = sorted((header.width, header.height))
    scale = min(1.0, short_side / short, LONGEST * short_side / long)
    return (
        max(1, math.floor(header.height * scale + 0.5)),
        max(1, math.floor(header.width * scale + 0.5)),
    )


def decode(
    file: Path | bytes, header: Header, *, channels: int, short_side: int
) -> UInt8[Tensor, "channels height width"]:
    """Decode an image, upright, with its short side capped and 1, 3 or 4 channels.

    With 1 (grey) or 3 (RGB) channels, transparent pixels are composited over white; 4 is RGBA.
    16-bit values are divided by 257; floating-point values must be in [0, 1]. The first of several
    frames is used.

    Raises:
        BadImage: The file is damaged.
    """
    height, width = target_size(header, short_side=short_side)
    with _damage_is_bad(), Image.open(_readable(file), formats=FORMATS) as image:
        image.draft("L" if channels == 1 else "RGB", (width, height))  # JPEGs decode reduced
        picture = _to_mode(image, channels)
        if picture.size != (width, height):
            picture = picture.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
        if channels != 4 and picture.mode in ("LA", "RGBA"):
            ground = Image.new("RGBA", picture.size, "white")
            ground.alpha_composite(picture.convert("RGBA"))
            picture = ground.convert("L" if channels == 1 else "RGB")
        if header.orientation in TURNS:
            picture = picture.transpose(TURNS[header.orientation])
        pixels = np.array(picture)
    stack = torch.from_numpy(pixels.reshape(*pixels.shape[:2], channels))
    return stack.permute(2, 0, 1).contiguous()


@contextmanager
def _damage_is_bad() -> Iterator[None]:
    try:
        yield
    except UnidentifiedImageError:
        raise BadImage("not an image") from None
    except Image.DecompressionBombError:
        limit = Image.MAX_IMAGE_PIXELS or 0
        raise BadImage(f"more than {2 * limit:,} pixels, the limit is {limit:,}") from None
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # an error of disk or network, not of the image
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadImage("truncated" if "truncated" in text.lower() else text) from None


def _is_gray(image: Image.Image) -> bool:
    if image.mode in ("1", "L", "LA", "La", "I", "F") or image.mode.startswith("I;16"):
        return True
    if image.mode in ("P", "PA") and (palette := image.getpalette("RGB")) is not None:
        return palette[::3] == palette[1::3] == palette[2::3]
    return False


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:  # damaged EXIF data do not imply damaged pixels
        return 1
    return value if value in TURNS else 1


def _readable(file: Path | bytes) -> Path | io.BytesIO:
    return io.BytesIO(file) if isinstance(file, bytes) else file


def _ends_well(file: Path | bytes, kind: str) -> bool:
    with io.BytesIO(file) if isinstance(file, bytes) else file.open("rb") as opened:
        start = opened.read(12)
        length = opened.seek(0, 2)
        opened.seek(max(0, length - 64))
        end = opened.read()
    if kind in ("JPEG", "MPO"):
        return end.rstrip(b"\0").endswith(b"\xff\xd9")
    if kind == "PNG":
        return end.endswith(b"IEND\xaeB`\x82")
    if kind == "GIF":
        return end.endswith(b";")
    if kind == "WEBP":
        return int.from_bytes(start[4:8], "little") + 8 <= length
    return False


def _to_mode(image: Image.Image, channels: int) -> Image.Image:
    """Convert to 8 bits per channel, in a mode that can be resized, keeping alpha."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = Image.fromarray(_eight_bits(image))
    if channels == 4 or image.has_transparency_data:
        return image.convert("LA" if channels == 1 and image.mode == "LA" else "RGBA")
    return image.convert("L" if channels == 1 else "RGB")


def _eight_bits(image: Image.Image) -> UInt8[np.ndarray, "height width"]:
    values = np.asarray(image)
    if image.mode == "F":
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
            raise BadImage("floating-point values outside 0..1: save the set as a .npy array")
        values = np.rint(values * 65535)
    clipped = np.clip(values.astype(np.int64), 0, 65535)
    rounded: UInt8[np.ndarray, "height width"] = ((clipped + 128) // 257).astype(np.uint8)
    return rounded

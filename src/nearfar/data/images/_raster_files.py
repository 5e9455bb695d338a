"""Bands of TIFF files, and 16-bit colour of PNG files, which Pillow reads in part or not at all."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from nearfar.data.images._picture import ORIENTATION, Bands, Meaning

__all__ = [
    "PngDepth",
    "TiffShape",
    "can_read_bands",
    "png_depth",
    "read_bands",
    "tiff_orientation",
    "tiff_shape",
]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
ASK = "pip install 'nearfar[geo]'"
COLORS: dict[int, Meaning] = {0: "gray", 2: "color", 4: "gray alpha", 6: "color alpha"}
NO_DATA = 42113  # the tag of GeoTIFF
PREMULTIPLIED, ALPHA = 1, 2  # values of ExtraSamples
RGB = 2  # a value of PhotometricInterpretation


@dataclass(frozen=True)
class PngDepth:
    """Depth of a PNG file.

    Attributes:
        bits: Bits per channel.
        meaning: Meaning of the channels.
        significant: Number of significant bits that the file declares (sBIT), if any.
    """

    bits: int
    meaning: Meaning
    significant: int | None


def png_depth(file: Path | bytes) -> PngDepth | None:
    """The depth of a PNG file, from its chunks before the pixels; None for palettes."""
    with io.BytesIO(file) if isinstance(file, bytes) else file.open("rb") as opened:
        start = opened.read(33)
        if not start.startswith(SIGNATURE) or len(start) < 33 or start[25] not in COLORS:
            return None
        significant = None
        while len(head := opened.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            if kind in (b"IDAT", b"IEND"):
                break
            content = opened.read(min(length, 16)) if kind == b"sBIT" else b""
            significant = max(content, default=None) if kind == b"sBIT" else significant
            opened.seek(length - len(content) + 4, 1)
    return PngDepth(start[24], COLORS[start[25]], significant)


@dataclass(frozen=True)
class TiffShape:
    """Shape and type of a TIFF file's first page.

    Attributes:
        bands: Number of bands.
        height: Height in pixels.
        width: Width in pixels.
        dtype: Type of the values.
        colors: Number of colour channels, 1 or 3.
        alpha: Whether the band after them is transparency.
        missing: Value that marks missing ones, if the file declares one.
        pages: Number of pages.
    """

    bands: int
    height: int
    width: int
    dtype: np.dtype[Any]
    colors: int
    alpha: bool
    missing: float | None
    pages: int


def can_read_bands(kind: str) -> bool:
    """Whether a library for a format, ``TIFF`` or ``PNG``, is installed."""
    names = ("rasterio", "tifffile") if kind == "TIFF" else ("rasterio",)
    return any(find_spec(name) is not None for name in names)


def tiff_orientation(file: Path | bytes) -> int:
    """The orientation that a TIFF file's first page declares, 1 to 8."""
    with io.BytesIO(file) if isinstance(file, bytes) else file.open("rb") as opened:
        start = opened.read(8)
        tags = ImageFileDirectory_v2(start + (opened.read(8) if 43 in start[2:4] else b""))
        opened.seek(tags.next)
        tags.load(opened)
        value = tags.get(ORIENTATION, 1)
    return value if value in range(2, 9) else 1


def tiff_shape(file: Path | bytes) -> TiffShape:
    """The shape of a TIFF file that Pillow cannot open.

    Raises:
        ImportError: Neither rasterio nor tifffile is installed.
    """
    if find_spec("rasterio") is None:
        with _page(file) as (first, pages):
            tag = first.tags.get(NO_DATA)
            missing = None if tag is None else float(tag.value)
            colors = 3 if first.photometric == RGB else 1
            alpha = bool(set(first.extrasamples[:1]) & {PREMULTIPLIED, ALPHA})
            size = (first.imagelength, first.imagewidth)
            count = first.samplesperpixel
            return TiffShape(count, *size, first.dtype, colors, alpha, missing, pages)
    with _raster(file) as opened:
        pages = max(1, len(opened.subdatasets))
        dtype = np.dtype(opened.dtypes[0])
        names = [band.name for band in opened.colorinterp]
        colors = 3 if names[:3] == ["red", "green", "blue"] else 1
        alpha = names[colors : colors + 1] == ["alpha"]
        size = (opened.height, opened.width)
        return TiffShape(opened.count, *size, dtype, colors, alpha, opened.nodata, pages)


def read_bands(
    file: Path | bytes,
    *,
    colors: int,
    extra: tuple[int, ...] = (),
    inverted: bool = False,
    missing: float | None = None,
) -> Bands:
    """All bands of a file's first page.

    Args:
        file: Path or content of a TIFF or PNG file.
        colors: Number of colour channels: 1 (grey) or 3 (RGB).
        extra: Meaning of each further band, as in TIFF's ExtraSamples.
        inverted: Whether white is zero.
        missing: Value that marks missing ones.

    Raises:
        ImportError: Neither rasterio nor, for TIFF, tifffile is installed.
    """
    if find_spec("rasterio") is None:
        with _page(file) as (first, _):
            values = np.asarray(first.asarray())
            if values.ndim == 2:
                values = values[None]
            elif first.planarconfig != 2:
                values = values.transpose(2, 0, 1)
    else:
        with _raster(file) as opened:
            values = opened.read()
    white = float(np.iinfo(values.dtype).max) if values.dtype.kind == "u" else 1.0
    if inverted and values.dtype.kind == "u":
        values = np.asarray(white, values.dtype) - values
    count = len(values)
    meaning: Meaning = "bands"
    if count == colors:
        meaning = "color" if colors == 3 else "gray"
    elif count == colors + 1 and extra[:1] and extra[0] in (PREMULTIPLIED, ALPHA):
        meaning = "color alpha" if colors == 3 else "gray alpha"
        values = _divided(values, white) if extra[0] == PREMULTIPLIED else values
    return Bands(values, meaning, white, missing)


def _divided(values: NDArray[Any], white: float) -> NDArray[Any]:
    """Colours that are not premultiplied by alpha."""
    share = values[-1:].astype(np.float64) / white
    color = np.divide(values[:-1], share, out=np.zeros(values[:-1].shape), where=share > 0)
    color = np.rint(color) if values.dtype.kind == "u" else color
    return np.concatenate([color.clip(0, white).astype(values.dtype), values[-1:]])


@contextmanager
def _raster(file: Path | bytes) -> Iterator[Any]:
    import rasterio

    if isinstance(file, bytes):
        with rasterio.MemoryFile(file) as memory, memory.open() as opened:
            yield opened
    else:
        with rasterio.open(file) as opened:
            yield opened


@contextmanager
def _page(file: Path | bytes) -> Iterator[tuple[Any, int]]:
    try:
        import tifffile
    except ImportError:
        raise ImportError(f"bands of TIFF and PNG files need rasterio: {ASK}") from None
    with tifffile.TiffFile(io.BytesIO(file) if isinstance(file, bytes) else file) as opened:
        yield opened.pages[0], len(opened.pages)

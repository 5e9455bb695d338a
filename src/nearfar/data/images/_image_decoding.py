"""Read the header of an image file, and decode it to numbers."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from nearfar.data.images._dicom_files import dicom_facts, is_dicom, read_dicom
from nearfar.data.images._image_header import Header, pillow_header, tiff_header
from nearfar.data.images._picture import bands_pixels, picture_pixels, target_size, upright
from nearfar.data.images._raster_files import read_bands

__all__ = ["BadImage", "decode", "patient_pillow", "read_header"]

COMMON = ("BMP", "DIB", "GIF", "JPEG", "PNG", "TIFF", "WEBP", "AVIF", "JPEG2000", "PPM", "QOI")
LOGGERS = ("PIL", "PIL.TiffImagePlugin", "tifffile", "rasterio", "pydicom")
WITHOUT_SIGNATURE = {".tga": "TGA", ".pcx": "PCX", ".sgi": "SGI"}


class BadImage(Exception):  # noqa: N818  (a finding about a file, caught within this package)
    """A file is not a readable image; the message is the reason."""


@contextmanager
def patient_pillow() -> Iterator[None]:
    """Silence libraries' warnings about unusual files; relevant problems become notes.

    Warning filters are shared by threads, so this must enclose a thread pool, not run inside it.
    """
    Image.init()
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        warnings.filterwarnings("ignore", message="Dataset has no geotransform")  # of rasterio
        for module in ("PIL", "pydicom", "rasterio", "tifffile"):
            warnings.filterwarnings("ignore", module=rf"{module}\.")
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def read_header(file: Path | bytes) -> Header:
    """Read the size and format of an image without decoding it.

    Args:
        file: Path or content of the file.

    Raises:
        BadImage: Not an image of a supported format, or a decompression bomb.
    """
    if isinstance(file, Path) and not file.is_file():  # reading a pipe would block
        raise BadImage("not a regular file")
    with _damage_is_bad():
        if is_dicom(file):
            return Header.of_dicom(dicom_facts(file))
        try:
            with Image.open(_readable(file), formats=_formats(file)) as image:
                header = pillow_header(image, file)
        except UnidentifiedImageError:
            if not _is_tiff(file):
                raise
            header = tiff_header(file)
    limit, pixels = Image.MAX_IMAGE_PIXELS, header.width * header.height
    if limit is not None and pixels > limit:
        raise BadImage(f"{pixels:,} pixels, the limit is {limit:,}")
    return header


def decode(
    file: Path | bytes,
    header: Header,
    *,
    channels: int,
    short_side: int,
    missing: float | None = None,
) -> NDArray[Any]:
    """Decode an image, upright, with its short side capped, as channels × height × width.

    The numbers are bytes, or those of the file if it has more than 8 bits per channel. The first of
    several frames is used. Missing values that the file declares become `missing`.

    Args:
        file: Path or content of the file.
        header: Its header.
        channels: 1 (grey), 3 (RGB), 4 (RGBA), or a number of bands.
        short_side: Largest short side in pixels.
        missing: Value that marks missing ones.

    Raises:
        BadImage: The file is damaged.
    """
    size = target_size(header.height, header.width, short_side=short_side)
    marked = missing if header.missing is None else header.missing
    with _damage_is_bad():
        if header.reader == "pillow":
            with Image.open(_readable(file), formats=_formats(file)) as image:
                image.draft("L" if channels == 1 else "RGB", size[::-1])  # JPEGs decode reduced
                pixels = picture_pixels(image, channels=channels, size=size, missing=marked)
        else:
            if header.dicom is not None:
                bands = read_dicom(file, header.dicom)
            else:
                bands = read_bands(
                    file,
                    colors=header.colors,
                    extra=header.extra,
                    inverted=header.inverted,
                    missing=marked,
                )
            pixels = bands_pixels(bands, channels=channels, size=size)
            pixels = upright(pixels, header.orientation)
        _check_finite(pixels, header.missing, missing)
    return _with_missing(pixels, header.missing, missing)


def _with_missing(
    pixels: NDArray[Any], declared: float | None, missing: float | None
) -> NDArray[Any]:
    """Replace the value that the file declares by the one that the source uses."""
    if declared is None or missing is None or declared == missing or pixels.dtype == np.uint8:
        return pixels
    gone = np.isnan(pixels) if np.isnan(declared) else pixels == declared
    if not gone.any():
        return pixels
    wide = (
        pixels if np.can_cast(np.min_scalar_type(missing), pixels.dtype) else pixels.astype(float)
    )
    return np.where(gone, np.asarray(missing, wide.dtype), wide)


def _check_finite(pixels: NDArray[Any], *missing: float | None) -> None:
    if pixels.dtype.kind != "f":
        return
    good = np.isfinite(pixels)
    for value in missing:
        if value is not None:
            good |= np.isnan(pixels) if np.isnan(value) else pixels == value
    if not good.all():
        raise BadImage("NaN or infinite values; --missing-value=nan if NaN marks missing ones")


@contextmanager
def _damage_is_bad() -> Iterator[None]:
    """Turn whatever a library raises for a file into one line."""
    try:
        yield
    except BadImage:
        raise
    except UnidentifiedImageError:
        raise BadImage("not an image") from None
    except Image.DecompressionBombError:
        limit = Image.MAX_IMAGE_PIXELS or 0
        raise BadImage(f"more than {2 * limit:,} pixels, the limit is {limit:,}") from None
    except MemoryError:
        raise BadImage("more memory needed than there is") from None
    except Exception as error:  # decoders raise errors of any kind for damaged files
        if isinstance(error, OSError) and error.errno is not None:
            raise  # an error of disk or network, not of the image
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadImage("truncated" if "truncated" in text.lower() else text) from None


def _formats(file: Path | bytes) -> tuple[str, ...]:
    """The formats to try; those that have no signature only if the file's extension is theirs."""
    ending = file.suffix.lower() if isinstance(file, Path) else ""
    further = WITHOUT_SIGNATURE.get(ending)
    known = (*COMMON, further) if further else COMMON
    return tuple(name for name in known if name in Image.OPEN)


def _readable(file: Path | bytes) -> Path | io.BytesIO:
    return io.BytesIO(file) if isinstance(file, bytes) else file


def _is_tiff(file: Path | bytes) -> bool:
    with io.BytesIO(file) if isinstance(file, bytes) else file.open("rb") as opened:
        return opened.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

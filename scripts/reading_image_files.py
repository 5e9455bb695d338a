"""Image files with more than 8 bits per channel, with bands, and of medicine."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DEEP_PNG", "DICOM", "TIFF"]

Row = tuple[str, Callable[[Path, int], None], Callable[[Path], NDArray[Any]], bool]
SIDE = (20, 24)


def numbers(seed: int, bands: int, low: float, high: float, dtype: Any) -> NDArray[Any]:
    """Random numbers, of which the first two are the ends."""
    random = np.random.default_rng(seed)
    values = low + (high - low) * random.random((*SIDE, bands))
    values[0, 0], values[0, 1] = low, high
    kind = np.dtype(dtype)
    return values.astype(kind) if kind.kind == "f" else np.rint(values).astype(kind)


def png(path: Path, seed: int, *, color: int, bands: int, high: int, significant: int = 0) -> None:
    """A PNG file with 16 bits per channel, which few libraries write in colour."""
    values = numbers(seed, bands, 0, high, np.uint16)
    height, width = values.shape[:2]
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in values)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, color, 0, 0, 0))]
    if significant:
        chunks.append((b"sBIT", bytes([significant] * bands)))
    chunks += [(b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    packed = (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(packed))


def raster(path: Path, *, high: float) -> NDArray[Any]:
    """GDAL's numbers, divided by the largest possible one."""
    import rasterio

    with rasterio.open(path) as opened:
        return np.asarray(opened.read()) / high


def raster_over_white(path: Path, *, high: float) -> NDArray[Any]:
    values = raster(path, high=high)
    return values[:-1] * values[-1:] + 1 - values[-1:]


def deep_png(color: int, bands: int, high: int = 65535, significant: int = 0) -> Any:
    def save(path: Path, seed: int) -> None:
        png(path, seed, color=color, bands=bands, high=high, significant=significant)

    return save


def decoded(high: float, *, alpha: bool = False) -> Callable[[Path], NDArray[Any]]:
    def decode(path: Path) -> NDArray[Any]:
        return raster_over_white(path, high=high) if alpha else raster(path, high=high)

    return decode


DEEP_PNG: list[Row] = [
    ("16 bits, grey", deep_png(0, 1), decoded(65535), True),
    ("16 bits, values of 12", deep_png(0, 1, high=4095), decoded(4095), True),
    ("16 bits, 12 significant", deep_png(0, 1, 4000, significant=12), decoded(4095), False),
    ("16 bits, colour", deep_png(2, 3), decoded(65535), False),
    ("16 bits, grey and alpha", deep_png(4, 2), decoded(65535, alpha=True), False),
    ("16 bits, colour and alpha", deep_png(6, 4), decoded(65535, alpha=True), False),
]


def tiff(dtype: Any, bands: int, low: float, high: float, **options: Any) -> Any:
    def save(path: Path, seed: int) -> None:
        import tifffile

        values = numbers(seed, bands, low, high, dtype)
        if options.get("planarconfig") == "separate":
            values = values.transpose(2, 0, 1)
        tifffile.imwrite(path, values[..., 0] if bands == 1 else values, **options)

    return save


def of_tiff(low: float, high: float) -> Callable[[Path], NDArray[Any]]:
    def decode(path: Path) -> NDArray[Any]:
        import tifffile

        values = np.atleast_3d(tifffile.imread(path)).astype(np.float64)
        return ((values - low) / (high - low)).transpose(2, 0, 1)

    return decode


def of_planes(high: float) -> Callable[[Path], NDArray[Any]]:
    def decode(path: Path) -> NDArray[Any]:
        import tifffile

        return np.asarray(tifffile.imread(path)) / high

    return decode


def over_white(high: float) -> Callable[[Path], NDArray[Any]]:
    def decode(path: Path) -> NDArray[Any]:
        values = of_tiff(0, high)(path)
        return values[:-1] * values[-1:] + 1 - values[-1:]

    return decode


def inverted(path: Path) -> NDArray[Any]:
    return 1 - of_tiff(0, 65535)(path)


ANY = {"photometric": "minisblack", "planarconfig": "contig"}
TIFF: list[Row] = [
    ("16 bits, grey", tiff("<u2", 1, 0, 65535), of_tiff(0, 65535), True),
    ("16 bits, big-endian", tiff(">u2", 1, 0, 65535, byteorder=">"), of_tiff(0, 65535), True),
    (
        "16 bits, white is zero",
        tiff("<u2", 1, 0, 65535, photometric="miniswhite"),
        inverted,
        True,
    ),
    (
        "16 bits, MaxSampleValue",
        tiff("<u2", 1, 0, 3000, extratags=[(281, 3, 1, 3000, True)]),
        of_tiff(0, 3000),
        True,
    ),
    ("16 bits, signed", tiff("<i2", 1, -1000, 3000), of_tiff(-1000, 3000), True),
    ("32 bits, signed", tiff("<i4", 1, -70000, 90000), of_tiff(-70000, 90000), True),
    ("32 bits, unsigned", tiff("<u4", 1, 0, 2**31 - 1), of_tiff(0, 2**31 - 1), True),
    ("32 bits, floating-point", tiff("<f4", 1, -3, 5), of_tiff(-3, 5), True),
    ("64 bits, floating-point", tiff("<f8", 1, -3, 5), of_tiff(-3, 5), False),
    ("16 bits, colour", tiff("<u2", 3, 0, 65535, photometric="rgb"), of_tiff(0, 65535), False),
    ("8 bits, 2 bands", tiff("u1", 2, 0, 255, **ANY), of_tiff(0, 255), False),
    (
        "8 bits, RGB and infrared",
        tiff("u1", 4, 0, 255, photometric="rgb", extrasamples=["unspecified"]),
        of_tiff(0, 255),
        False,
    ),
    ("8 bits, 5 bands", tiff("u1", 5, 0, 255, **ANY), of_tiff(0, 255), False),
    ("16 bits, 7 bands", tiff("<u2", 7, 0, 65535, **ANY), of_tiff(0, 65535), False),
    (
        "16 bits, 3 bands, one after the other",
        tiff("<u2", 3, 0, 65535, photometric="minisblack", planarconfig="separate"),
        of_planes(65535),
        False,
    ),
    (
        "16 bits, grey and alpha",
        tiff("<u2", 2, 0, 65535, extrasamples=["unassalpha"], **ANY),
        over_white(65535),
        False,
    ),
    ("32 bits, floating-point, 3 bands", tiff("<f4", 3, -3, 5, **ANY), of_tiff(-3, 5), False),
]


def dicom(*, bits: int, scale: str = "MONOCHROME2", low: int, high: int, **tags: Any) -> Any:
    """A DICOM file without compression."""

    def save(path: Path, seed: int) -> None:
        from pydicom.dataset import FileDataset, FileMetaDataset
        from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

        color = scale == "RGB"
        kind = np.uint8 if bits == 8 else np.int16 if low < 0 else np.uint16
        values = numbers(seed, 3 if color else 1, low, high, kind)
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = generate_uid()
        made = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
        made.Rows, made.Columns = SIDE
        made.SamplesPerPixel = 3 if color else 1
        made.PhotometricInterpretation = scale
        if color:
            made.PlanarConfiguration = 0
        made.BitsAllocated = 8 if bits == 8 else 16
        made.BitsStored, made.HighBit = bits, bits - 1
        made.PixelRepresentation = int(low < 0)
        made.InstanceNumber = seed + 1
        for name, value in tags.items():
            setattr(made, name, value)
        made.PixelData = values.tobytes()
        made.save_as(path, enforce_file_format=True)

    return save


def of_dicom(low: float, high: float, *, flip: bool = False) -> Callable[[Path], NDArray[Any]]:
    def decode(path: Path) -> NDArray[Any]:
        from pydicom import dcmread
        from pydicom.pixels import apply_rescale

        opened = dcmread(path)
        values = apply_rescale(opened.pixel_array, opened).astype(np.float64)
        scaled = np.atleast_3d((values - low) / (high - low)).transpose(2, 0, 1)
        return 1 - scaled if flip else scaled

    return decode


HOUNSFIELD = {"RescaleSlope": 1, "RescaleIntercept": -1024}
DICOM: list[Row] = [
    ("8 bits, grey", dicom(bits=8, low=0, high=255), of_dicom(0, 255), False),
    (
        "12 bits, Hounsfield units",
        dicom(bits=12, low=0, high=4000, **HOUNSFIELD),
        of_dicom(-1024, 3071),
        False,
    ),
    ("16 bits, signed", dicom(bits=16, low=-900, high=900), of_dicom(-32768, 32767), False),
    (
        "12 bits, white is zero",
        dicom(bits=12, scale="MONOCHROME1", low=0, high=4095),
        of_dicom(0, 4095, flip=True),
        False,
    ),
    ("8 bits, colour", dicom(bits=8, scale="RGB", low=0, high=255), of_dicom(0, 255), False),
]

"""The header of an image file: size, format, depth, and what of the file is not read."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from nearfar.data.images._dicom_files import DicomFacts
from nearfar.data.images._picture import (
    is_deep,
    is_gray,
    orientation_of,
    shown_size,
    tagged_orientation,
    tiff_tags,
)
from nearfar.data.images._raster_files import (
    can_read_bands,
    png_depth,
    tiff_orientation,
    tiff_shape,
)
from nearfar.data.images._value_depth import (
    SIXTEEN_BITS,
    Depths,
    depths_of,
    significant_bits,
    tag_numbers,
    tiff_depths,
)

__all__ = ["Header", "declared_missing", "pillow_header", "tiff_header"]

PAGE_KIND, BITS, PHOTOMETRIC, BANDS, EXTRA = 254, 258, 262, 277, 338  # TIFF tags
NO_DATA = 42113
RGB = 2  # a value of PhotometricInterpretation
REDUCED_OR_MASK = 5  # bits of NewSubfileType: a smaller copy, a mask
NOTHING = Depths()


@dataclass(frozen=True)
class Header:
    """What the header of an image file declares.

    Attributes:
        width: Width as stored, before `orientation` is applied.
        height: Height as stored, before `orientation` is applied.
        gray: Whether the file's format implies that every pixel is grey.
        orientation: EXIF orientation, 1 to 8.
        whole: Whether the file ends with its format's end marker; if not, it must be decoded to
            detect damage.
        deep: Whether there are more than 8 bits per channel.
        depths: What a deep file declares of its values.
        missing: Value that marks missing ones, if the file declares one.
        bands: Number of bands that are neither colour nor transparency; 0 for usual pictures.
        alpha: Whether a TIFF file declares its last band as transparency.
        left_out: Number of bands that cannot be read.
        shallow: Whether a deep file can only be read with 8 bits per channel.
        frames: Number of frames or pages.
        reader: Library that reads the file.
        colors: Number of colour channels, for `bands`.
        extra: Meaning of each further band, as in TIFF's ExtraSamples.
        inverted: Whether white is zero, for `bands`.
        dicom: The header of a DICOM file.
    """

    width: int
    height: int
    gray: bool
    orientation: int
    whole: bool
    deep: bool = False
    depths: Depths = NOTHING
    missing: float | None = None
    bands: int = 0
    alpha: bool = False
    left_out: int = 0
    shallow: bool = False
    frames: int = 1
    reader: Literal["pillow", "bands", "dicom"] = "pillow"
    colors: int = 1
    extra: tuple[int, ...] = ()
    inverted: bool = False
    dicom: DicomFacts | None = None

    @property
    def shown(self) -> tuple[int, int]:
        """Height and width after applying the orientation."""
        upright = self.orientation < 5
        return (self.height, self.width) if upright else (self.width, self.height)

    @classmethod
    def of_dicom(cls, facts: DicomFacts) -> Header:
        """The header of a DICOM file, whose size is known only to pydicom."""
        return cls(
            facts.width,
            facts.height,
            facts.gray,
            1,
            whole=False,
            deep=not facts.shallow,
            depths=Depths() if facts.shallow else Depths(facts.depth, full=facts.depth),
            missing=facts.missing,
            frames=facts.frames,
            reader="dicom",
            dicom=facts,
        )


def pillow_header(image: Image.Image, file: Path | bytes) -> Header:
    """The header of a file that Pillow has opened."""
    kind = image.format or ""
    orientation = orientation_of(image)
    height, width = shown_size(image)
    if orientation > 4:
        height, width = width, height
    known: dict[str, Any] = {
        "width": width,
        "height": height,
        "gray": is_gray(image),
        "orientation": orientation,
        "whole": _ends_well(file, kind),
        "deep": is_deep(image),
        "depths": depths_of(image, file),
    }
    if kind == "TIFF":
        known |= _of_tiff(image)
    elif kind == "PNG":
        known |= _of_png(file)
    return Header(**known, frames=_frame_count(image))


def tiff_header(file: Path | bytes) -> Header:
    """The header of a TIFF file that Pillow cannot open."""
    shape = tiff_shape(file)
    kind = shape.dtype
    odd = shape.bands - shape.colors - shape.alpha
    return Header(
        shape.width,
        shape.height,
        shape.colors == 1 and odd <= 0,
        tiff_orientation(file),
        whole=False,
        deep=kind != np.uint8,
        depths=Depths(full=SIXTEEN_BITS if kind == np.uint16 else None),
        missing=shape.missing,
        bands=shape.bands if odd > 0 else 0,
        alpha=shape.alpha and odd <= 0,
        frames=shape.pages,
        reader="bands",
        colors=shape.colors,
        extra=(2,) if shape.alpha else (),
    )


def _frame_count(image: Image.Image) -> int:
    """Number of frames or pages, without smaller copies and masks of the first one."""
    try:
        count = int(getattr(image, "n_frames", 1))
        if image.format != "TIFF" or count == 1:
            return count
        copies = 0
        for page in range(1, count):
            image.seek(page)
            copies += bool(tiff_tags(image).get(PAGE_KIND, 0) & REDUCED_OR_MASK)
        return count - copies
    except Exception:  # damage behind the first frame
        return 1


def _of_tiff(image: Image.Image) -> dict[str, Any]:
    """Depth and bands of a TIFF file."""
    tags = tiff_tags(image)
    bits = max(tag_numbers(tags.get(BITS, 1)))
    bands = int(tags.get(BANDS, 1))
    if is_deep(image) and bands == 1:
        return {"missing": declared_missing(image)}
    extra = tuple(map(int, tag_numbers(tags.get(EXTRA, ()))))
    photometric = int(tags.get(PHOTOMETRIC, 1))
    colors = 3 if photometric == RGB else 1
    alpha = bool(extra) and extra[0] in (1, 2)
    odd = bands - colors - alpha
    if photometric not in (0, 1, RGB) or not (bits > 8 or odd > 0):
        return {"alpha": alpha}
    if not can_read_bands("TIFF"):
        shallow = bits > 8 and not is_deep(image)
        return {"left_out": max(odd, 0), "shallow": shallow, "alpha": alpha}
    turn = tagged_orientation(image)  # which the libraries for bands do not apply
    height, width = shown_size(image)
    return {
        "orientation": turn,
        "height": width if turn > 4 else height,
        "width": height if turn > 4 else width,
        "alpha": alpha and odd <= 0,
        "missing": declared_missing(image),
        "deep": bits > 8,
        "depths": tiff_depths(tags, SIXTEEN_BITS if 8 < bits <= 16 else None),
        "bands": bands if odd > 0 else 0,
        "reader": "bands",
        "colors": colors,
        "extra": extra,
        "inverted": photometric == 0,
        "gray": bands - odd - alpha == 1 and odd <= 0,
        "whole": False,
    }


def _of_png(file: Path | bytes) -> dict[str, Any]:
    """Depth of a PNG file with 16 bits per channel."""
    depth = png_depth(file)
    if depth is None or depth.bits < 16:
        return {}
    if depth.meaning == "gray":
        return {}
    gray = depth.meaning.startswith("gray")
    if not can_read_bands("PNG"):
        return {"shallow": True, "gray": gray}
    alpha = depth.meaning.endswith("alpha")
    return {
        "deep": True,
        "depths": significant_bits(file),
        "reader": "bands",
        "gray": gray,
        "colors": 1 if gray else 3,
        "extra": (2,) if alpha else (),
    }


def declared_missing(image: Image.Image) -> float | None:
    """The value of GDAL's tag for missing values in a TIFF file."""
    value = tiff_tags(image).get(NO_DATA)
    try:
        return None if value is None else float(str(value).strip("\0 "))
    except ValueError:
        return None


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

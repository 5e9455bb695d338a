"""What image files declare of the values of their images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from nearfar.data.images._picture import is_deep, tiff_tags
from nearfar.data.images._raster_files import png_depth
from nearfar.data.images._value_range import Range

__all__ = [
    "SIXTEEN_BITS",
    "Depths",
    "depths_of",
    "joined_depths",
    "significant_bits",
    "tag_numbers",
    "tiff_depths",
]

SIXTEEN_BITS: Range = (0.0, 65535.0)
BITS, MAX_SAMPLE, SAMPLE_FORMAT = 258, 281, 339  # TIFF tags


@dataclass(frozen=True)
class Depths:
    """What files declare of the values of their images.

    Attributes:
        declared: The union of the declared ranges; None if a file declares none.
        spread: Whether values may nevertheless use the whole type.
        full: Range of the type, if it is unsigned and has 16 bits or fewer.
    """

    declared: Range | None = None
    spread: bool = False
    full: Range | None = None


def depths_of(image: Any, file: Path | bytes | None = None) -> Depths:
    """What a picture with more than 8 bits per channel declares; nothing for other objects.

    Args:
        image: The picture.
        file: Its file, if known.
    """
    if not isinstance(image, Image.Image) or not is_deep(image):
        return Depths()
    full = SIXTEEN_BITS if image.mode.startswith("I;16") else None
    if image.format in ("PPM", "JPEG2000") and image.mode != "F":
        return Depths(SIXTEEN_BITS, full=SIXTEEN_BITS)  # Pillow scales the values
    name = getattr(image, "filename", None)
    if file is None and isinstance(name, str) and Path(name).is_file():
        file = Path(name)
    if image.format == "PNG" and file is not None:
        return significant_bits(file)
    tags = tiff_tags(image)
    if full is None and image.mode != "I":
        return Depths()
    return tiff_depths(tags, full)


def tiff_depths(tags: Any, full: Range | None) -> Depths:
    """What the tags of a TIFF file with more than 8 bits per channel declare.

    Args:
        tags: The tags by number.
        full: Range of the type, if it is unsigned and has 16 bits or fewer.
    """
    if max(tag_numbers(tags.get(SAMPLE_FORMAT, 1))) != 1:  # signed or floating-point
        return Depths()
    bits = max(tag_numbers(tags.get(BITS, 16)))
    top = max(tag_numbers(tags.get(MAX_SAMPLE, 0)))
    declared = (0.0, float(2**bits - 1)) if bits < 16 else None
    return Depths((0.0, float(top)) if top > 255 else declared, full=full)


def significant_bits(file: Path | bytes) -> Depths:
    """The number of significant bits that a PNG file with 16 bits per channel declares."""
    depth = png_depth(file)
    bits = depth.significant if depth is not None else None
    if bits is None or not 0 < bits < 16:
        return Depths(full=SIXTEEN_BITS)
    return Depths((0.0, float(2**bits - 1)), spread=True, full=SIXTEEN_BITS)


def tag_numbers(value: Any) -> tuple[Any, ...]:
    """The values of a TIFF tag, of which Pillow unpacks single ones."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def joined_depths(depths: Sequence[Depths]) -> Depths:
    """What several files declare together."""
    declared = [depth.declared for depth in depths]
    full = [depth.full for depth in depths]
    return Depths(_union(declared), any(depth.spread for depth in depths), _union(full))


def _union(ranges: Sequence[Range | None]) -> Range | None:
    known = [found for found in ranges if found is not None]
    if not known or len(known) < len(ranges):
        return None
    return min(low for low, _ in known), max(high for _, high in known)

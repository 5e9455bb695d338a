"""DICOM files: modality values, grey scale, colour, order of a series."""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.data.images._picture import Bands

__all__ = ["DicomFacts", "dicom_facts", "is_dicom", "read_dicom"]

ASK = "pip install 'nearfar[medical]'"


@dataclass(frozen=True)
class DicomFacts:
    """What a DICOM file declares of its first frame.

    Attributes:
        height: Height in pixels.
        width: Width in pixels.
        gray: Whether the frame is grey.
        depth: Smallest and largest possible value after rescaling; None if a table maps the values.
        missing: Padding value after rescaling, if declared.
        frames: Number of frames.
        order: Place in its series: series, position along the axis of slices, number.
    """

    height: int
    width: int
    gray: bool
    depth: tuple[float, float] | None
    missing: float | None
    frames: int
    order: tuple[str, float, int]

    @property
    def shallow(self) -> bool:
        """Whether the values are bytes over the whole range."""
        return self.depth == (0.0, 255.0) or not self.gray


def is_dicom(file: Path | bytes) -> bool:
    """Whether a file has the signature of DICOM."""
    with io.BytesIO(file) if isinstance(file, bytes) else file.open("rb") as opened:
        return opened.read(132)[128:] == b"DICM"


def dicom_facts(file: Path | bytes) -> DicomFacts:
    """Read the header of a DICOM file.

    Raises:
        ImportError: pydicom is not installed.
    """
    header = _read(file, pixels=False)
    if "Rows" not in header or "BitsStored" not in header:
        raise ValueError("DICOM without an image")
    signed = bool(header.get("PixelRepresentation", 0))
    bits = int(header.BitsStored)
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    slope, intercept = _rescale(header)
    ends = sorted((slope * low + intercept, slope * high + intercept))
    padding = header.get("PixelPaddingValue")
    mapped = "ModalityLUTSequence" in header
    return DicomFacts(
        height=int(header.Rows),
        width=int(header.Columns),
        gray=str(header.PhotometricInterpretation).startswith("MONOCHROME"),
        depth=None if mapped else (float(ends[0]), float(ends[1])),
        missing=None if padding is None or mapped else float(slope * padding + intercept),
        frames=int(header.get("NumberOfFrames") or 1),
        order=_order(header),
    )


def read_dicom(file: Path | bytes, facts: DicomFacts) -> Bands:
    """The first frame of a DICOM file, in the units of its modality, such as Hounsfield units.

    Black is low: values of the grey scale MONOCHROME1 are inverted. Windows are not applied.

    Raises:
        ImportError: pydicom is not installed.
    """
    from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
    from pydicom.pixels.utils import pixel_array

    opened = _read(file, pixels=True)
    values = pixel_array(opened, index=0)
    scale = str(opened.PhotometricInterpretation)
    if scale == "PALETTE COLOR":
        values = _eight_bits(apply_color_lut(values, opened))
    if values.ndim == 3:
        return Bands(_eight_bits(values).transpose(2, 0, 1), "color", 255.0)
    missing = facts.missing
    if _rescale(opened) != (1.0, 0.0) or facts.depth is None:
        rescaled = apply_modality_lut(values, opened)
        whole = bool((rescaled == np.rint(rescaled)).all())
        values = rescaled.astype(np.int32) if whole else rescaled.astype(np.float64)
    if scale == "MONOCHROME1":
        ends = facts.depth or (float(values.min()), float(values.max()))
        flipped = sum(ends) - values.astype(np.float64)
        if missing is not None:
            flipped = np.where(values == missing, missing, flipped)
        values = np.rint(flipped).astype(np.int32) if values.dtype.kind in "iu" else flipped
    if facts.shallow and missing is None:
        values = values.astype(np.uint8)
    return Bands(values[None], "gray", 255.0, missing)


def _read(file: Path | bytes, *, pixels: bool) -> Any:
    if find_spec("pydicom") is None:
        raise ImportError(f"DICOM files need pydicom: {ASK}")
    from pydicom import dcmread

    opened = io.BytesIO(file) if isinstance(file, bytes) else file
    return dcmread(opened, stop_before_pixels=not pixels)


def _rescale(header: Any) -> tuple[float, float]:
    slope, intercept = header.get("RescaleSlope"), header.get("RescaleIntercept")
    return float(1 if slope is None else slope), float(intercept or 0)


def _order(header: Any) -> tuple[str, float, int]:
    """Series, position along the normal of the slices, and instance number."""
    along = 0.0
    place, axes = header.get("ImagePositionPatient"), header.get("ImageOrientationPatient")
    if place is not None and len(place) == 3:
        turned = axes is not None and len(axes) == 6
        rows, columns = np.array(axes, float).reshape(2, 3) if turned else np.eye(3)[:2]
        along = float(np.cross(rows, columns) @ np.array(place, float))
    number = header.get("InstanceNumber")
    return str(header.get("SeriesInstanceUID", "")), along, int(number or 0)


def _eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    if values.dtype == np.uint8:
        return values
    shift = 8 * (values.dtype.itemsize - 1)
    return (values >> shift).astype(np.uint8)

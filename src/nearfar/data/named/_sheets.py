"""Many small images in one compressed array: as lossless sheets, or as concatenated files."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64, UInt8
from numpy.typing import NDArray
from PIL import Image

from nearfar.data._thread_pool import in_threads

__all__ = ["decode_all", "read_sheets"]


def decode_all(files: list[bytes], *, label: str) -> UInt8[np.ndarray, "files 3 height width"]:
    """Decode image files of equal size to RGB, in threads."""
    images = in_threads(_decode, files, label=label)
    return np.stack(images).transpose(0, 3, 1, 2)


def read_sheets(
    path: Path,
) -> tuple[UInt8[np.ndarray, "samples 3 32 32"], Int64[np.ndarray, " samples"], tuple[str, ...]]:
    """Images, labels and class names from sheets of 25 × 40 images of 32×32 pixels."""
    with np.load(path, allow_pickle=False) as arrays:
        names = tuple(map(str, arrays["class_names"]))
        labels = arrays["y"].astype(np.int64)
        files = split(arrays["webp"], arrays["offsets"])
    sheets = decode_all(files, label=path.stem)
    tiles = sheets.reshape(-1, 3, 25, 32, 40, 32).transpose(0, 2, 4, 1, 3, 5)
    return np.ascontiguousarray(tiles.reshape(-1, 3, 32, 32)), labels, names


def split(content: NDArray[np.uint8], offsets: NDArray[Any]) -> list[bytes]:
    """Split concatenated files; file i is `content[offsets[i] : offsets[i + 1]]`."""
    return [content[a:b].tobytes() for a, b in pairwise(offsets.tolist())]


def _decode(file: bytes) -> UInt8[np.ndarray, "height width 3"]:
    with Image.open(io.BytesIO(file)) as image:
        return np.asarray(image.convert("RGB"))

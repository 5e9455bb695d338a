"""Arrays in the IDX format of MNIST, gzipped or not."""

from __future__ import annotations

import gzip
import re
import zlib
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.data._files import printable

__all__ = ["idx_labels", "idx_parts", "is_idx", "read_idx"]

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MOST_FILES = 100  # of a folder that is looked through
NAME = re.compile(r"[-._]idx\d-(ubyte|byte|short|int|float|double)$|\.idx$")


def is_idx(path: Path) -> bool:
    """Whether a file has a name of the IDX format.

    >>> is_idx(Path("train-images-idx3-ubyte.gz")), is_idx(Path("t10k-labels.idx1-ubyte"))
    (True, True)
    """
    return NAME.search(path.name.lower().removesuffix(".gz")) is not None


def read_idx(path: Path) -> NDArray[Any]:
    """Read an array in IDX format, gzipped or not.

    Raises:
        ValueError: The file is damaged or not in IDX format.
    """
    shown = printable(str(path))
    try:
        raw = path.read_bytes()
        content = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{shown} is damaged: {error}") from None
    is_idx_content = len(content) > 4 and content[:2] == b"\0\0" and content[2] in TYPES
    axes = content[3] if is_idx_content else 0
    start = 4 + 4 * axes
    if not axes or len(content) < start:
        raise ValueError(f"{shown} is not an IDX file, or is truncated")
    shape = tuple(np.frombuffer(content, ">u4", count=axes, offset=4).tolist())
    kind = np.dtype(TYPES[content[2]])
    count = 1
    for size in shape:
        count *= size
    if len(content) != start + count * kind.itemsize:
        raise ValueError(f"{shown} is not an IDX file of shape {shape}, or is truncated")
    array = np.frombuffer(content, kind, offset=start).reshape(shape)
    return array.astype(kind.newbyteorder("="), copy=False)


def idx_labels(path: Path) -> Path | None:
    """The file of labels next to a file of images, if there is one."""
    named = re.sub(r"images([-._])idx3", r"labels\1idx1", path.name)
    if named == path.name:
        return None
    bare = named.removesuffix(".gz")
    found = (path.with_name(name) for name in (named, bare, f"{bare}.gz"))
    return next((file for file in found if file.is_file()), None)


def idx_parts(folder: Path) -> tuple[Path, Path | None] | None:
    """The training and test images of a folder of IDX files; None if it is no such folder."""
    if not folder.is_dir():
        return None
    files = list(islice(folder.iterdir(), MOST_FILES + 1))
    if len(files) > MOST_FILES:
        return None
    images = sorted(
        file for file in files if is_idx(file) and "images" in file.name.lower() and file.is_file()
    )
    train = [file for file in images if "train" in file.name.lower()]
    test = [file for file in images if file.name.lower().startswith(("t10k", "test"))]
    if not train and len(images) != 1:
        return None
    return (train or images)[0], (test[0] if train and test else None)

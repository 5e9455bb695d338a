"""Arrays of images: every type of numbers and layout, on every road to nearfar."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from reading_case import Case, Outcome, compare_arrays
from torch.utils.data import TensorDataset

from nearfar.data import open_source

__all__ = ["cases"]

TYPES: dict[str, tuple[Any, float, float, float]] = {  # type, values, upper end of the range
    "booleans": (bool, 0, 1, 1),
    "bytes": ("u1", 0, 255, 255),
    "bytes, 0 and 1": ("u1", 0, 1, 1),
    "bytes, 0 to 3": ("u1", 0, 3, 3),
    "8 bits, signed": ("i1", -90, 100, 100),
    "16 bits, values of 12": ("<u2", 0, 4095, 4095),
    "16 bits, big-endian": (">u2", 0, 65535, 65535),
    "16 bits, signed": ("<i2", -1024, 3071, 3071),
    "32 bits, bytes": ("<i4", 0, 255, 255),
    "32 bits, signed": ("<i4", -70000, 90000, 90000),
    "64 bits": ("<i8", 0, 2**40 - 1, 2**40 - 1),
    "half precision": ("<f2", 0, 1, 1),
    "single precision": ("<f4", -3, 5, 5),
    "double precision": ("<f8", 1e9, 1e9 + 1, 1e9 + 1),
    "double precision, big-endian": (">f8", 0, 1, 1),
}


def numbers(name: str) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Images, and where each value is in their range."""
    dtype, low, high, top = TYPES[name]
    kind = np.dtype(dtype)
    values = low + (high - low) * np.random.default_rng(0).random((5, 3, 40, 36))
    values[:, 0, 0, :2] = low, high
    array = values.astype(kind) if kind.kind == "f" else np.rint(values).astype(kind)
    return array, (array.astype(np.float64) - low) / (top - low)


def native(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(array.dtype.newbyteorder("="))


def in_file(array: NDArray[Any], folder: Path) -> Any:
    np.save(folder / "a.npy", array)
    return open_source(folder / "a.npy")


def in_archive(array: NDArray[Any], folder: Path) -> Any:
    np.savez_compressed(folder / "a.npz", images=array)
    return open_source(folder / "a.npz")


ROADS: dict[str, Callable[[NDArray[Any], Path], Any]] = {
    "array": lambda array, folder: open_source(array),
    "channels last": lambda array, folder: open_source(np.moveaxis(array, 1, 3)),
    "Fortran order": lambda array, folder: open_source(np.asfortranarray(array)),
    "`.npy`": in_file,
    "`.npz`": in_archive,
    "tensor": lambda array, folder: open_source(torch.from_numpy(native(array))),
    "PyTorch dataset": lambda array, folder: open_source(
        TensorDataset(torch.from_numpy(native(array)))
    ),
}


def run(name: str, road: str, folder: Path) -> Outcome:
    array, expected = numbers(name)
    source = ROADS[road](array, folder)
    pixels = source.read(range(len(source))).inputs.pixels.numpy()
    found = pixels / 255 if pixels.dtype == np.uint8 else pixels
    return compare_arrays(found, expected, tolerance=1e-6)


def cases() -> list[Case]:
    return [
        Case("Arrays of images", "NumPy, PyTorch", name, road, partial(run, name, road))
        for name in TYPES
        for road in ROADS
    ]

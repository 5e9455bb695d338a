"""Files of arrays of every format and type, read as vectors, images and sequences."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow
import pyarrow.parquet
import scipy.io
import zarr
from numpy.typing import NDArray
from reading_case import Case, Outcome, compare_arrays
from safetensors.numpy import load_file, save_file

from nearfar.data import open_source

__all__ = ["cases"]

Arrays = NDArray[Any]
SINGLE = 1e-6  # rounding to single precision, of numbers near 1


@dataclass(frozen=True)
class Stored:
    """A way to store an array.

    Attributes:
        format: Name of the format.
        content: Type of the numbers and layout.
        ending: Extension.
        dtype: Type of the numbers.
        save: Writes an array.
        load: What the format's library reads, with one sample per row.
        key: Name of the array, if it has to be given.
    """

    format: str
    content: str
    ending: str
    dtype: str
    save: Callable[[Path, Arrays], None]
    load: Callable[[Path], Arrays]
    key: str | None = None


def numbers(road: str, dtype: str) -> Arrays:
    """Samples: vectors, grey images or series of two channels."""
    shape = {"vectors": (9, 6), "images": (9, 12, 10), "sequences": (9, 2, 24)}[road]
    random = np.random.default_rng(0)
    kind = np.dtype(dtype)
    if kind.kind == "f":
        values = random.random(shape)
        values.flat[:2] = 0, 1
        return values.astype(kind)
    if kind.kind == "b":
        return random.integers(0, 2, shape).astype(kind)
    values = random.integers(0, 128 if kind == np.int8 else 256, shape)
    return values.astype(kind)


def save_npy_gz(path: Path, array: Arrays) -> None:
    with gzip.open(path, "wb") as file:
        np.save(file, array)


def load_npy_gz(path: Path) -> Arrays:
    with gzip.open(path) as file:
        return np.load(file)


def save_hdf5(path: Path, array: Arrays, *, place: str = "x", **options: Any) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset(place, data=array, **options)
        file.create_dataset(f"{place}_other", data=np.arange(5))


def load_hdf5(path: Path, *, place: str = "x") -> Arrays:
    with h5py.File(path) as file:
        return np.asarray(file[place])


def save_matlab_73(path: Path, array: Arrays) -> None:
    """As MATLAB does with ``-v7.3``: HDF5 behind a block of text, axes in reverse."""
    with h5py.File(path, "w", userblock_size=512) as file:
        held = file.create_dataset("x", data=array.T)
        held.attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + b"\0" * 8)
        file.write(b"\0\2IM")


def save_zarr(path: Path, array: Arrays, *, version: int, group: bool) -> None:
    chunks = tuple(max(1, size // 2) for size in array.shape)
    if group:
        held = zarr.open_group(str(path), mode="w", zarr_format=version)
        part = held.create_array("x", shape=array.shape, dtype=array.dtype, chunks=chunks)
    else:
        part = zarr.create_array(
            str(path), shape=array.shape, dtype=array.dtype, chunks=chunks, zarr_format=version
        )
    part[...] = array


def load_zarr(path: Path) -> Arrays:
    opened: Any = zarr.open(str(path), mode="r")
    return np.asarray((opened if hasattr(opened, "shape") else opened["x"])[...])


IDX_TYPES = {"u1": 8, "i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}


def save_idx(path: Path, array: Arrays) -> None:
    kind = IDX_TYPES[array.dtype.str.lstrip("|")]
    header = bytes([0, 0, kind, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    content = header + array.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def load_idx(path: Path, *, dtype: str) -> Arrays:
    """The format has no library: its values are the end of the file."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    shape = np.frombuffer(content, ">i4", count=content[3], offset=4)
    return np.frombuffer(content, dtype, offset=4 + 4 * content[3]).reshape(shape)


def save_parquet(path: Path, array: Arrays, *, fixed: bool) -> None:
    """A column of lists, in lists for images and series."""
    column = pyarrow.array(array.tolist())
    if fixed:
        flat = pyarrow.array(array.ravel())
        for size in reversed(array.shape[1:]):
            flat = pyarrow.FixedSizeListArray.from_arrays(flat, size)
        column = flat
    pyarrow.parquet.write_table(pyarrow.table({"x": column}), path)


def load_parquet(path: Path) -> Arrays:
    return np.array(pyarrow.parquet.read_table(path)["x"].to_pylist())


def stored() -> list[Stored]:
    """NumPy's files in every type, and the others in the types that they are used with."""
    types = {
        "booleans": "?",
        "8 bits, unsigned": "u1",
        "8 bits, signed": "i1",
        "16 bits, unsigned, big-endian": ">u2",
        "32 bits, signed": "<i4",
        "64 bits, signed": "<i8",
        "half precision": "<f2",
        "single precision": "<f4",
        "single precision, big-endian": ">f4",
        "double precision": "<f8",
        "double precision, big-endian": ">f8",
    }
    own = [Stored(".npy", shown, ".npy", kind, np.save, np.load) for shown, kind in types.items()]
    own.append(
        Stored(
            ".npy",
            "Fortran order",
            ".npy",
            "<f4",
            lambda path, array: np.save(path, np.asfortranarray(array)),
            np.load,
        )
    )
    own.append(Stored(".npy", "gzip", ".npy.gz", "<f4", save_npy_gz, load_npy_gz))
    load_npz = lambda path: np.load(path)["x"]  # noqa: E731
    load_safe = lambda path: load_file(path)["x"]  # noqa: E731
    for shown, kind in (("single precision", "<f4"), ("8 bits, unsigned", "u1")):
        own += [
            Stored(".npz", shown, ".npz", kind, lambda p, a: np.savez(p, x=a), load_npz),
            Stored(
                ".npz",
                f"{shown}, compressed",
                ".npz",
                kind,
                lambda p, a: np.savez_compressed(p, x=a, other=a[:3]),
                load_npz,
            ),
        ]
    for shown in (
        "single precision",
        "double precision",
        "half precision",
        "8 bits, unsigned",
        "64 bits, signed",
    ):
        own.append(
            Stored(
                "safetensors",
                shown,
                ".safetensors",
                types[shown],
                lambda p, a: save_file({"x": a}, p),
                load_safe,
            )
        )
    for shown in ("double precision", "single precision", "8 bits, unsigned"):
        own.append(
            Stored(
                "MATLAB 5",
                shown,
                ".mat",
                types[shown],
                lambda p, a: scipy.io.savemat(p, {"x": a}, do_compression=True),
                lambda p: scipy.io.loadmat(p)["x"],
            )
        )
        own.append(
            Stored(
                "MATLAB 7.3", shown, ".mat", types[shown], save_matlab_73, lambda p: load_hdf5(p).T
            )
        )
    gzipped = partial(save_hdf5, compression="gzip", shuffle=True)
    deep = partial(save_hdf5, place="group/measured")
    for shown in ("single precision", "double precision, big-endian", "8 bits, unsigned"):
        own.append(Stored("HDF5", shown, ".h5", types[shown], save_hdf5, load_hdf5))
    own += [
        Stored("HDF5", "compressed chunks", ".hdf5", "<f4", gzipped, load_hdf5),
        Stored(
            "HDF5",
            "in a group, `--key`",
            ".h5",
            "<f4",
            deep,
            partial(load_hdf5, place="group/measured"),
            "group/measured",
        ),
    ]
    for version in (2, 3):
        for group in (False, True):
            save = partial(save_zarr, version=version, group=group)
            shown = f"version {version}, {'in a group' if group else 'one array'}"
            own.append(Stored("Zarr", shown, ".zarr", "<f4", save, load_zarr))
    for ending, shown in (("-idx", ""), ("-idx.gz", ", gzip")):
        for name, kind in (
            ("8 bits, unsigned", "u1"),
            ("32 bits, signed", ">i4"),
            ("single precision", ">f4"),
            ("double precision", ">f8"),
        ):
            own.append(
                Stored("IDX", name + shown, ending, kind, save_idx, partial(load_idx, dtype=kind))
            )
    for fixed, shown in ((False, "lists"), (True, "lists of fixed size")):
        for name in ("single precision", "8 bits, unsigned"):
            save = partial(save_parquet, fixed=fixed)
            own.append(
                Stored("Parquet", f"{shown}, {name}", ".parquet", types[name], save, load_parquet)
            )
    return own


def path_of(held: Stored, folder: Path, axes: int) -> Path:
    """MNIST's names for IDX files, which have the number of axes."""
    if held.format == "IDX":
        suffix = held.ending.removeprefix("-idx")
        return folder / f"train-images-idx{axes}-ubyte{suffix}"
    return folder / f"held{held.ending}"


def run(held: Stored, road: str, folder: Path) -> Outcome:
    array = numbers(road, held.dtype)
    path = path_of(held, folder, array.ndim)
    held.save(path, array)
    source = open_source(path, modality=road, **({} if held.key is None else {"key": held.key}))
    expected = held.load(path).astype(np.float64)
    inputs = source.read(range(len(source))).inputs
    if road == "vectors":
        return compare_arrays(inputs.numpy(), expected, tolerance=0)
    if road == "sequences":
        found = inputs.values.numpy() * np.reshape(source.scale or 1.0, (-1, 1))
        found = found + np.reshape(source.center or 0.0, (-1, 1))
        return compare_arrays(found, expected, tolerance=SINGLE, exact=SINGLE)
    pixels = inputs.pixels.numpy()[:, 0]
    found = pixels / 255 if pixels.dtype == np.uint8 else pixels.astype(np.float64)
    top = 255 if np.dtype(held.dtype).kind in "iu" else 1
    return compare_arrays(found, expected / top, tolerance=SINGLE, exact=SINGLE)


def cases() -> list[Case]:
    return [
        Case("Files of arrays", held.format, held.content, road, partial(run, held, road))
        for held in stored()
        for road in ("vectors", "images", "sequences")
    ]

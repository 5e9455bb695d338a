"""The headers of the arrays in files of each format."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.data._array_entries import RATES, UNNAMED, ArrayEntry, missing_reader
from nearfar.data._idx_files import idx_labels, idx_parts, read_idx
from nearfar.data._stored_matrices import npy_header

__all__ = ["FORMATS", "is_zarr"]

Reader = Callable[[Path, ExitStack], dict[str, ArrayEntry]]
MATLAB_73 = b"\x89HDF"
MAGIC, PICKLE = b"\x93NUMPY", b"\x80"
HIDDEN = "#"  # MATLAB's references


def _entry(array: Any) -> ArrayEntry:
    """An entry of an array that is in memory or mapped."""
    return ArrayEntry(tuple(array.shape), str(array.dtype), lambda: array)


def _npy(path: Path, stack: ExitStack) -> dict[str, ArrayEntry]:
    with (gzip.open if path.suffix.lower() == ".gz" else Path.open)(path, "rb") as opened:
        start = opened.read(6)
    if start and not start.startswith((MAGIC, PICKLE)):
        raise ValueError("not a .npy file, or truncated")
    if path.suffix.lower() == ".gz":
        with gzip.open(path) as file:
            return {UNNAMED: _entry(np.load(file, allow_pickle=False))}
    return {UNNAMED: _entry(np.load(path, mmap_mode="r", allow_pickle=False))}


def _npz(path: Path, stack: ExitStack) -> dict[str, ArrayEntry]:
    opened = stack.enter_context(path.open("rb"))  # numpy would leave a damaged file open
    arrays = stack.enter_context(np.load(opened, allow_pickle=False))
    if not isinstance(arrays, Mapping):
        raise ValueError("not a .npz file")
    entries = {}
    with zipfile.ZipFile(path) as file:
        for key in arrays:
            name = key if key in file.namelist() else f"{key}.npy"
            shape, kind = _npy_header(file, name)
            entries[key] = ArrayEntry(shape, kind, partial(arrays.__getitem__, key))
    return entries


def _npy_header(file: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], str]:
    with file.open(name) as entry:
        header = npy_header(entry)
    return ((), "unknown") if header is None else (header[0], str(header[2]))


def _safetensors(path: Path, stack: ExitStack) -> dict[str, ArrayEntry]:
    from safetensors import safe_open

    from nearfar.data._specs import array_of

    file = stack.enter_context(safe_open(path, framework="pt"))

    def read(key: str) -> NDArray[Any]:
        return array_of(file.get_tensor(key))

    entries = {}
    for key in file.keys():  # noqa: SIM118  (no iterator)
        part = file.get_slice(key)
        shape = tuple(part.get_shape())
        entries[key] = ArrayEntry(shape, str(part.get_dtype()), partial(read, key))
    return entries


def _matlab(path: Path, stack: ExitStack) -> dict[str, ArrayEntry]:
    with path.open("rb") as file:
        start = file.read(516)
    if MATLAB_73 in (start[:4], start[512:516]):
        return {
            key: ArrayEntry(entry.shape[::-1], entry.kind, partial(_transposed, entry))
            for key, entry in _hdf5(path, stack).items()
        }
    try:
        from scipy.io import loadmat, whosmat
    except ImportError:
        raise missing_reader(path, "scipy", "arrays") from None

    def read(key: str) -> NDArray[Any]:
        return _plain(loadmat(path, variable_names=[key])[key])

    return {key: ArrayEntry(shape, kind, partial(read, key)) for key, shape, kind in whosmat(path)}


def _plain(array: Any) -> NDArray[Any]:
    """A sparse matrix with its zeros, and a cell array of texts as texts."""
    if hasattr(array, "toarray"):
        dense: NDArray[Any] = array.toarray()
        return dense
    whole: NDArray[Any] = array
    cells = whole.reshape(-1).tolist() if whole.dtype == object else []
    if cells and all(isinstance(c, np.ndarray) and c.dtype.kind == "U" for c in cells):
        return np.array(["".join(c.tolist()) for c in cells], dtype=np.str_).reshape(whole.shape)
    return whole


def _transposed(entry: ArrayEntry) -> NDArray[Any]:
    return entry.read().T


def _hdf5(path: Path, stack: ExitStack) -> dict[str, ArrayEntry]:
    try:
        import h5py
    except ImportError:
        raise missing_reader(path, "h5py", "arrays") from None
    file = stack.enter_context(h5py.File(path, "r"))

    def read(dataset: Any) -> NDArray[Any]:
        offset = dataset.id.get_offset()
        if offset is not None and dataset.chunks is None and dataset.dtype.kind in "buif":
            return np.memmap(path, dataset.dtype, "r", offset=offset, shape=dataset.shape)
        values: NDArray[Any] = np.asarray(dataset[()])
        if values.dtype.hasobject and h5py.check_string_dtype(dataset.dtype):
            values = np.asarray(dataset.asstr()[()], dtype=np.str_)
        return values

    found = _members(file, "", lambda d: ArrayEntry(d.shape, str(d.dtype), partial(read, d)))
    return _with_rate(file, dict(found))


def _zarr(path: Path, stack: ExitStack) -> dict[str, ArrayEntry]:
    try:
        import zarr
    except ImportError:
        raise missing_reader(path, "zarr", "arrays") from None
    opened = zarr.open(str(path), mode="r")

    def entry(array: Any) -> ArrayEntry:
        return ArrayEntry(tuple(array.shape), str(array.dtype), lambda: np.asarray(array[...]))

    if hasattr(opened, "shape"):
        return {UNNAMED: entry(opened)}
    return _with_rate(opened, dict(_members(opened, "", entry)))


def _with_rate(group: Any, entries: dict[str, ArrayEntry]) -> dict[str, ArrayEntry]:
    """The arrays, and a sampling rate among the attributes of the group or of its arrays."""
    known = {key.rpartition("/")[2].casefold() for key in entries}
    if known & set(RATES):
        return entries
    for holder in (group, *(group[key] for key in entries)):
        attributes = {str(key).casefold(): key for key in holder.attrs}
        name = next((rate for rate in RATES if rate in attributes), None)
        if name is None:
            continue
        value = np.asarray(holder.attrs[attributes[name]])
        if value.dtype.kind in "iuf" and value.size == 1:
            return entries | {name: _entry(value)}
    return entries


def _members(
    group: Any, place: str, entry: Callable[[Any], ArrayEntry], above: tuple[Any, ...] = ()
) -> Iterator[tuple[str, ArrayEntry]]:
    """All arrays of a group and its subgroups, by path; broken links and loops are left out."""
    for name in group.keys():  # noqa: SIM118  (no mapping in each version)
        if name.startswith(HIDDEN):
            continue
        try:
            member = group[name]
        except (KeyError, OSError):  # a link to nothing
            continue
        if member in (group, *above):
            continue
        if hasattr(member, "shape"):
            if member.shape is not None:
                yield place + name, entry(member)
        elif hasattr(member, "keys"):
            yield from _members(member, f"{place}{name}/", entry, (group, *above))


def _parquet(path: Path, stack: ExitStack) -> dict[str, ArrayEntry]:
    try:
        import pyarrow.parquet
    except ImportError:
        raise missing_reader(path, "pyarrow", "parquet") from None
    table = pyarrow.parquet.read_table(path)
    entries = {}
    for name in table.column_names:
        values = table.column(name).to_pylist()
        try:
            array = np.asarray(values)
        except ValueError:  # lists of several lengths
            continue
        if not array.dtype.hasobject:
            entries[name] = _entry(array)
    return entries


def _idx(path: Path, stack: ExitStack) -> dict[str, ArrayEntry]:
    parts = idx_parts(path)
    train, test = (path, None) if parts is None else parts
    entries = {"x": _entry(read_idx(train))}
    labels = idx_labels(train)
    if labels is None and parts is None:
        return {UNNAMED: entries["x"]}
    if labels is not None:
        entries["y"] = _entry(read_idx(labels))
    if test is not None:
        entries["x_test"] = _entry(read_idx(test))
        test_labels = idx_labels(test)
        if test_labels is not None:
            entries["y_test"] = _entry(read_idx(test_labels))
    return entries


def is_zarr(path: Path) -> bool:
    """Whether a folder is a Zarr store."""
    if not path.is_dir():
        return path.name.lower().endswith(".zarr.zip")
    names = ("zarr.json", ".zarray", ".zgroup")
    return path.suffix.lower() == ".zarr" or any((path / name).is_file() for name in names)


FORMATS: Mapping[str, Reader] = {
    ".npy": _npy,
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".mat": _matlab,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
    ".zarr": _zarr,
    ".parquet": _parquet,
    ".idx": _idx,
}

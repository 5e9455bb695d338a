"""Folders of array files: one array with its labels, named arrays, or one array per sample."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from nearfar._audience import given
from nearfar.data._array_entries import RATES, UNNAMED, ArrayEntry
from nearfar.data._files import counted, file_ending, list_names, printable
from nearfar.data._folder_split import class_folders, find_split
from nearfar.data._folder_walk import is_system_entry, walk_files
from nearfar.data._label_names import LABELS, TEST_LABELS

__all__ = ["FOLDER", "ArrayItems", "FolderArrays", "arrays_of_folder", "holds_arrays"]

FOLDER = ".arrays"
"""What stands for the extension of a folder of arrays."""

SINGLE = (".npz", ".safetensors", ".mat", ".h5", ".hdf5")
SAMPLES = (
    *("x", "x_train", "x_test", "images", "train_images", "test_images", "data", "features"),
    *("vectors", "sequences", "series", "samples", "offsets", "edge_index", "ids"),
)
ASIDE = (".txt", ".md", ".json", ".yaml", ".yml", ".csv", ".tsv", ".toml", ".py", ".ipynb", ".pdf")
LOOKED_AT = 50  # entries of a folder
INSIDE = 8  # subfolders
DEPTH = 2
SMALL_SIDE = 1_024  # channels of a series

Reader = Callable[[Path], dict[str, ArrayEntry]]


def holds_arrays(folder: Path) -> bool:
    """Whether most files of a folder are arrays, or one is and the others are no samples.

    A few entries of the folder and of its first subfolders are looked at.
    """
    names = [Path(name) for name in _peek(str(folder), DEPTH)]
    endings = [file_ending(name) for name in names]
    count = endings.count(".npy")
    if 2 * count > len(endings):
        return True
    others = [e for name, e in zip(names, endings, strict=True) if not _is_aside(name, e)]
    return len(others) == 1 and others[0] in (".npy", *SINGLE)


def _is_aside(path: Path, ending: str) -> bool:
    labels = ending == ".npy" and path.stem.lower() in (*LABELS, *TEST_LABELS)
    return not ending or ending in ASIDE or labels


def _peek(folder: str, depth: int) -> Iterator[str]:
    """Names of a few files."""
    folders = []
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, LOOKED_AT):
                if entry.name.startswith(".") or is_system_entry(entry.name):
                    continue
                if entry.is_dir():
                    folders.append(entry.path)
                else:
                    yield entry.name
    except OSError:
        return
    if depth:
        for inside in sorted(folders)[:INSIDE]:
            yield from _peek(inside, depth - 1)


@final
class FolderArrays:
    """The ``.npy`` files of a folder with one sample each.

    Args:
        folder: The folder.
        files: Paths of the files in it, sorted.

    Attributes:
        names: Path of each file inside the folder.
        shapes: Shape of each array.
        kind: Type of the values.

    Raises:
        TypeError: A file of Python objects.
        ValueError: A damaged file, or no file.
    """

    def __init__(self, folder: Path, files: Sequence[str]) -> None:
        if not files:
            raise ValueError(f"{printable(str(folder))} must contain .npy files, got none")
        self.folder = folder
        self.names = tuple(Path(name).as_posix() for name in files)
        self._paths = [folder / name for name in files]
        mapped = [self.read(row) for row in range(len(files))]
        self.shapes = [array.shape for array in mapped]
        kinds = {array.dtype.name for array in mapped}
        self._split = find_split([Path(name) for name in self.names], where=folder.name)
        self.kind = kinds.pop() if len(kinds) == 1 else str(np.result_type(*kinds))

    def read(self, row: int) -> NDArray[Any]:
        """The array in a file, memory-mapped."""
        path = self._paths[row]
        try:
            found: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            shown = printable(self.names[row])
            if "pickle" in str(error).lower() or "object" in str(error).lower():
                raise TypeError(
                    f"{shown} in {printable(str(self.folder))} contains Python objects, which are"
                    " never loaded: save plain numbers with numpy.save"
                ) from None
            raise ValueError(
                f"{shown} in {printable(str(self.folder))} is damaged: {str(error).splitlines()[0]}"
            ) from None
        return found

    def entries(self) -> dict[str, ArrayEntry]:
        """The samples as the arrays of a file: stacked, or concatenated along time.

        Raises:
            ValueError: Arrays of shapes that no modality has in common.
        """
        shape = self.shapes[0]
        if len(set(self.shapes)) == 1:
            return self._stacked()
        time = self._time_axis()
        if time is None:
            raise ValueError(self._mixed())
        classes = self._classes(range(len(self.names)))
        ends = np.cumsum([0, *(each[time] for each in self.shapes)])
        channels = shape[:time] + shape[time + 1 :]
        return {
            "samples": ArrayEntry((int(ends[-1]), *channels), self.kind, self._concatenate),
            "offsets": ArrayEntry(ends.shape, "int64", lambda: ends),
        } | ({} if classes is None else {"y": _words(classes)})

    def are_pictures(self) -> bool:
        """Whether the arrays have different sizes and can be images only."""
        axes = {len(shape) for shape in self.shapes}
        return len(set(self.shapes)) > 1 and axes in ({2}, {3}) and self._time_axis() is None

    @property
    def train_names(self) -> tuple[str, ...]:
        """The names without those of the official test set."""
        test = set(self._split.test)
        return tuple(name for row, name in enumerate(self.names) if row not in test)

    @property
    def note(self) -> str:
        """What the arrays are read as."""
        shapes = set(self.shapes)
        size = "×".join(map(str, self.shapes[0])) if len(shapes) == 1 else "several sizes"
        files = f"{counted(len(self.names), 'array')} of {size}, one per file"
        alike = len(shapes) == 1 and len(self.shapes[0]) in (1, 2)
        how = f"; {given(modality='sequences')} reads each as a series" if alike else ""
        aside = f"; {len(self._split.test):,} of them are a test set" if self._split.test else ""
        return f"{files}{how}{aside}"

    def _time_axis(self) -> int | None:
        """The axis of series of different lengths; None if more than one axis differs."""
        axes = {len(shape) for shape in self.shapes}
        if axes not in ({1}, {2}):
            return None
        if axes == {1}:
            return 0
        shapes: NDArray[Any] = np.array(self.shapes)
        same = [len(np.unique(shapes[:, axis])) == 1 for axis in (0, 1)]
        if same == [False, True] and shapes[0, 1] <= SMALL_SIDE:
            return 0
        return 1 if same == [True, False] and shapes[0, 0] <= SMALL_SIDE else None

    def _stacked(self) -> dict[str, ArrayEntry]:
        """Arrays of one shape as one, and those of the official test set as another."""
        test = self._split.test
        parts = [("", [row for row in range(len(self.names)) if row not in set(test)])]
        parts += [("_test", list(test))] if test else []
        found: dict[str, ArrayEntry] = {}
        for name, rows in parts:
            shape = (len(rows), *self.shapes[0])
            found[f"x{name}"] = ArrayEntry(shape, self.kind, partial(self._stack, rows))
            classes = self._classes(rows)
            if classes is not None:
                found[f"y{name}"] = _words(classes)
        return {UNNAMED: found["x"]} if len(found) == 1 else found

    def _stack(self, rows: Sequence[int]) -> NDArray[Any]:
        found = np.empty((len(rows), *self.shapes[0]), self.kind)
        for place, row in enumerate(rows):
            found[place] = self.read(row)
        return found

    def _concatenate(self) -> NDArray[Any]:
        arrays = [self.read(row) for row in range(len(self.names))]
        return np.concatenate([array.T for array in arrays] if self._time_axis() else arrays)

    def _classes(self, rows: Sequence[int]) -> NDArray[Any] | None:
        """The class folder of each file; None unless all have one, of at least two."""
        paths = [Path(self.names[row]) for row in rows]
        found = class_folders(paths, below=self._split.class_depth)
        words = [name for name in found if name is not None]
        if len(words) < len(found) or len(set(words)) < 2:
            return None
        return np.array(words, dtype=np.str_)

    def _mixed(self) -> str:
        """Why the arrays are no samples of one kind."""
        first: dict[tuple[int, ...], str] = {}
        for shape, name in zip(self.shapes, self.names, strict=True):
            first.setdefault(shape, name)
        shown = [f"{'×'.join(map(str, s)) or 'one number'} ({n})" for s, n in first.items()]
        return (
            f"arrays in {printable(str(self.folder))} must have one number of axes, and sizes that"
            f" differ in one axis (sequences) or in height and width (images), got"
            f" {counted(len(first), 'shape')}: {list_names(shown)}"
        )


def _words(classes: NDArray[Any]) -> ArrayEntry:
    return ArrayEntry(classes.shape, "str", lambda: classes)


@final
class ArrayItems(Sequence[NDArray[Any]]):
    """The arrays of a folder as the items of a dataset."""

    def __init__(self, arrays: FolderArrays) -> None:
        self.arrays = arrays

    def __len__(self) -> int:
        return len(self.arrays.names)

    def __getitem__(self, row: Any) -> Any:
        return np.asarray(self.arrays.read(row))


def arrays_of_folder(folder: Path, read: Reader) -> FolderArrays | dict[str, ArrayEntry]:
    """The arrays in a folder: samples in a file each, or arrays by the names of their files.

    A single file is read as it is, next to labels called ``y`` or ``labels``; files that are called
    like the arrays of a ``.npz`` file (``x``, ``x_train``, ``y``, …) are its arrays.

    Args:
        folder: The folder.
        read: Reads a file of arrays.

    Raises:
        TypeError: A file of Python objects.
        ValueError: No array, or a damaged file.
    """
    files = walk_files(folder).files
    arrays = [name for name in files if file_ending(Path(name)) in (".npy", *SINGLE)]
    by_stem = {Path(name).stem.lower(): name for name in arrays if len(Path(name).parts) == 1}
    usual = {*SAMPLES, *LABELS, *TEST_LABELS, *RATES}
    samples = [name for name in arrays if Path(name).stem.lower() not in (*LABELS, *TEST_LABELS)]
    named = len(by_stem) == len(arrays) and (set(by_stem) <= usual or len(samples) == 1)
    if not named:
        return FolderArrays(folder, [name for name in arrays if name.endswith((".npy", ".NPY"))])
    entries: dict[str, ArrayEntry] = {}
    for stem, name in by_stem.items():
        held = read(folder / name)
        alone = len(by_stem) == 1
        entries |= {(stem if key == UNNAMED and not alone else key): e for key, e in held.items()}
    return entries

"""The official split of a folder and its class subfolders, for files of any kind."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nearfar.data._files import printable
from nearfar.data._labeled_data import LabeledData, with_labels
from nearfar.data._source import Source
from nearfar.data._specs import Split, refuse_test
from nearfar.data._subset import Subset

__all__ = ["Folder", "class_folders", "label_folder", "split_folder", "test_positions"]

TRAIN = ("train", "training")
TEST = ("test", "val", "valid", "validation")


class Folder(Source):
    """A source whose samples are files in a folder, or parts of such files."""

    @abstractmethod
    def paths(self) -> tuple[Path, ...]:
        """For each sample, the path of its file relative to the folder."""


def split_folder(folder: Folder, *, split: Split, noun: str) -> Source:
    """Select a split of a folder.

    Args:
        folder: The whole folder.
        split: ``train``, ``test`` or ``all``, as in :func:`nearfar.data.open_source`.
        noun: Content of the files, for messages: ``images``.

    Raises:
        ValueError: The test set of a folder without an official split.
    """
    test = test_positions(folder.paths())
    if not test:
        refuse_test(split, "a folder without train/ and test/")
        return folder
    if split == "all":
        return folder
    if split == "test":
        return Subset(folder, test, name=f"{folder.name}-test")
    chosen = set(test)
    aside = f"{len(test):,} {noun} of the folder's test set excluded"
    return Subset(folder, [i for i in range(len(folder)) if i not in chosen], notes=(aside,))


def label_folder(folder: Folder, *, noun: str) -> LabeledData:
    """Label each sample with the name of its class subfolder.

    Args:
        folder: The whole folder.
        noun: Content of the files, for messages: ``images``.

    Raises:
        ValueError: Files outside a class subfolder, or only one class.
    """
    paths = folder.paths()
    test = test_positions(paths)
    classes = class_folders(paths, below=1 if test else 0)
    stray = [str(path) for path, name in zip(paths, classes, strict=True) if name is None]
    if stray:
        raise ValueError(
            f"{folder.name}: {len(stray):,} of {len(paths):,} {noun} are not in a class subfolder,"
            f" the first is {printable(stray[0])}"
        )
    names = np.asarray(classes, dtype=np.str_)
    if not test:
        return with_labels(folder, names)
    chosen = set(test)
    train = [i for i in range(len(folder)) if i not in chosen]
    return with_labels(Subset(folder, train), names[train], Subset(folder, test), names[test])


def test_positions(paths: Sequence[Path]) -> list[int]:
    """Positions of the test files if the top-level folders are an official split.

    They are if every file is below ``train``, ``test``, ``val``, ``valid`` or ``validation``, with
    at least one below ``train`` and one below another of these. The first existing one of ``test``,
    ``val``, ``valid`` and ``validation`` is the test set.

    >>> test_positions([Path("train/a/1.png"), Path("val/a/1.png"), Path("train/b/2.png")])
    [1]
    """
    tops = [path.parts[0].lower() if len(path.parts) > 1 else "" for path in paths]
    held = set(tops)
    if not (held & set(TRAIN) and held & set(TEST) and held <= {*TRAIN, *TEST}):
        return []
    chosen = next(name for name in TEST if name in held)
    return [position for position, top in enumerate(tops) if top == chosen]


def class_folders(paths: Sequence[Path], *, below: int) -> list[str | None]:
    """Name of the folder of each file at depth `below`; None for a file higher up.

    >>> class_folders([Path("train/cat/1.png"), Path("train/2.png")], below=1)
    ['cat', None]
    """
    return [path.parts[below] if len(path.parts) > below + 1 else None for path in paths]

"""The official split of a folder and its class subfolders, for files of any kind."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nearfar.data._files import list_names, printable
from nearfar.data._folder_split import class_folders, find_split
from nearfar.data._labeled_data import LabeledData, with_labels
from nearfar.data._omissions import Omission
from nearfar.data._source import Source
from nearfar.data._specs import Split, refuse_test
from nearfar.data._subset import Subset

__all__ = ["Folder", "has_classes", "label_folder", "select_split"]


class Folder(Source):
    """A source whose samples are files in a folder, or parts of such files."""

    @abstractmethod
    def paths(self) -> tuple[Path, ...]:
        """For each sample, the path of its file relative to the folder."""


def select_split(
    folder: Folder, *, split: Split, noun: str, test_folder: str | None = None
) -> Source:
    """Select a split of a folder.

    Args:
        folder: The whole folder.
        split: ``train``, ``test`` or ``all``, as in :func:`nearfar.data.open_source`.
        noun: Content of the files, for messages: ``images``.
        test_folder: Name of the folder that is the test set, ``none`` if the folders are no split;
            recognised by :func:`nearfar.data._folder_split.find_split` by default.

    Raises:
        ValueError: The test set of a folder without an official split, or no folder of this name.
    """
    if split == "all":
        return folder
    found = find_split(folder.paths(), split_folder=test_folder, where=folder.name)
    if not found.test:
        refuse_test(split, "a folder without train/ and test/")
        return folder
    if split == "test":
        return Subset(folder, found.test, name=f"{folder.name}-test")
    chosen = set(found.test)
    train = [i for i in range(len(folder)) if i not in chosen]
    if not train:
        raise ValueError(f"no {noun} in {folder.name} except in the test set {found.test_names[0]}")
    aside = Omission(f"{len(found.test):,} {noun} of the folder's test set excluded")
    return Subset(folder, train, notes=(found.note(noun), aside))


def label_folder(folder: Folder, *, noun: str, test_folder: str | None = None) -> LabeledData:
    """Label each sample with the name of its class subfolder.

    Args:
        folder: The whole folder.
        noun: Content of the files, for messages: ``images``.
        test_folder: Name of the folder that is the test set, as in :func:`select_split`.

    Raises:
        ValueError: Files outside a class subfolder, only one class, or no folder of this name.
    """
    paths = folder.paths()
    found = find_split(paths, split_folder=test_folder, where=folder.name)
    classes = class_folders(paths, below=found.class_depth)
    test, aside = list(found.test), {*found.test, *found.unlabeled}
    notes = [found.note(noun)] if test or found.unlabeled else []
    if test and all(classes[i] is None for i in test):
        unlabeled = f"{len(test):,} {noun} of the test set have no class folders and are left out"
        notes.append(Omission(unlabeled))
        test = []
    train = [i for i in range(len(folder)) if i not in aside]
    stray = [str(paths[i]) for i in (*train, *test) if classes[i] is None]
    if stray:
        raise ValueError(
            f"{folder.name}: {len(stray):,} of {len(paths):,} {noun} are not in a class subfolder,"
            f" the first is {printable(stray[0])}"
        )
    if not found.test and not found.unlabeled:
        return with_labels(folder, np.asarray(classes, dtype=np.str_))
    if not train:
        but = list_names((*found.test_names, *found.unlabeled_names))
        raise ValueError(f"no {noun} in {folder.name} except in {but}")
    names = np.asarray([name or "" for name in classes], dtype=np.str_)
    source = Subset(folder, train, notes=tuple(notes))
    if not test:
        return with_labels(source, names[train])
    return with_labels(source, names[train], Subset(folder, test), names[test])


def has_classes(paths: Sequence[Path]) -> bool:
    """Whether :func:`label_folder` finds classes, by the paths of the files alone.

    >>> has_classes([Path("train/a/1.png"), Path("train/b/2.png"), Path("test/3.png")])
    True
    >>> has_classes([Path("a/1.png"), Path("2.png")])
    False
    """
    found = find_split(paths)
    aside = {*found.test, *found.unlabeled}
    classes = class_folders(paths, below=found.class_depth)
    train = {name for i, name in enumerate(classes) if i not in aside}
    return None not in train and len(train) > 1

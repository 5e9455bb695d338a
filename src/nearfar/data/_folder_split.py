"""Which folders are an official split, by their names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nearfar.data._files import list_names, printable

__all__ = ["FolderSplit", "class_folders", "find_split"]

TRAIN = ("train", "training", "trn")
HELD_OUT = (
    *("test", "testing", "tst", "holdout", "heldout", "eval", "evaluation"),
    *("val", "valid", "validation", "dev", "devel", "development"),
)
"""Names of a test set; of several, the first is the test set and the others are for training."""
UNLABELED = (
    *("unlabeled", "unlabelled", "unsup", "unsupervised", "nolabel", "nolabels"),
    *("extra", "pred", "predict", "prediction"),
)
FILLERS = (  # train_set, seg_train, train_images, train-clean-100
    *("set", "split", "data", "dataset", "images", "image", "imgs", "img", "pictures", "photos"),
    *("audio", "sounds", "sound", "wav", "wavs", "files", "seg", "clean", "other", "small", "full"),
)


@dataclass(frozen=True)
class FolderSplit:
    """The split of the files in a folder.

    Attributes:
        test: Positions of the files of the test set; empty without an official split.
        unlabeled: Positions of further training files whose folders are no classes.
        class_depth: Index in each path of the folder that is the class.
        train_names: Folders for training.
        test_names: Folders of the test set.
        unlabeled_names: Folders for training without labels.
        is_given: Whether the user named the test set.
    """

    test: tuple[int, ...] = ()
    unlabeled: tuple[int, ...] = ()
    class_depth: int = 0
    train_names: tuple[str, ...] = ()
    test_names: tuple[str, ...] = ()
    unlabeled_names: tuple[str, ...] = ()
    is_given: bool = False

    def note(self, noun: str) -> str:
        """The split in one line, and how to override it."""
        parts = [f"training {list_names(self.train_names)}"]
        if self.unlabeled_names:
            named = list_names(self.unlabeled_names)
            parts.append(f"without labels {named} ({len(self.unlabeled):,})")
        if self.test:
            parts.append(f"test {list_names(self.test_names)} ({len(self.test):,} {noun})")
        how = "" if self.is_given else "; `split_folder`=none makes the folders classes"
        return f"folders are a split: {', '.join(parts)}{how}"


def find_split(
    paths: Sequence[Path], *, split_folder: str | None = None, where: str = "the folder"
) -> FolderSplit:
    """Find the official split of a folder, by the names of its subfolders.

    The names are compared without case, digits and fillers such as ``set`` and ``images``:
    ``Training``, ``train_set``, ``train2017`` and ``seg_train`` are ``train``. There is a split if
    a folder for training (``train``, ``training``) is next to one that is held out (``test``,
    ``testing``, ``holdout``, ``eval``, ``evaluation``, ``val``, ``valid``, ``validation``, ``dev``,
    ``development``). The first of these in this order is the test set; the others are for training.
    Everything else next to them (``unlabeled``, ``unsup``, ``extra``) is for training without
    labels. The split can lie deeper, in a folder that contains all the others or in each class.

    Args:
        paths: Path of each file relative to the folder.
        split_folder: Name of the folder that is the test set; ``none`` if the folders are no split.
        where: Name of the folder in messages.

    Raises:
        ValueError: No folder has the name `split_folder`.

    Example:
        >>> find_split([Path("train/a/1.png"), Path("Dev/a/1.png"), Path("train/b/2.png")]).test
        (1,)
        >>> find_split([Path("train/a/1.png"), Path("dev/a/1.png")], split_folder="none").test
        ()
    """
    wrapped = _wrapping(paths)
    named = split_folder is not None and split_folder.casefold() not in ("none", "auto")
    if split_folder is not None and split_folder.casefold() == "none":
        return FolderSplit(class_depth=wrapped)
    deepest = max((len(path.parts) for path in paths), default=0) - 1
    for depth in range(min(deepest, wrapped + 3)):
        folders = [_folder(path, depth) for path in paths]
        parts = _parts([folder for folder in dict.fromkeys(folders) if folder is not None])
        if named:
            tests = [name for name in parts if name.casefold() == str(split_folder).casefold()]
        else:
            tests = _held_out(parts)
        if tests:
            return _split(folders, parts, tests, depth, wrapped, is_given=named)
    if named:
        seen = dict.fromkeys(part for path in paths for part in path.parts[:-1])
        listed = list_names([printable(name) for name in seen], most=10)
        raise ValueError(
            f"`split_folder` must be a folder in {where} or 'none', got {split_folder!r}; the"
            f" folders are {listed or 'absent'}"
        )
    return _without_test(paths, wrapped)


def _without_test(paths: Sequence[Path], wrapped: int) -> FolderSplit:
    """Folders of splits without a pair of training and test set, such as test and val."""
    folders = [_folder(path, wrapped) for path in paths]
    parts = _parts([folder for folder in dict.fromkeys(folders) if folder is not None])
    known = set(parts.values())
    if not known & {*TRAIN, *HELD_OUT} or not known <= {*TRAIN, *HELD_OUT, *UNLABELED}:
        return FolderSplit(class_depth=wrapped)
    return _split(folders, parts, (), wrapped, wrapped, is_given=False)


def _split(
    folders: Sequence[str | None],
    parts: Mapping[str, str],
    tests: Sequence[str],
    depth: int,
    wrapped: int,
    *,
    is_given: bool,
) -> FolderSplit:
    test, unlabeled = [], []
    names: dict[str, dict[str, None]] = {"train": {}, "test": {}, "unlabeled": {}}
    for position, folder in enumerate(folders):
        plain = None if folder is None else parts[folder]
        if folder in tests:
            part = "test"
            test.append(position)
        elif plain in UNLABELED or (not is_given and plain not in (*TRAIN, *HELD_OUT)):
            part = "unlabeled"
            unlabeled.append(position)
        else:
            part = "train"
        place = printable(folder) if folder is not None else "files outside these folders"
        names[part][place] = None
    return FolderSplit(
        test=tuple(test),
        unlabeled=tuple(unlabeled),
        # below the split; above it if each class has a split of its own
        class_depth=wrapped if depth > wrapped else depth + 1,
        train_names=tuple(names["train"]),
        test_names=tuple(names["test"]),
        unlabeled_names=tuple(names["unlabeled"]),
        is_given=is_given,
    )


def _parts(names: Sequence[str]) -> dict[str, str]:
    """The part of a split that each folder is by its name; the name itself if it is none.

    >>> _parts(["train_a", "train_b", "test_a"])
    {'train_a': 'train', 'train_b': 'train', 'test_a': 'test'}
    >>> _parts(["train_station", "car"])
    {'train_station': 'trainstation', 'car': 'car'}
    """
    plain = {name: _plain(name) for name in names}
    known = {*TRAIN, *HELD_OUT, *UNLABELED}
    if _held_out(plain) or not names:
        return plain
    for place in (0, -1):  # of all names, or a class could be called test_tube
        words = {name: (_words(name) or [""])[place] for name in names}
        if set(words.values()) <= known and _held_out(words):
            return words
    return plain


def _held_out(parts: Mapping[str, str]) -> list[str]:
    """The folders that are the test set, if there is a folder for training as well."""
    if not any(part in TRAIN for part in parts.values()):
        return []
    chosen = next((known for known in HELD_OUT if known in parts.values()), None)
    return [name for name, part in parts.items() if part == chosen]


def _folder(path: Path, depth: int) -> str | None:
    return path.parts[depth] if len(path.parts) > depth + 1 else None


def _wrapping(paths: Sequence[Path]) -> int:
    """Number of outer folders that contain everything, and only folders."""
    depth = 0
    while paths and all(len(path.parts) > depth + 2 for path in paths):
        names = {path.parts[depth] for path in paths}
        if len(names) > 1 or _plain(next(iter(names))) in (*TRAIN, *HELD_OUT):
            break
        depth += 1
    return depth


def _plain(name: str) -> str:
    """The name of a split without case, digits, separators and fillers.

    >>> [_plain(name) for name in ("Training", "seg_train", "train2017", "held-out", "cat")]
    ['training', 'train', 'train', 'heldout', 'cat']
    """
    words = _words(name)
    kept = [word for word in words if word not in FILLERS]
    joined = "".join(kept or words)
    for filler in ("set", "data", "images"):
        if joined.endswith(filler) and joined.removesuffix(filler) in (*TRAIN, *HELD_OUT):
            return joined.removesuffix(filler)
    return joined


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", name.casefold())


def class_folders(paths: Sequence[Path], *, below: int) -> list[str | None]:
    """Name of the folder of each file at depth `below`; None for a file higher up.

    >>> class_folders([Path("train/cat/1.png"), Path("train/2.png")], below=1)
    ['cat', None]
    """
    return [path.parts[below] if len(path.parts) > below + 1 else None for path in paths]

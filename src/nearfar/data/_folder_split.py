"""What the folders around image files say: the official split and, for evaluation, classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

__all__ = ["class_folders", "test_positions"]

TRAIN = ("train", "training")
TEST = ("test", "val", "valid", "validation")


def test_positions(paths: Sequence[Path]) -> list[int]:
    """Positions of the images below the test folder, where folders are an official split.

    They are if everything lies in ``train`` and in one of ``test``, ``val``, ``valid`` and
    ``validation``, or in several of these: then the first of them there is is the test set.

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
    """The folder of each image at a depth; None for an image that lies higher up.

    >>> class_folders([Path("train/cat/1.png"), Path("train/2.png")], below=1)
    ['cat', None]
    """
    return [path.parts[below] if len(path.parts) > below + 1 else None for path in paths]

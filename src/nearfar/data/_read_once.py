"""Iterables without an index: read through once and kept in memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from nearfar._free_memory import free_memory

__all__ = ["MOST_ITEMS", "bytes_of", "in_bytes", "kept_items", "refuse_iterator"]

MOST_ITEMS = 1_000_000
"""Items that are read from an iterable; one that is longer is taken to be endless."""
SHARE = 0.5  # of the free memory that may be filled
ENDLESS = (itertools.count, itertools.cycle, itertools.repeat)
ROOM = (1 << 63) - 1  # where the system does not tell


def kept_items(items: Iterable[Any], *, argument: str, name: str) -> tuple[list[Any], str]:
    """All items of an iterable, and a note on what was kept and what is lost.

    Args:
        items: A generator, an iterator, or an object that can only be iterated.
        argument: Name of the argument for messages.
        name: What the object is called in messages.

    Raises:
        ValueError: More than :data:`MOST_ITEMS` items or half of the free memory, or none.
    """
    if isinstance(items, ENDLESS):
        raise ValueError(f"`{argument}` must end, got itertools.{name}: {_sliced(argument)}")
    room = free_memory()
    most = ROOM if room is None else int(SHARE * room)
    kept: list[Any] = []
    size = 0
    for item in items:
        kept.append(item)
        size += bytes_of(item)
        if size > most:
            raise ValueError(
                f"`{argument}` must fit into half of the free memory, {in_bytes(most)}, got"
                f" {len(kept):,} items of {in_bytes(size)} and more ({name}): save the samples"
                " as files, or pass a dataset with a length and an index"
            )
        if len(kept) > MOST_ITEMS:
            raise ValueError(
                f"`{argument}` must end, got more than {MOST_ITEMS:,} items ({name}):"
                f" {_sliced(argument)}"
            )
    if not kept:
        raise ValueError(
            f"`{argument}` must have at least 1 sample, got none ({name}): an iterator"
            " can be read only once"
        )
    return kept, (
        f"{len(kept):,} items read once ({name}) and kept in memory ({in_bytes(size)}): their names"
        " are their places in this reading, and the run cannot open them: pass them again to"
        " resume, embed or search"
    )


def refuse_iterator(spec: Any, *, argument: str = "data") -> None:
    """Raise an error if looking at an object would use it up.

    Raises:
        TypeError: An iterator.
    """
    if isinstance(spec, Iterator):
        raise TypeError(
            f"`{argument}` must not be an iterator, which can be read only once, got"
            f" {type(spec).__name__}: pass list({argument})"
        )


def bytes_of(item: Any) -> int:
    """Memory that an item takes, approximately, in bytes.

    >>> bytes_of(np.zeros((4, 4), np.uint8)), bytes_of("four"), bytes_of((np.zeros(2), 1))
    (16, 4, 24)
    """
    if isinstance(item, Tensor):
        return item.numel() * item.element_size()
    if isinstance(item, (np.ndarray, np.generic)):
        return int(item.nbytes)
    if isinstance(item, Image.Image):
        return item.width * item.height * len(item.getbands())
    if isinstance(item, (str, bytes)):
        return len(item)
    if isinstance(item, Mapping):
        return sum(map(bytes_of, item.values()))
    return sum(map(bytes_of, item)) if isinstance(item, (list, tuple)) else 8


def _sliced(argument: str) -> str:
    return f"pass a part, list(itertools.islice({argument}, 10_000))"


def in_bytes(size: int) -> str:
    """A size with its unit.

    >>> in_bytes(12), in_bytes(36_300), in_bytes(2_500_000_000)
    ('12 bytes', '36.3 kB', '2.5 GB')
    """
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} bytes"

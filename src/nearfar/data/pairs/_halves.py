"""Infer the type of a half's values, and find missing and invalid ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nearfar.data._files import IMAGE_ENDINGS, SOUND_ENDINGS
from nearfar.data._source import Source
from nearfar.data.images import ArraySource, ImageFiles
from nearfar.data.images._image_files import image_faults
from nearfar.data.pairs._pair_columns import Halves
from nearfar.data.sequences import SequenceArray, SoundFiles
from nearfar.data.sequences._sound_files import sound_faults
from nearfar.data.text import TextSource
from nearfar.data.vectors import VectorSource

__all__ = ["Half", "examine", "source_of", "what_is_wrong"]

LOOKED_AT = 1_000
SOUNDS = (b"RIFF", b"fLaC", b"OggS", b"ID3", b"FORM", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")


@dataclass(frozen=True)
class Half:
    """One half of all pairs.

    Attributes:
        kind: ``text``, ``image files``, ``sound files``, or ``numbers`` (vectors, images or series,
            by their number of axes).
        values: Values in the form that a source of that kind accepts; None if missing.
    """

    kind: str
    values: Sequence[Any] | NDArray[Any]


def examine(values: Sequence[Any] | NDArray[Any], *, folder: Path | None, option: str) -> Half:
    """Infer whether values are texts, file paths, bytes or numbers.

    Args:
        values: One value per pair, None if missing.
        folder: Folder that paths are relative to.
        option: Name of the half in messages.

    Raises:
        TypeError: Values of several types, or of an unsupported type.
    """
    if isinstance(values, np.ndarray) and values.ndim > 1 and values.dtype.kind in "buif":
        return Half("numbers", values)
    whole = [None if _is_missing(value) else value for value in values]
    seen = [value for value in whole if value is not None][:LOOKED_AT]
    if not seen:
        return Half("text", whole)
    if all(isinstance(value, str) for value in seen):
        return _of_words(whole, seen, folder)
    if all(isinstance(value, (bytes, dict)) for value in seen):
        return _of_bytes(whole, folder, option)
    if all(isinstance(value, (list, np.ndarray, torch.Tensor, int, float)) for value in seen):
        return Half("numbers", [_array(value) for value in whole])
    kinds = ", ".join(sorted({type(value).__name__ for value in seen}))
    raise TypeError(
        f"`{option}` must contain texts, paths or bytes of images or audio, or lists of numbers,"
        f" got {kinds}"
    )


def _is_missing(value: Any) -> bool:
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    if isinstance(value, float) and math.isnan(value):
        return True
    if isinstance(value, dict):
        return not value.get("bytes") and not value.get("path")
    return isinstance(value, (bytes, list)) and not value


def _of_words(whole: list[Any], seen: list[str], folder: Path | None) -> Half:
    """Treat strings as paths if most of them have an image or audio extension, else as texts."""
    for kind, endings in (("image files", IMAGE_ENDINGS), ("sound files", SOUND_ENDINGS)):
        if folder is not None and 2 * sum(v.lower().endswith(endings) for v in seen) > len(seen):
            return Half(kind, [None if v is None else folder / str(v).strip() for v in whole])
    return Half("text", [value if isinstance(value, str) else None for value in whole])


def _of_bytes(whole: list[Any], folder: Path | None, option: str) -> Half:
    """Files embedded in the table, in Hugging Face's format."""
    values: list[Any] = []
    for value in whole:
        if isinstance(value, dict):
            unpacked = value.get("bytes") or value.get("path")
            named = isinstance(unpacked, str)
            values.append(folder / str(unpacked) if named and folder is not None else unpacked)
        else:
            values.append(value)
    first = next((v for v in values if isinstance(v, (bytes, Path))), None)
    if first is None:
        raise TypeError(f"`{option}` must contain bytes or paths of images or audio")
    if isinstance(first, Path):
        sound = first.suffix.lower() in SOUND_ENDINGS
    else:
        sound = first.startswith(SOUNDS) and first[8:12] != b"WEBP"
    return Half("sound files" if sound else "image files", values)


def _array(value: Any) -> NDArray[Any] | None:
    """A value as an array; None if it is ragged, empty or non-finite."""
    if value is None:
        return None
    try:
        array = np.atleast_1d(np.asarray(value))
    except ValueError:
        return None
    if array.dtype.kind not in "buif" or not array.size:
        return None
    return array if array.dtype.kind != "f" or np.isfinite(array).all() else None


_OF_IMAGES = ("channels", "value_range", "missing_value")
_OF_SERIES = ("center", "scale")


def what_is_wrong(half: Half) -> list[str | None]:
    """For each value, the reason why it cannot be used, or None."""
    if half.kind == "image files":
        return image_faults(list(half.values))
    if half.kind == "sound files":
        return sound_faults(list(half.values))
    if isinstance(half.values, np.ndarray):
        rows = half.values.reshape(len(half.values), -1)
        whole = np.isfinite(rows).all(1) if rows.dtype.kind == "f" else np.ones(len(rows), bool)
        return [None if good else "not finite" for good in whole.tolist()]
    return ["missing" if value is None else None for value in half.values]


def source_of(
    half: Half,
    kept: Sequence[int],
    halves: Halves,
    *,
    sample_rate: int | None,
    options: Mapping[str, Any],
) -> Source:
    """A source of the kept values, mapped like the data that `options` are of."""
    name, rows = halves.name, halves.rows
    numbers = np.asarray(kept if rows is None else [rows[i] for i in kept])
    images = {key: options[key] for key in _OF_IMAGES if key in options}
    series = {key: options[key] for key in _OF_SERIES if key in options}
    if isinstance(half.values, np.ndarray):
        return _of_numbers(half.values[np.asarray(kept)], name, images)
    values = [half.values[i] for i in kept]
    if half.kind == "image files":
        return ImageFiles(values, name=name, rows=numbers, **images)
    if half.kind == "sound files":
        return SoundFiles(values, name=name, rows=numbers, sample_rate=sample_rate)
    if half.kind == "numbers":
        return _of_lists(values, name, series)
    return TextSource(values, name=name, rows=numbers, place=halves.place)


def _of_lists(values: list[NDArray[Any]], name: str, series: Mapping[str, Any]) -> Source:
    """Vectors if all lengths are equal, otherwise series."""
    if len({value.ndim for value in values}) > 1 or values[0].ndim > 2:
        raise ValueError(f"lists of numbers in {name} must all be vectors or all be series")
    if len({value.shape for value in values}) == 1:
        stacked = np.stack(values)
        if stacked.ndim == 2:
            return VectorSource(stacked, name=name)
        return _series(stacked, name, None, series)
    steps = [value.T for value in values] if values[0].ndim == 2 else values
    offsets = np.cumsum([0, *(len(value) for value in steps)])
    return _series(np.concatenate(steps), name, offsets, series)


def _of_numbers(array: NDArray[Any], name: str, images: Mapping[str, Any]) -> Source:
    if array.ndim == 2:
        return VectorSource(array, name=name)
    return ArraySource(array, name=name, **images)


def _series(
    values: NDArray[Any], name: str, offsets: NDArray[Any] | None, units: Mapping[str, Any]
) -> Source:
    source = SequenceArray(values, offsets=offsets, name=name, **units)
    if source.notes and len(source) != (len(values) if offsets is None else len(offsets) - 1):
        raise ValueError(f"series in {name} cannot be halves of pairs: {source.notes[-1]}")
    return source

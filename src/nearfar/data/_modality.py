"""What the samples of anything a user names as data are, without reading them."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Collection, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset

from nearfar.data._files import IMAGE_ENDINGS, SOUND_ENDINGS, printable
from nearfar.data._source import Source
from nearfar.data._specs import PICKLES, Spec
from nearfar.data.named import is_name, named_modality

__all__ = ["MODALITIES", "modality_of", "telling_options"]

MODALITIES = ("images", "sequences", "text", "graphs", "vectors", "pairs")
EDGE_ENDINGS = (".edges", ".edgelist")
TEXT_ENDINGS = (".txt", ".csv", ".tsv", ".jsonl", ".parquet")
LOOKED_AT = 1_000  # files of a folder
OF_PAIRS = frozenset({"x", "s", "adjacent"})
OPTIONS = {"column": "text", "features": "graphs", "sample_rate": "sequences"}
_TYPES: dict[str, type] = {"adjacent": bool, "features": Path, "sample_rate": int}


def modality_of(spec: Spec, *, given: Collection[str] = ()) -> str:
    """``images``, ``sequences``, ``text``, ``graphs``, ``vectors`` or ``pairs``.

    Args:
        spec: As for :func:`nearfar.data.open_source`.
        given: Names of options that came with it; some belong to one modality alone.

    Raises:
        TypeError: Nothing that could be data, or a pickle.
        ValueError: A folder or file that is of no known kind.

    Example:
        >>> modality_of("digits"), modality_of(np.zeros((9, 4))), modality_of(["one", "two"])
        ('images', 'vectors', 'text')
    """
    if isinstance(spec, Source):
        return spec.modality
    if OF_PAIRS & set(given):
        return "pairs"
    if is_name(spec):
        return named_modality(str(spec))
    for option in given:
        if option in OPTIONS:
            return OPTIONS[option]
    if isinstance(spec, (np.ndarray, Tensor)):
        return "vectors" if spec.ndim == 2 else "images"
    if hasattr(spec, "edge_index"):  # a graph of PyTorch Geometric
        return "graphs"
    if isinstance(spec, Dataset):
        return "images"
    if isinstance(spec, tuple) and len(spec) == 2 and not isinstance(spec[0], str):
        return "pairs"
    if isinstance(spec, (list, tuple)) and spec and all(isinstance(text, str) for text in spec):
        return "text"
    if not isinstance(spec, (str, Path)):
        raise TypeError(
            "data must be a name, a path, an array, a tensor, a list of texts or a PyTorch dataset,"
            f" got {type(spec).__name__}"
        )
    if str(spec).startswith("hf:"):
        return "text"
    return _of_path(Path(spec).expanduser())


def telling_options() -> dict[str, type]:
    """The options that tell the kind of the data, and the type of each.

    >>> telling_options()["sample_rate"]
    <class 'int'>
    """
    return {name: _TYPES.get(name, str) for name in (*sorted(OF_PAIRS), *OPTIONS)}


def _of_path(path: Path) -> str:
    if path.is_dir():
        return _of_folder(path)
    endings = [ending.lower() for ending in path.suffixes[-2:]]
    ending = endings[-2] if endings[-1:] == [".gz"] and len(endings) > 1 else (endings or [""])[-1]
    if ending == ".npy":
        return _of_array(path)
    if ending == ".npz":
        return _of_arrays(path)
    if ending in TEXT_ENDINGS:
        return "text"
    if ending in EDGE_ENDINGS:
        return "graphs"
    shown = printable(str(path))
    if ending in PICKLES and path.exists():
        raise TypeError(f"{shown} may hold a pickle, which is never opened: save a .npy or .npz")
    if path.exists():
        raise ValueError(
            f"{shown} is neither a folder of images or sounds nor a file with one of the endings"
            f" .npy .npz {' '.join(TEXT_ENDINGS + EDGE_ENDINGS)}"
        )
    return "images"  # there is no such file: opening says so


def _of_folder(path: Path) -> str:
    names = (name for _, _, files in os.walk(path, followlinks=True) for name in files)
    looked_at = [name.lower() for name in islice(names, LOOKED_AT)]
    sounds = sum(name.endswith(SOUND_ENDINGS) for name in looked_at)
    return "sequences" if sounds > sum(n.endswith(IMAGE_ENDINGS) for n in looked_at) else "images"


def _of_array(path: Path) -> str:
    try:
        return _of_rank(np.load(path, mmap_mode="r", allow_pickle=False).ndim)
    except (OSError, ValueError, EOFError):
        return "images"  # opening says what is wrong


def _of_arrays(path: Path) -> str:
    """By the names in the file; the arrays are not read."""
    try:
        with zipfile.ZipFile(path) as file:
            headers = {name.removesuffix(".npy"): _header(file, name) for name in file.namelist()}
    except (OSError, zipfile.BadZipFile):
        return "images"  # opening says what is wrong
    if "edge_index" in headers:
        return "graphs"
    if {"samples", "offsets"} <= set(headers) or "sample_rate" in headers:
        return "sequences"
    named = [headers[name] for name in ("x", "images", "data", "x_train") if name in headers]
    ranks = [len(shape) for shape in named or headers.values()]
    return _of_rank(ranks[0]) if named or len(ranks) == 1 else "images"


def _header(file: zipfile.ZipFile, name: str) -> tuple[int, ...]:
    with file.open(name) as entry:
        try:
            version: Any = np.lib.format.read_magic(entry)
            readers: Mapping[Any, Any] = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }
            shape: tuple[int, ...] = readers[version](entry)[0]
        except (ValueError, KeyError):
            return ()
    return shape


def _of_rank(rank: int) -> str:
    return "vectors" if rank == 2 else "images"

"""Weights on disk: safetensors, files of torch.save, folders of Hugging Face and timm."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from nearfar.weights._named_tensors import named_tensors
from nearfar.weights._torch_files import open_torch_file

__all__ = ["ENDINGS", "WeightFile", "open_weights"]

ENDINGS = (".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".tar")
"""Endings of files with weights."""
_IN_FOLDER = ("model.safetensors", "pytorch_model.bin")
_CONFIGURATIONS = ("config.json", "preprocessor_config.json")


@dataclass(frozen=True, eq=False)
class WeightFile:
    """Named tensors of a file, which are read when they are used.

    Attributes:
        path: The file.
        shapes: Shape of each tensor by dotted name.
        read: Returns a tensor by name.
        configuration: Configuration files next to the weights, by name; empty without any.
    """

    path: Path
    shapes: Mapping[str, tuple[int, ...]]
    read: Callable[[str], Tensor]
    configuration: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of the file."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def open_weights(path: str | Path) -> WeightFile:
    """Open a file of weights, or a folder of Hugging Face or timm with one.

    Args:
        path: ``.safetensors``, or a file of ``torch.save``, which is never unpickled; or a folder
            with ``model.safetensors`` or ``pytorch_model.bin``.

    Raises:
        FileNotFoundError: There is none.
        ValueError: A file that cannot be read, or without tensors.
    """
    place = Path(path)
    configuration: dict[str, Mapping[str, Any]] = {}
    if place.is_dir():
        configuration = {name: _json(place / name) for name in _CONFIGURATIONS}
        place = _in_folder(place)
    if not place.is_file():
        raise FileNotFoundError(f"no weights at {path}")
    with place.open("rb") as file:
        start = file.read(9)
    if place.suffix == ".safetensors" or start[8:] == b"{":
        found = _open_safetensors(place)
    else:
        found = _open_torch(place)
    if not found.shapes:
        raise ValueError(f"{place} has no tensors")
    return WeightFile(place, found.shapes, found.read, configuration)


def _in_folder(folder: Path) -> Path:
    """The only file with weights in a folder."""
    usual = [folder / name for name in _IN_FOLDER if (folder / name).is_file()]
    if usual:
        return usual[0]
    if (folder / "model.safetensors.index.json").is_file():
        raise ValueError(f"{folder} has weights in several files, which are not read yet")
    files = sorted(file for file in folder.iterdir() if file.suffix in ENDINGS)
    if len(files) != 1:
        names = ", ".join(file.name for file in files[:3]) or "none"
        raise ValueError(f"{folder} must have one file of weights, got {names}: name the file")
    return files[0]


def _json(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    return values if isinstance(values, dict) else {}


def _open_safetensors(path: Path) -> WeightFile:
    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in names}
    except SafetensorError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error

    def read(name: str) -> Tensor:
        with safe_open(path, framework="pt") as file:
            tensor: Tensor = file.get_tensor(name)
        return tensor

    return WeightFile(path, shapes, read)


def _open_torch(path: Path) -> WeightFile:
    held = open_torch_file(path)
    try:
        tensors = named_tensors(held.content)
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error

    def read(name: str) -> Tensor:
        try:
            return held.read(tensors[name])
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"{path}: {name} cannot be read: {error}") from error

    return WeightFile(path, {name: t.shape for name, t in tensors.items()}, read)

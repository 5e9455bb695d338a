"""The weights of an encoder on disk: those that training starts from, and those it ends with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from nearfar.modules._wrapped_modules import load_weights, plain_names
from nearfar.records import RunDirectory, replace_atomically
from nearfar.records._seals import UNSEALED, DamagedFileError, check_tensors, seal_tensors

__all__ = ["Start", "check_numbers", "read_weights", "save_weights", "start_of"]

Start: TypeAlias = Callable[[nn.Module, str], tuple[str, ...]]
"""Puts weights into an encoder of this name; returns what is to be said of them."""


def save_weights(
    path: Path,
    encoder: nn.Module,
    *,
    name: str,
    stopped: str = "",
    notes: tuple[str, ...] = (),
) -> None:
    """Write an encoder's weights, with its own key names, atomically.

    Args:
        path: File to write.
        encoder: The encoder.
        name: Name of its architecture.
        stopped: How far an unfinished run had come: ``after update 12 of 70``.
        notes: What is to be said of weights from elsewhere.
    """
    plain = plain_names(encoder)
    state = {
        plain[name]: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, value in encoder.state_dict().items()
    }
    metadata = {"format": "pt", "encoder": name, "crc32": UNSEALED}
    metadata |= {"stopped": stopped} if stopped else {}
    metadata |= {"notes": json.dumps(notes)} if notes else {}

    def write(part: Path) -> None:
        save_file(state, part, metadata=metadata)
        seal_tensors(part)

    replace_atomically(path, write)


def read_weights(path: Path) -> dict[str, Tensor]:
    """The weights that :func:`save_weights` wrote.

    Raises:
        ValueError: The file is damaged.
    """
    try:
        check_tensors(path)
        return load_file(path)
    except (SafetensorError, DamagedFileError) as error:
        raise DamagedFileError(f"{path} is damaged: {error}") from error


def check_numbers(weights: Mapping[str, Tensor], path: Path) -> None:
    """Check that no weight is NaN or infinite.

    Raises:
        ValueError: One is; the message has the number of such tensors.
    """
    wrong = [name for name, value in weights.items() if not bool(value.isfinite().all())]
    if wrong:
        raise DamagedFileError(
            f"the weights in {path} must be numbers, but {len(wrong)} of {len(weights)} tensors"
            f" have NaN or infinity, such as {wrong[0]}"
        )


def start_of(directory: RunDirectory) -> Start:
    """The weights that a run started from, as it stored them.

    The file they came from is not read again: it may be gone, or another one by now.

    Args:
        directory: Directory of the run.
    """

    def load(module: nn.Module, name: str) -> tuple[str, ...]:
        path = directory.check(directory.start)
        weights = read_weights(path)
        with safe_open(path, framework="pt") as file:
            said = (file.metadata() or {}).get("notes", "[]")
        load_weights(module, weights, name=str(path))
        return tuple(json.loads(said))

    return load

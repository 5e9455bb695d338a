"""The weights of an encoder on disk: those that training starts from, and those it ends with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from nearfar.modules._wrapped_modules import load_weights, plain_names
from nearfar.records import RunDirectory, replace_atomically

__all__ = ["Start", "save_weights", "start_of"]

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
    metadata = {"format": "pt", "encoder": name} | ({"stopped": stopped} if stopped else {})
    metadata |= {"notes": json.dumps(notes)} if notes else {}
    replace_atomically(path, lambda part: save_file(state, part, metadata=metadata))


def start_of(directory: RunDirectory) -> Start:
    """The weights that a run started from, as it stored them.

    The file they came from is not read again: it may be gone, or another one by now.

    Args:
        directory: Directory of the run.
    """

    def load(module: nn.Module, name: str) -> tuple[str, ...]:
        path = directory.start
        try:
            weights = load_file(path)
            with safe_open(path, framework="pt") as file:
                said = (file.metadata() or {}).get("notes", "[]")
        except SafetensorError as error:
            raise ValueError(f"{path} cannot be read: {error}") from error
        load_weights(module, weights, name=str(path))
        return tuple(json.loads(said))

    return load

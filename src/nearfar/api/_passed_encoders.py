"""Encoders that were passed as objects in this process, for runs that are loaded in it again."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias
from weakref import WeakValueDictionary

from torch import nn

from nearfar.modalities import EncoderFactory

__all__ = ["OwnEncoder", "remember", "remembered"]

OwnEncoder: TypeAlias = str | nn.Module | EncoderFactory
"""A module, a class or function that builds one, or a reference to it."""

_passed: WeakValueDictionary[Path, nn.Module | EncoderFactory] = WeakValueDictionary()


def remember(run: Path, encoder: OwnEncoder) -> None:
    """Remember the encoder of a run, as long as something else holds it."""
    try:
        if not isinstance(encoder, str):
            _passed[run.resolve()] = encoder
    except TypeError:  # an object without weak references
        return


def remembered(run: Path) -> nn.Module | EncoderFactory | None:
    """The encoder that was passed for a run in this process, if it still exists."""
    return _passed.get(run.resolve())

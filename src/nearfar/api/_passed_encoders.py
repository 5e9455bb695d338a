"""Encoders that were passed as objects in this process, for runs that are loaded in it again."""

from __future__ import annotations

from contextlib import suppress
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
    """Remember the encoder of a run, as long as something else holds it; a name is not needed."""
    _passed.pop(run.resolve(), None)  # of a run that was there before
    if isinstance(encoder, str):
        return
    with suppress(TypeError):  # an object without weak references
        _passed[run.resolve()] = encoder


def remembered(run: Path) -> nn.Module | EncoderFactory | None:
    """The encoder that was passed for a run in this process, if it still exists."""
    return _passed.get(run.resolve())

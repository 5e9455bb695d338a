"""The description from which an encoder is rebuilt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nearfar.records import Record

__all__ = ["EncoderDescription"]


@dataclass(frozen=True)
class EncoderDescription(Record):
    """How to build the module that ``encoder.safetensors`` fits, without nearfar where possible.

    Attributes:
        name: ``convnet``, a timm name, or ``custom`` for a module of the user's.
        library: ``nearfar``, ``timm``, ``transformers`` or ``custom``.
        width: Dimensions of the representation.
        modality: What it encodes: ``images``, ``sequences``, ``text``, ``graphs``, ``vectors`` or
            ``pairs``.
        form: What it must know of its inputs: for images the channels, the side in pixels, mean and
            standard deviation that views are normalised with, and the (low, high) of the original
            values that became (0, 1), None for uint8.
        stem: ``small`` where the stem of a ResNet was replaced for small images.
        norm: What the encoder normalises by: ``batch``, or ``layer`` where that was chosen.
        arguments: What the constructor was called with.
        how: The lines of Python that build it.
    """

    name: str
    library: str
    width: int
    modality: str = "images"
    form: dict[str, Any] = field(default_factory=dict)
    stem: str = "standard"
    norm: str = "batch"
    arguments: dict[str, Any] = field(default_factory=dict)
    how: str = ""

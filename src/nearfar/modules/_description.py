"""The description from which an encoder is rebuilt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from nearfar.records import Record

__all__ = ["EncoderDescription"]

FormT = TypeVar("FormT")
OtherT = TypeVar("OtherT")


@dataclass(frozen=True)
class EncoderDescription(Record, Generic[FormT]):
    """How to build the module that ``encoder.safetensors`` fits, without nearfar where possible.

    Attributes:
        name: ``convnet``, a timm name, an entry point or a reference to a function, or ``custom``
            for a module of the user's.
        library: ``nearfar``, ``timm``, ``transformers``, ``function`` for one that an entry point
            or a reference names, or ``custom``.
        width: Dimensions of the representation.
        modality: What it encodes: ``images``, ``sequences``, ``text``, ``graphs``, ``vectors``,
            ``pairs``, or one of another package.
        form: What it must know of its inputs, a :class:`nearfar.modalities.Form`; plain values as
            long as it is read from a file without the kind.
        stem: ``small`` where the stem of a ResNet was replaced for small images.
        norm: What the encoder normalises by: ``batch``, or ``layer`` where that was chosen.
        arguments: What the constructor was called with.
        how: The lines of Python that build it.
    """

    name: str
    library: str
    width: int
    modality: str = "images"
    form: FormT = field(default_factory=cast(Callable[[], FormT], dict))
    stem: str = "standard"
    norm: str = "batch"
    arguments: dict[str, Any] = field(default_factory=dict)
    how: str = ""

    def with_form(self, form: OtherT) -> EncoderDescription[OtherT]:
        """The same encoder, of inputs of this form."""
        return EncoderDescription(**vars(self) | {"form": form})

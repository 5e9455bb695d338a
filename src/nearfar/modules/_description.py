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
    """How to rebuild the encoder whose weights are in ``encoder.safetensors``.

    Attributes:
        name: ``convnet``, a timm name, an entry point or a reference to a function, or ``custom``
            for a user's own module.
        library: ``nearfar``, ``timm``, ``transformers``, ``function`` for an entry point or a
            reference, or ``custom``.
        width: Dimensions of the representation.
        modality: Modality of the inputs: ``images``, ``sequences``, ``text``, ``graphs``,
            ``vectors``, ``pairs``, or one of another package.
        form: Properties of the inputs that the encoder depends on, a
            :class:`nearfar.modalities.Form`; plain values if read from a file without the modality.
        stem: ``small`` if the stem of a ResNet was replaced for small images.
        norm: Normalisation layers of the encoder: ``batch`` or ``layer``.
        arguments: Keyword arguments of the constructor.
        how: Python code that builds the encoder, without nearfar if possible.
        own_class: Reference to the class of a ``custom`` module, if `arguments` are known to build
            an equal one; empty otherwise.
        code: Hash of the file that defines an encoder of the user's own; empty if it is not known.
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
    own_class: str = ""
    code: str = ""

    def with_form(self, form: OtherT) -> EncoderDescription[OtherT]:
        """The same encoder, for inputs of this form."""
        return EncoderDescription(**vars(self) | {"form": form})

"""Text encoders by name."""

from __future__ import annotations

from typing import Any

from torch import nn

from nearfar.modules._description import EncoderDescription
from nearfar.modules._text_encoders import BagEncoder, GRUEncoder
from nearfar.modules._transformer_encoder import TransformerEncoder

__all__ = ["build_text_encoder", "rebuild_text_encoder"]

_OWN: dict[str, type[BagEncoder] | type[GRUEncoder]] = {"bag": BagEncoder, "gru": GRUEncoder}


def build_text_encoder(
    name: str = "bag",
    *,
    vocabulary: int,
    width: int | None = None,
    dropout: float | None = None,
    shift: int = 0,
    pretrained: bool = True,
) -> tuple[nn.Module, EncoderDescription[dict[str, Any]]]:
    """A text encoder, and its description without the form.

    Args:
        name: ``bag``, ``gru``, or a transformer by its name on the Hugging Face hub or its folder.
        vocabulary: Size of the vocabulary, including padding.
        width: Dimension of the representation, for ``bag`` (default 50) and ``gru`` (256) only.
        dropout: Dropout probability; by default 0 for ``bag`` and ``gru``, the configuration's for
            a transformer.
        shift: Offset of the token ids relative to the transformer's; 0 for another vocabulary,
            with which the transformer is initialised randomly.
        pretrained: Whether to load a transformer's pretrained weights, if available.

    Raises:
        ValueError: There is no such encoder, or a width was given for a transformer.

    Example:
        >>> encoder, description = build_text_encoder("gru", vocabulary=1_000, width=64)
        >>> description.width, description.how
        (64, 'nearfar.modules.GRUEncoder(1000, width=64, dropout=0.0)')
    """
    if name in _OWN:
        arguments: dict[str, Any] = {"width": width} if width is not None else {}
        arguments |= {"dropout": dropout or 0.0}
        own = _OWN[name](vocabulary, **arguments)
        arguments["width"] = own.num_features
        call = f"{vocabulary}, width={own.num_features}, dropout={dropout or 0.0}"
        return own, EncoderDescription(
            name=name,
            library="nearfar",
            width=own.num_features,
            modality="text",
            arguments={"vocabulary": vocabulary} | arguments,
            how=f"nearfar.modules.{type(own).__name__}({call})",
        )
    if width is not None:
        raise ValueError(f"`units` must be None for {name}, whose width is fixed, got {width}")
    transformer = TransformerEncoder.load(
        name,
        vocabulary=None if shift else vocabulary,
        shift=shift,
        dropout=dropout,
        pretrained=pretrained,
    )
    return transformer, EncoderDescription(
        name=name,
        library="transformers",
        width=transformer.num_features,
        modality="text",
        arguments={"settings": transformer.settings(), "shift": shift},
        how="nearfar.modules.TransformerEncoder.of_settings(settings, shift=shift)",
    )


def rebuild_text_encoder(description: EncoderDescription[Any]) -> nn.Module:
    """A randomly initialised encoder of this description, built without network access."""
    arguments = description.arguments
    if description.library == "transformers":
        return TransformerEncoder.of_settings(arguments["settings"], shift=arguments["shift"])
    return _OWN[description.name](**arguments)

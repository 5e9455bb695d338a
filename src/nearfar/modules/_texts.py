"""Encoders of texts by name."""

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
) -> tuple[nn.Module, EncoderDescription]:
    """An encoder of texts, and its description without the form.

    Args:
        name: ``bag``, ``gru``, or a transformer by its name on the Hugging Face hub or its folder.
        vocabulary: Numbers of the vocabulary, padding included.
        width: Dimensions of the representation of ``bag`` (50) and ``gru`` (256).
        dropout: Probability of dropout; 0 for our own, what its configuration says for a
            transformer, if not given.
        shift: How far the numbers lie above those of the transformer; 0 for a vocabulary that is
            not the transformer's own, whose weights are then fresh.
        pretrained: Take the transformer's weights, where it comes with any.

    Raises:
        ValueError: There is no such encoder, or a transformer was given a width.

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
        raise ValueError(f"`units` are for bag and gru; {name} has a width of its own, got {width}")
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


def rebuild_text_encoder(description: EncoderDescription) -> nn.Module:
    """An encoder with fresh weights that those saved with this description fit; no network."""
    arguments = description.arguments
    if description.library == "transformers":
        return TransformerEncoder.of_settings(arguments["settings"], shift=arguments["shift"])
    return _OWN[description.name](**arguments)

"""Image encoders by name: our own and timm's, with a stem for small images."""

from __future__ import annotations

import warnings
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from nearfar.checks import UnknownChoiceError, check_choice, check_integer, suggest
from nearfar.modules._amdim_encoder import AMDIM_SIZES, AMDIMEncoder
from nearfar.modules._convnet import NORMS, ConvNet
from nearfar.modules._description import EncoderDescription

__all__ = ["build_encoder"]


def build_encoder(
    name: str = "convnet",
    *,
    channels: int,
    image_size: int,
    stem: str = "auto",
    norm: str = "batch",
) -> tuple[nn.Module, EncoderDescription[dict[str, Any]]]:
    """A randomly initialised image encoder, and its description.

    Args:
        name: ``convnet`` (our small one), ``amdim`` (:class:`nearfar.modules.AMDIMEncoder`; the
            paper's sizes are ``amdim_small``, ``amdim_medium``, ``amdim_large``) or any name that
            ``timm.create_model`` accepts.
        channels: Channels of the images.
        image_size: Side of the views in pixels.
        stem: ``standard``, ``small`` (ResNets: 3×3 first convolution of stride 1, no max-pooling;
            SimCLR, arXiv 2002.05709, B.9), or ``auto``: small up to 64 pixels if available.
        norm: ``batch`` for the model's own normalisation, or ``layer`` to replace batch-norm by a
            norm over channels and locations of each image, if the model supports it. A model
            without batch-norm is unchanged.

    Raises:
        ValueError: Unknown name (the message suggests the closest), a small stem that the model
            lacks, or a norm that it does not support.

    Example:
        >>> encoder, description = build_encoder("convnet", channels=1, image_size=28)
        >>> description.width
        256
    """
    check_integer(at_least=1, channels=channels, image_size=image_size)
    check_choice(("auto", "small", "standard"), stem=stem)
    check_choice(NORMS, norm=norm)
    if name == "convnet":
        if stem == "small":
            raise ValueError("`stem` must be 'standard' or 'auto' for convnet, got 'small'")
        convnet = ConvNet(channels=channels, norm="layer" if norm == "layer" else "batch")
        extra = "" if norm == "batch" else f", norm={norm!r}"
        return convnet, EncoderDescription(
            name="convnet",
            library="nearfar",
            width=convnet.num_features,
            form={"channels": channels, "image_size": image_size},
            norm=norm,
            arguments={"channels": channels} | ({"norm": norm} if extra else {}),
            how=f"nearfar.modules.ConvNet(channels={channels}{extra})",
        )
    if name in AMDIM_SIZES:
        return _build_amdim(name, channels=channels, image_size=image_size, stem=stem, norm=norm)
    return _build_timm(name, channels=channels, image_size=image_size, stem=stem, norm=norm)


def _build_amdim(
    name: str, *, channels: int, image_size: int, stem: str, norm: str
) -> tuple[nn.Module, EncoderDescription[dict[str, Any]]]:
    if stem == "small":
        raise ValueError(f"`stem` must be 'standard' or 'auto' for {name}, got 'small'")
    arguments: dict[str, Any] = {"channels": channels, "image_size": image_size}
    arguments |= AMDIM_SIZES[name] | ({} if norm == "batch" else {"norm": norm})
    encoder = AMDIMEncoder(**arguments)
    call = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    return encoder, EncoderDescription(
        name=name,
        library="nearfar",
        width=encoder.num_features,
        form={"channels": channels, "image_size": image_size},
        norm=norm,
        arguments=arguments,
        how=f"nearfar.modules.AMDIMEncoder({call})",
    )


def _build_timm(
    name: str, *, channels: int, image_size: int, stem: str, norm: str
) -> tuple[nn.Module, EncoderDescription[dict[str, Any]]]:
    import timm

    if not timm.is_model(name):
        known = [*timm.list_models(), "convnet", *AMDIM_SIZES]
        raise UnknownChoiceError(
            "encoder",
            f"must be convnet, amdim or a model name of timm, got {name!r}{suggest(name, known)}",
        )
    arguments: dict[str, Any] = {"num_classes": 0, "in_chans": channels}
    model = _create(name, arguments, image_size)
    if norm == "layer" and _has_batch_norm(model):
        arguments = {"num_classes": 0, "in_chans": channels, "norm_layer": "groupnorm1"}
        message = (
            f"`norm` must be 'batch' for {name}, whose batch-norms cannot be replaced, got 'layer'"
        )
        try:
            model = _create(name, arguments, image_size)
        except (KeyError, TypeError, RuntimeError) as error:
            raise ValueError(message) from error
        if _has_batch_norm(model):
            raise ValueError(message)
    call = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    how = [f"timm.create_model({name!r}, {call})"]
    has_small = isinstance(getattr(model, "conv1", None), nn.Conv2d) and hasattr(model, "maxpool")
    if stem == "small" and not has_small:
        raise ValueError(f"`stem` must be 'standard' or 'auto' for {name}, got 'small'")
    small = has_small and (stem == "small" or (stem == "auto" and image_size <= 64))
    if small:
        width = model.conv1.out_channels
        model.conv1 = nn.Conv2d(channels, width, 3, stride=1, padding=1, bias=False)
        model.maxpool = nn.Identity()
        how.append(f"model.conv1 = nn.Conv2d({channels}, {width}, 3, padding=1, bias=False)")
        how.append("model.maxpool = nn.Identity()")
    return model, EncoderDescription(
        name=name,
        library="timm",
        # after the head's hidden layer, if there is one (MobileNet v3)
        width=int(getattr(model, "head_hidden_size", None) or model.num_features),
        form={"channels": channels, "image_size": image_size},
        stem="small" if small else "standard",
        norm=norm,
        arguments=arguments,
        how="\n".join(["model = " + how[0], *how[1:]]) if small else how[0],
    )


def _create(name: str, arguments: dict[str, Any], image_size: int) -> Any:
    """A timm model; adds the image size to `arguments` if the model takes one.

    Vision transformers have a fixed grid, convolutional networks accept any size.
    """
    import timm

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = timm.create_model(name, pretrained=False, img_size=image_size, **arguments)
        except TypeError:
            return timm.create_model(name, pretrained=False, **arguments)
    arguments["img_size"] = image_size
    return model


def _has_batch_norm(model: nn.Module) -> bool:
    return any(isinstance(module, _BatchNorm) for module in model.modules())

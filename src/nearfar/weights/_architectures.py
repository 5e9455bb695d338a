"""The name of an encoder, from the shapes of its tensors."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Architecture", "architecture_of"]

_BASIC: dict[tuple[int, ...], str] = {(2, 2, 2, 2): "18", (3, 4, 6, 3): "34"}
_BOTTLENECK: dict[tuple[int, ...], str] = {
    (3, 4, 6, 3): "50",
    (3, 4, 23, 3): "101",
    (3, 8, 36, 3): "152",
}
# by channels of the second convolution of the first block, and by inputs of a group
_WIDE = {(128, 128): "wide_resnet{}_2", (128, 4): "resnext{}_32x4d", (256, 8): "resnext{}_32x8d"}
_VIT = {
    (192, 12): "tiny",
    (384, 12): "small",
    (768, 12): "base",
    (1024, 24): "large",
    (1280, 32): "huge",
}

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Architecture:
    """What the shapes of the weights say about an encoder.

    Attributes:
        name: timm's name.
        channels: Channels of its inputs.
        stem: ``small`` or ``standard``.
        image_size: Side of the images that its position embeddings are for; None without any.
        notes: What the weights do not say and is assumed.
    """

    name: str
    channels: int
    stem: str = "standard"
    image_size: int | None = None
    notes: tuple[str, ...] = ()


def architecture_of(shapes: Shapes) -> Architecture | None:
    """The architecture of weights by timm's names; None if it is not recognised.

    Args:
        shapes: Shape of each tensor.
    """
    if "layer1.0.conv1.weight" in shapes and len(shapes.get("conv1.weight", ())) == 4:
        return _resnet(shapes)
    if len(shapes.get("patch_embed.proj.weight", ())) == 4 and "blocks.0.attn.qkv.weight" in shapes:
        return _transformer(shapes)
    return None


def _count(shapes: Shapes, pattern: str) -> int:
    found = {int(match[1]) for name in shapes if (match := re.match(pattern, name))}
    return max(found, default=-1) + 1


def _resnet(shapes: Shapes) -> Architecture | None:
    depths = tuple(_count(shapes, rf"layer{layer}\.(\d+)\.") for layer in range(1, 5))
    if "layer1.0.conv3.weight" in shapes:
        width, inputs = shapes["layer1.0.conv2.weight"][:2]
        depth, named = _BOTTLENECK.get(depths), _WIDE.get((width, inputs), "")
        name = f"resnet{depth}" if (width, inputs) == (64, 64) else named.format(depth)
    else:
        depth = _BASIC.get(depths)
        name = f"resnet{depth}" if shapes["layer1.0.conv1.weight"][0] == 64 else ""
    kernel, channels = shapes["conv1.weight"][2], shapes["conv1.weight"][1]
    if depth is None or not name or kernel not in (3, 7):
        return None
    if kernel == 7:
        return Architecture(name, channels)
    note = (
        "a first convolution of 3×3 is taken for that of small images: stride 1, padding 1, no"
        " pooling after it, which weights do not say (solo-learn pads by 2)"
    )
    return Architecture(name, channels, stem="small", notes=(note,))


def _transformer(shapes: Shapes) -> Architecture | None:
    width, channels, patch, _ = shapes["patch_embed.proj.weight"]
    depth = _count(shapes, r"blocks\.(\d+)\.")
    size = _VIT.get((width, depth))
    places = shapes.get("pos_embed")
    if size is None or places is None or len(places) != 3:
        return None
    registers = shapes.get("reg_token", (1, 0))[1]
    side = math.isqrt(places[1])
    extra = places[1] - side * side
    if extra not in (0, 1):
        return None
    image_size = side * patch
    if "blocks.0.ls1.gamma" in shapes:
        name = f"vit_{size}_patch{patch}{'_reg4' if registers else ''}_dinov2"
    else:
        name = f"vit_{size}_patch{patch}_224"
    heads = width // 64
    note = (
        f"{heads} heads of attention, those of {name}: weights do not say how many there are"
        f"{' (MoCo v3 has 12)' if width == 384 else ''}"
    )
    return Architecture(name, channels, image_size=image_size, notes=(note,))

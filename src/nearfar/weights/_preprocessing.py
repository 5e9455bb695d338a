"""How images are prepared for weights, from the configuration next to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

__all__ = ["PREPARATIONS", "Preparation", "preparation_of"]

PreparationName: TypeAlias = Literal["imagenet", "half", "none"]

_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
PREPARATIONS = {
    "imagenet": _IMAGENET,
    "half": ((0.5,), (0.5,)),
    "none": ((0.0,), (1.0,)),
}
"""Mean and standard deviation by name: of ImageNet's channels, to −1..1, and as they are."""


@dataclass(frozen=True)
class Preparation:
    """Mean, deviation and size of the images that weights are for.

    Attributes:
        mean: Mean that is subtracted, of values between 0 and 1.
        std: Standard deviation that is divided by.
        image_size: Side of the images; None if it is not known.
        note: Where this comes from.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    image_size: int | None
    note: str


def preparation_of(
    configuration: Mapping[str, Mapping[str, Any]], *, asked: str | None, channels: int
) -> Preparation:
    """The preparation of images for weights.

    Args:
        configuration: Files of the folder of the weights: timm's ``config.json`` or transformers'
            ``preprocessor_config.json``.
        asked: One of :data:`PREPARATIONS`, instead of what the files say.
        channels: Channels of the images. Other than three take the mean over the channels.
    """
    timm = configuration.get("config.json", {}).get("pretrained_cfg", {})
    other = configuration.get("preprocessor_config.json", {})
    size = _side(timm, other)
    if asked is not None:
        mean, std = PREPARATIONS[asked]
        note = f"images are prepared as asked: {asked}"
    elif "mean" in timm and "std" in timm:
        mean, std = tuple(timm["mean"]), tuple(timm["std"])
        note = f"images are prepared as the weights' config.json says{_interpolated(timm)}"
    elif "image_mean" in other and "image_std" in other:
        mean, std = tuple(other["image_mean"]), tuple(other["image_std"])
        note = "images are prepared as the weights' preprocessor_config.json says"
    else:
        mean, std = _IMAGENET
        note = (
            "mean and deviation of ImageNet are assumed, as the weights come without a"
            " configuration"
        )
    if channels != len(mean) and len(mean) > 1:
        mean, std = (sum(mean) / len(mean),), (sum(std) / len(std),)
    said = ", ".join(f"{value:g}" for value in mean), ", ".join(f"{value:g}" for value in std)
    return Preparation(mean, std, size, f"{note}: mean {said[0]}, deviation {said[1]}")


def _interpolated(timm: Mapping[str, Any]) -> str:
    part = timm.get("crop_pct", 1.0)
    return "" if part in (1, None) else f", but whole, not cropped to {part:.1%} of their side"


def _side(timm: Mapping[str, Any], other: Mapping[str, Any]) -> int | None:
    if timm.get("input_size"):
        return int(timm["input_size"][-1])
    size = other.get("crop_size", other.get("size"))
    if isinstance(size, dict):
        size = size.get("height", size.get("shortest_edge"))
    return int(size) if size else None

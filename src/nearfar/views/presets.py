"""The published recipes of views, and what of them suits small images or drawings."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from nearfar.checks import check_choice
from nearfar.views.imageviews import ImageViews
from nearfar.views.views import Views

__all__ = [
    "VIEW_PRESETS",
    "byol_views",
    "digits_views",
    "image_views",
    "moco_v1_views",
    "moco_v2_views",
    "simclr_views",
    "vicreg_views",
]

_SMALL = 64
_SETTINGS = frozenset(inspect.signature(ImageViews).parameters)


def _build(recipe: dict[str, Any], overrides: dict[str, Any]) -> ImageViews:
    """Images of up to 64 pixels are not blurred: a kernel of a tenth of the side does nothing good.

    Raises:
        ValueError: An override is no setting of :class:`ImageViews`; the nearest is named.
    """
    for name in overrides:
        check_choice(_SETTINGS, setting=name)
    if recipe["size"] <= _SMALL:
        recipe = recipe | {"blur": (0.0,)}
    return ImageViews(**recipe | overrides)


def simclr_views(*, size: int, channels: int = 3, **overrides: Any) -> ImageViews:
    """SimCLR: crop from 8 % of the area on, strong colour, half of the views blurred.

    Up to 64 pixels: half the colour strength and no blur, as for CIFAR-10.

    Reference:
        Chen, Kornblith, Norouzi, Hinton (ICML 2020), appendices A and B.9.
    """
    strength = 0.5 if size <= _SMALL else 1.0
    recipe = {
        "size": size,
        "channels": channels,
        "crop_scale": (0.08, 1.0),
        "jitter": 0.8,
        "brightness": 0.8 * strength,
        "contrast": 0.8 * strength,
        "saturation": 0.8 * strength,
        "hue": 0.2 * strength,
        "grey": 0.2,
        "blur": (0.5,),
        "blur_sigma": (0.1, 2.0),
    }
    return _build(recipe, overrides)


def moco_v1_views(*, size: int, channels: int = 3, **overrides: Any) -> ImageViews:
    """MoCo v1: crop from 20 % on, colour always changed, hue by up to 0.4 turns, no blur.

    Reference:
        He, Fan, Wu, Xie, Girshick (CVPR 2020), section 3.3 and the authors' code.
    """
    recipe = {
        "size": size,
        "channels": channels,
        "crop_scale": (0.2, 1.0),
        "jitter": 1.0,
        "brightness": 0.4,
        "contrast": 0.4,
        "saturation": 0.4,
        "hue": 0.4,
        "grey": 0.2,
        "blur": (0.0,),
    }
    return _build(recipe, overrides)


def moco_v2_views(*, size: int, channels: int = 3, **overrides: Any) -> ImageViews:
    """MoCo v2 and SimSiam: crop from 20 % on, milder hue, half of the views blurred.

    Reference:
        Chen, Fan, Girshick, He: Improved baselines (2020) and the authors' code.
    """
    recipe = {
        "size": size,
        "channels": channels,
        "crop_scale": (0.2, 1.0),
        "jitter": 0.8,
        "brightness": 0.4,
        "contrast": 0.4,
        "saturation": 0.4,
        "hue": 0.1,
        "grey": 0.2,
        "blur": (0.5,),
    }
    return _build(recipe, overrides)


def byol_views(*, size: int, channels: int = 3, **overrides: Any) -> ImageViews:
    """BYOL: two unlike views, the first always blurred, the second solarised one time in five.

    Reference:
        Grill et al. (NeurIPS 2020), appendix B.
    """
    recipe = {
        "size": size,
        "channels": channels,
        "crop_scale": (0.08, 1.0),
        "jitter": 0.8,
        "brightness": 0.4,
        "contrast": 0.4,
        "saturation": 0.2,
        "hue": 0.1,
        "grey": 0.2,
        "blur": (1.0, 0.1),
        "solarise": (0.0, 0.2),
    }
    return _build(recipe, overrides)


def vicreg_views(*, size: int, channels: int = 3, **overrides: Any) -> ImageViews:
    """VICReg and Barlow Twins: the views of BYOL.

    Reference:
        Bardes, Ponce, LeCun (ICLR 2022), appendix C.
    """
    return byol_views(size=size, channels=channels, **overrides)


def digits_views(*, size: int, channels: int = 1, **overrides: Any) -> ImageViews:
    """Written characters and other drawings: mild crops, small rotations, no mirroring.

    A mirrored or much cropped glyph is another glyph, and its tone says nothing.
    """
    recipe = {
        "size": size,
        "channels": channels,
        "crop_scale": (0.5, 1.0),
        "crop_ratio": (3 / 4, 4 / 3),
        "flip": 0.0,
        "rotation": 15.0,
        "jitter": 0.8,
        "brightness": 0.4,
        "contrast": 0.4,
        "saturation": 0.0,
        "hue": 0.0,
        "grey": 0.0,
        "blur": (0.0,),
    }
    return _build(recipe, overrides)


VIEW_PRESETS: dict[str, Callable[..., Views]] = {
    "barlow-twins": vicreg_views,
    "byol": byol_views,
    "digits": digits_views,
    "moco-v1": moco_v1_views,
    "moco-v2": moco_v2_views,
    "multiview": simclr_views,
    "simclr": simclr_views,
    "vicreg": vicreg_views,
}


def image_views(preset: str, *, size: int, channels: int, **overrides: Any) -> Views:
    """The views of a preset by name, for images of this size and number of channels.

    Args:
        preset: One of :data:`VIEW_PRESETS`.
        size: Side of a view in pixels.
        channels: Channels of the images.
        overrides: Settings of the preset's views, mostly :class:`ImageViews`, that replace its own.

    Raises:
        ValueError: The preset or a setting is unknown (the nearest is named), or out of range.

    Example:
        >>> views = image_views("simclr", size=32, channels=3)
        >>> views.crop_scale, views.hue, views.blur
        ((0.08, 1.0), 0.1, (0.0,))
        >>> image_views("simclr", size=224, channels=3, flip=0.0).blur
        (0.5,)
    """
    check_choice(VIEW_PRESETS, preset=preset)
    return VIEW_PRESETS[preset](size=size, channels=channels, **overrides)

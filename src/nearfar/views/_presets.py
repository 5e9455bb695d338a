"""Published augmentations of images, and their versions for small images and drawings."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from nearfar._deprecation import renamed_options
from nearfar.checks import check_choice
from nearfar.views._imageviews import ImageViews
from nearfar.views._patchviews import PatchViews
from nearfar.views._views import Views

__all__ = [
    "amdim_views",
    "autoencoder_views",
    "byol_views",
    "cpc_v2_views",
    "curl_views",
    "deep_infomax_views",
    "digits_views",
    "drawing_views",
    "moco_v1_views",
    "moco_v2_views",
    "simclr_views",
    "swav_views",
    "vicreg_views",
]

_SMALL = 64
_SETTINGS = frozenset(inspect.signature(ImageViews).parameters)
_NUMBERS = ("num_views", "small_size", "shared_flip")  # settings that are independent of the style


def _build(recipe: dict[str, Any], overrides: dict[str, Any]) -> ImageViews:
    """Build views; images up to 64 pixels are not blurred, as a tenth of the side is too small.

    Raises:
        ValueError: An override is not a setting of :class:`ImageViews`; the message suggests the
            closest one.
    """
    overrides = renamed_options(overrides, _SETTINGS, stacklevel=3)
    for name in overrides:
        check_choice(_SETTINGS, setting=name)
    if recipe["size"] <= _SMALL:
        recipe = recipe | {"blur": (0.0,)}
    return ImageViews(**recipe | overrides)


def simclr_views(*, size: int, channels: int = 3, **overrides: Any) -> ImageViews:
    """SimCLR: crops of 8 to 100 % of the area, strong colour jitter, blur with probability 0.5.

    Up to 64 pixels: half the jitter strength and no blur, as for CIFAR-10.

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
        "gray": 0.2,
        "blur": (0.5,),
        "blur_sigma": (0.1, 2.0),
    }
    return _build(recipe, overrides)


def moco_v1_views(*, size: int, channels: int = 3, **overrides: Any) -> ImageViews:
    """MoCo v1: crops of at least 20 %, colour jitter always, hue shift up to 0.4 turns, no blur.

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
        "gray": 0.2,
        "blur": (0.0,),
    }
    return _build(recipe, overrides)


def moco_v2_views(*, size: int, channels: int = 3, **overrides: Any) -> ImageViews:
    """MoCo v2 and SimSiam: crops of at least 20 %, weaker hue jitter, blur with probability 0.5.

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
        "gray": 0.2,
        "blur": (0.5,),
    }
    return _build(recipe, overrides)


def byol_views(*, size: int, channels: int = 3, **overrides: Any) -> ImageViews:
    """BYOL: asymmetric views; the first always blurred, the second solarised with probability 0.2.

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
        "gray": 0.2,
        "blur": (1.0, 0.1),
        "solarize": (0.0, 0.2),
    }
    return _build(recipe, overrides)


def vicreg_views(*, size: int, channels: int = 3, **overrides: Any) -> ImageViews:
    """VICReg and Barlow Twins: the views of BYOL.

    Reference:
        Bardes, Ponce, LeCun (ICLR 2022), appendix C.
    """
    return byol_views(size=size, channels=channels, **overrides)


def digits_views(*, size: int, channels: int = 1, **overrides: Any) -> ImageViews:
    """Glyphs and other drawings: weak crops, small rotations, no flips.

    A flipped or heavily cropped glyph is a different glyph, and its brightness is irrelevant.
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
        "gray": 0.0,
        "blur": (0.0,),
    }
    return _build(recipe, overrides)


def autoencoder_views(*, size: int, channels: int = 3, **overrides: Any) -> ImageViews:
    """Reconstruction and supervised training: one view, crops of at least 50 % and flips."""
    recipe = {
        "size": size,
        "channels": channels,
        "num_views": 1,
        "crop_scale": (0.5, 1.0),
        "jitter": 0.0,
        "gray": 0.0,
        "blur": (0.0,),
    }
    return _build(recipe, overrides)


def swav_views(*, size: int, channels: int = 3, **overrides: Any) -> ImageViews:
    """SwAV: SimCLR's colours, two large crops of at least 14 % of the area, six smaller ones.

    Up to 64 pixels: four small crops of half the side, with 10 to 30 % of the area. As published, a
    small crop could be 5 % of a 32×32 image, 7×7 pixels, which is hardly informative; and at 3/7 of
    the side, an encoder that downsamples by 8 would have only 2×2 locations. As published, the
    large crops have 1.8 times the pixels of the small ones (2·224² to 6·96²), here twice as many.

    Reference:
        Caron, Misra, Mairal, Goyal, Bojanowski, Joulin (NeurIPS 2020), section 3.2 and the authors'
        code.
    """
    few = size <= _SMALL
    recipe = {
        "crop_scale": (0.14, 1.0),
        "small_views": 4 if few else 6,
        "small_size": (size + 1) // 2 if few else None,
        "small_scale": (0.1, 0.3) if few else (0.05, 0.14),
    }
    return simclr_views(size=size, channels=channels, **recipe | overrides)


def amdim_views(*, size: int, channels: int = 3, **overrides: Any) -> ImageViews:
    """AMDIM: both views flipped together; crops of at least 30 %, colour jitter, grayscale 25 %.

    For 32×32 CIFAR images the authors use weaker crops: shifts of up to four pixels.

    Reference:
        Bachman, Hjelm, Buchwalter (NeurIPS 2019), section 4.1 and the authors' code.
    """
    recipe = {
        "size": size,
        "channels": channels,
        "crop_scale": (0.3, 1.0),
        "crop_ratio": (0.7, 1.4),
        "jitter": 0.8,
        "brightness": 0.4,
        "contrast": 0.4,
        "saturation": 0.4,
        "hue": 0.2,
        "gray": 0.25,
        "blur": (0.0,),
        "shared_flip": True,
    }
    return _build(recipe, overrides)


def curl_views(*, size: int, channels: int = 3, **overrides: Any) -> ImageViews:
    """CURL on images: three of SimCLR's views, an anchor and a block of two positives.

    In the paper, positives are other images of the same latent class, as with pairs here.

    Reference:
        Arora, Khandeparkar, Khodak, Plevrakis, Saunshi (ICML 2019), section 6.
    """
    return simclr_views(size=size, channels=channels, **{"num_views": 3} | overrides)


def cpc_v2_views(*, size: int, channels: int = 3, **overrides: Any) -> PatchViews:
    """CPC v2: 7×7 separately augmented patches of a quarter of the side, overlapping by half.

    Up to 64 pixels: 3×3 patches of half the side.

    Reference:
        Hénaff et al. (ICML 2020), section 2.3; van den Oord, Li, Vinyals (2018), section 3.2.
    """
    for name in overrides:
        check_choice(inspect.signature(PatchViews).parameters, setting=name)
    recipe = {"patch": size // 2 if size <= _SMALL else size // 4}
    return PatchViews(size=size, channels=channels, **recipe | overrides)


def deep_infomax_views(*, size: int, channels: int = 3, **overrides: Any) -> ImageViews:
    """Deep InfoMax: one view, the image itself, flipped with probability 0.5.

    Reference:
        Hjelm et al. (ICLR 2019), whose method does not use a second view.
    """
    recipe = {
        "size": size,
        "channels": channels,
        "num_views": 1,
        "crop_scale": (1.0, 1.0),
        "crop_ratio": (1.0, 1.0),
        "jitter": 0.0,
        "gray": 0.0,
        "blur": (0.0,),
    }
    return _build(recipe, overrides)


def drawing_views(
    make: Callable[..., Views], *, size: int, channels: int = 1, **overrides: Any
) -> Views:
    """Augmentations for drawings (:func:`digits_views`), with the number of views of `make`.

    There are no small crops by default, since a part of a glyph is a different glyph; if requested,
    they cover 30 to 50 % of the area. Grids of patches are not flipped.

    Args:
        make: Views of images, such as :func:`simclr_views`.
        size: Side length of a view in pixels.
        channels: Number of channels of the images.
        overrides: Settings of the views.

    Example:
        >>> views = drawing_views(curl_views, size=28, channels=1)
        >>> views.num_views, views.flip
        (3, 0.0)
    """
    made = make(size=size, channels=channels)
    if not isinstance(made, ImageViews):
        mirrored = [name for name in inspect.signature(type(made)).parameters if "flip" in name]
        recipe = dict.fromkeys(mirrored, 0.0) | overrides
        return make(size=size, channels=channels, **recipe)
    asked = made.settings()
    numbers = {name: asked[name] for name in _NUMBERS} | {"small_scale": (0.3, 0.5)}
    return digits_views(size=size, channels=channels, **numbers | overrides)

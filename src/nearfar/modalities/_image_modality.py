"""Images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from nearfar.checks import require
from nearfar.data import ImageSource, Source
from nearfar.data.images import IMAGES
from nearfar.inputs import Images, View
from nearfar.modalities._exhibits import png_text
from nearfar.modalities._form import Form
from nearfar.modalities._image_style import ViewStyle, declared_style, find_style
from nearfar.modalities._modality import Modality, OnnxCall
from nearfar.modules import EncoderDescription, build_encoder
from nearfar.records import Exhibit
from nearfar.views import ImageViews, ViewRecipe, Views, drawing_views, simclr_views

__all__ = ["ImageForm", "ImageModality", "ImageOptions"]

_RAW_SIDE = 32
_SIDES = (192, 160, 128, 112, 96, 80, 64, 48, 32)  # sides of views that are cheaper than usual
_USUAL = ((0.0, 255.0), (0.0, 1.0))  # ranges of bytes and fractions
_MILD: dict[str, Any] = {  # these augmentations only prevent memorisation
    "crop_scale": (0.85, 1.0),
    "crop_ratio": (0.8, 1.25),
    "flip": 0.0,
    "rotation": 10.0,
    "jitter": 0.0,
    "gray": 0.0,
    "blur": (0.0,),
    "solarize": (0.0,),
}


@dataclass(frozen=True, kw_only=True)
class ImageForm(Form):
    """Specification of the inputs of an encoder of images.

    Attributes:
        channels: Number of channels of every image.
        image_size: Side length of the views in pixels.
        value_range: The (low, high) of the original values that is mapped to (0, 1); None in runs
            of older versions, for bytes and for values that are not rescaled.
        missing_value: Original value that marks missing ones, which become 0; None if none does.
        mean: Mean that views are normalised by: one value, or one per channel.
        std: Standard deviation that views are normalised by: one value, or one per channel.
    """

    channels: int
    image_size: int
    value_range: tuple[float, float] | None = None
    missing_value: float | None = field(default=None, metadata={"omitted": True})
    mean: tuple[float, ...] = (0.5,)
    std: tuple[float, ...] = (0.5,)


@dataclass(frozen=True, kw_only=True)
class ImageOptions:
    """Options of images and their encoder.

    Args:
        image_size: Side length of the views in pixels; by default chosen from the size of the
            images.
        channels: Number of channels, to resolve an ambiguous array or to read a folder as grey (1)
            or colour (3).
        value_range: Lowest and highest value, which become black and white; by default those of
            bytes, or determined from the values.
        missing_value: Value that marks missing ones, such as -9999, which become black; by default
            the value that the files declare.
        stem: First layers of a ResNet: ``small`` for small images, ``standard``, or ``auto``.
        norm: Normalisation layers of the encoder: ``batch``, or ``layer`` (per image); by default
            chosen by the method.
        view_style: Augmentations: ``natural``, those of the method's paper, or ``drawing``, with
            weak crops, small rotations and no flips, so that glyphs keep their meaning. By default
            ``drawing`` for grey images of ink on a uniform background, otherwise ``natural``.
        split_folder: Name of the subfolder that is the test set; ``none`` if subfolders such as
            ``train`` and ``test`` are classes. By default recognised by the usual names.
        key: Name of the array in a file with several; by default that of a usual name or the only
            one that fits.
    """

    image_size: int | None = None
    channels: int | None = None
    value_range: tuple[float, float] | None = None
    missing_value: float | None = None
    stem: Literal["auto", "small", "standard"] = "auto"
    norm: Literal["batch", "layer"] | None = None
    view_style: ViewStyle | None = None
    split_folder: str | None = None
    key: str | None = None


@final
class ImageModality(Modality[ImageForm, ImageOptions]):
    """Images of any size and number of channels."""

    data: ClassVar = IMAGES
    form_type: ClassVar = ImageForm
    inputs: ClassVar = (Images,)
    example: ClassVar = "photos/"
    arrays: ClassVar = True
    fewest: ClassVar = 2
    options: ClassVar = ImageOptions
    settings: ClassVar = ImageViews
    encoder: ClassVar = "convnet"
    encoders: ClassVar = "convnet, amdim, or any model name of timm"

    def rungs(self, source: Source, options: ImageOptions) -> tuple[Mapping[str, Any], ...]:
        usual = options.image_size or require(ImageSource, data=source.root).image_size
        return tuple({"image_size": side} for side in _SIDES if side < usual)

    def form(self, source: Source, options: ImageOptions, *, seed: int) -> ImageForm:
        root = require(ImageSource, data=source.root)
        size = options.image_size or root.image_size
        return ImageForm(
            channels=root.channels,
            image_size=size,
            value_range=root.value_range,
            missing_value=root.missing_value,
        )

    def build_encoder(
        self, name: str, form: ImageForm, options: ImageOptions
    ) -> tuple[nn.Module, EncoderDescription[ImageForm]]:
        module, description = build_encoder(
            name,
            channels=form.channels,
            image_size=form.image_size,
            stem=options.stem,
            norm=options.norm or "batch",
        )
        return module, description.with_form(form)

    def rebuild(self, description: EncoderDescription[ImageForm]) -> nn.Module:
        form = description.form
        module, _ = build_encoder(
            description.name,
            channels=form.channels,
            image_size=form.image_size,
            stem=description.stem,
            norm=description.norm,
        )
        return module

    def decide(self, source: Source, options: ImageOptions) -> tuple[ImageOptions, tuple[str, ...]]:
        if options.view_style is not None:
            return options, ()
        style = find_style(source)
        declared, drawn = declared_style(source) is not None, style == "drawing"
        found = f"the images are {'' if drawn else 'not '}ink on a uniform background"
        why = f"the declared style of {source.name}" if declared else f"as {found}"
        note = (
            f"augmentations for drawings, {why}; --views natural selects those of the paper"
            if drawn
            else f"augmentations of the paper, {why}; --views drawing selects those for glyphs"
        )
        return replace(options, view_style=style), (note,)

    def views(
        self,
        recipe: ViewRecipe,
        form: ImageForm,
        *,
        source: Source,
        options: ImageOptions,
        settings: Mapping[str, Any],
    ) -> Views:
        if recipe.make is None:
            raise ValueError(
                "a method must declare the image views it is trained on: set"
                ' serves = {"images": Serves(views=ViewRecipe(nearfar.views.simclr_views))} on its'
                " class, or pass `views`"
            )
        known = {"size": form.image_size, "channels": form.channels}
        chosen = {**known, **recipe.settings, **settings}
        if (options.view_style or find_style(source)) == "drawing":
            return drawing_views(recipe.make, **chosen)
        return recipe.make(**chosen)

    def half_views(
        self,
        form: ImageForm,
        *,
        source: Source,
        options: ImageOptions,
        settings: Mapping[str, Any],
    ) -> Views:
        natural = replace(options, view_style="natural")
        chosen = {**_MILD, **settings, "num_views": 1}
        half = ViewRecipe(simclr_views)
        return self.views(half, form, source=source, options=natural, settings=chosen)

    def two_views(self, form: ImageForm) -> Views:
        return simclr_views(size=form.image_size, channels=form.channels)

    def plain(self, form: ImageForm) -> Views:
        return ImageViews(
            size=form.image_size,
            channels=form.channels,
            mean=form.mean,
            std=form.std,
        )

    def raw(self, source: Source, form: ImageForm) -> tuple[str, Float[Tensor, "samples features"]]:
        root = require(ImageSource, data=source.root)
        size = min(_RAW_SIDE, root.image_size)
        views: Views = ImageViews(size=size, channels=root.channels)
        parts = []
        for batch in source.chunks(1024):
            parts.append(require(Tensor, view=views.plain(batch.inputs)).flatten(1))
        return f"raw pixels {size}×{size}", torch.cat(parts)

    def show(self, view: View, form: ImageForm) -> list[Exhibit]:
        images = require(Tensor, view=view)
        if images.ndim == 6:
            images = _side_by_side(images)
        return [Exhibit(png=_png(image, form)) for image in images]

    def onnx(self, encoder: nn.Module, form: ImageForm) -> OnnxCall:
        size = form.image_size
        example = torch.zeros(2, form.channels, size, size)
        return OnnxCall(encoder, (example,), ("images",), ({0: "batch"},))

    def signal_dim(self, form: ImageForm) -> int:
        return int(form.channels * min(_RAW_SIDE, form.image_size) ** 2)

    def opening(self, form: ImageForm) -> dict[str, Any]:
        return {
            "channels": form.channels,
            "value_range": form.value_range,
            "missing_value": form.missing_value,
        }

    def check_opened(self, source: Source, form: ImageForm) -> None:
        given, stored = require(ImageSource, data=source.root).value_range, form.value_range
        if given is None or stored is None or given == stored or given in _USUAL:
            return
        low, high = given
        by_type = low == 0 and high > 255 and high.is_integer() and not int(high) & int(high) + 1
        if stored in _USUAL and by_type:
            return
        raise ValueError(
            f"`data` maps the values {low:g} to {high:g} to 0..1, the run's images"
            f" {stored[0]:g} to {stored[1]:g}: open it with `value_range`={stored}"
        )

    def shown(self, form: ImageForm) -> str:
        return f"shown at {form.image_size}×{form.image_size}"

    def check(self, source: Source, form: ImageForm) -> None:
        root = require(ImageSource, data=source.root)
        if root.channels != form.channels:
            raise ValueError(
                f"`data` must have {form.channels} channels, like the run's images,"
                f" got {root.channels}"
            )


def _side_by_side(grids: Float[Tensor, "batch rows columns channels height width"]) -> Tensor:
    """Each grid of patches as one image, with a light line of one pixel between patches."""
    spaced = F.pad(grids, (0, 1, 0, 1), value=grids.amax().item())
    laid = spaced.permute(0, 3, 1, 4, 2, 5)  # batch × channels × rows × height × columns × width
    return laid.flatten(4, 5).flatten(2, 3)[:, :, :-1, :-1]


def _png(view: Tensor, form: ImageForm) -> str:
    """A normalised view as a base64 PNG: grey for one channel, otherwise the first three."""
    from PIL import Image

    image = view.float().cpu()
    if form.mean and form.std:
        mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (form.mean, form.std))
        image = image * std + mean
    else:
        low, high = image.amin(), image.amax()
        image = (image - low) / (high - low).clamp_min(1e-8)
    pixels = (image.clamp(0, 1) * 255).round().to(torch.uint8)
    pixels = pixels[:3] if pixels.shape[0] >= 3 else pixels[:1]
    array = pixels.permute(1, 2, 0).numpy()
    return png_text(Image.fromarray(array if array.shape[2] == 3 else array[:, :, 0]))

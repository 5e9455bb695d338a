"""Images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from nearfar.data import ImageSource, Source
from nearfar.inputs import View
from nearfar.modalities._modality import Modality, OnnxCall
from nearfar.modalities._pictures import png_text
from nearfar.modalities._style import ViewStyle, find_style
from nearfar.modules import EncoderDescription, build_encoder
from nearfar.records import Exhibit
from nearfar.views import ImageViews, ViewRecipe, Views, drawing_views, simclr_views

__all__ = ["ImageOptions", "Images", "png"]

_RAW_SIDE = 32


@dataclass(frozen=True, kw_only=True)
class ImageOptions:
    """What a user may say of images and their encoder.

    Args:
        image_size: Side of the views in pixels; chosen from the data if not given.
        channels: Channels of the images, where an array leaves it open or a folder is to be read
            as grey (1) or colour (3).
        stem: First layers of a ResNet: ``small`` for small images, ``standard``, or ``auto``.
        norm: What the encoder normalises by: ``batch``, or ``layer`` (each image by itself);
            chosen for the method if not given.
        view_style: Augmentations for ``drawing`` (mild crops, small rotations, no mirroring: glyphs
            keep their meaning) or ``natural`` images (those of the method's paper). If not given,
            ``drawing`` for grey images of ink on an even ground.
    """

    image_size: int | None = None
    channels: int | None = None
    stem: Literal["auto", "small", "standard"] = "auto"
    norm: Literal["batch", "layer"] | None = None
    view_style: ViewStyle | None = None


@final
class Images(Modality):
    """Grey, colour or many-channel images of any size."""

    name: ClassVar = "images"
    options: ClassVar = ImageOptions
    settings: ClassVar = ImageViews
    encoder: ClassVar = "convnet"
    encoders: ClassVar = "convnet, amdim, or any model name of timm"

    def form(self, source: Source, options: Any, *, seed: int) -> dict[str, Any]:
        root = source.root
        assert isinstance(root, ImageSource)
        size = options.image_size or root.image_size
        form = {"channels": root.channels, "image_size": size, "value_range": root.value_range}
        return form | {"mean": (0.5,), "std": (0.5,)}

    def build_encoder(
        self, name: str, form: Mapping[str, Any], options: ImageOptions
    ) -> tuple[nn.Module, EncoderDescription]:
        module, description = build_encoder(
            name,
            channels=form["channels"],
            image_size=form["image_size"],
            stem=options.stem,
            norm=options.norm or "batch",
        )
        return module, replace(description, form=dict(form))

    def rebuild(self, description: EncoderDescription) -> nn.Module:
        form = description.form
        module, _ = build_encoder(
            description.name,
            channels=form["channels"],
            image_size=form["image_size"],
            stem=description.stem,
            norm=description.norm,
        )
        return module

    def decide(self, source: Source, options: ImageOptions) -> tuple[Any, tuple[str, ...]]:
        if options.view_style is not None:
            return options, ()
        style = find_style(source)
        chosen = replace(options, view_style=style)
        if style == "natural":
            return chosen, ()
        declared = getattr(source.root, "style", None) is not None
        why = f"{source.name} declares" if declared else "the images are grey ink on an even ground"
        note = f"augmentations for drawings, as {why}: --views natural for those of the paper"
        return chosen, (note,)

    def views(
        self,
        recipe: ViewRecipe,
        form: Mapping[str, Any],
        *,
        source: Source,
        options: ImageOptions,
        settings: Mapping[str, Any],
    ) -> Views:
        if recipe.make is None:
            raise ValueError(
                "a method must declare which views of images it is trained on: set"
                ' serves = {"images": Serves(views=ViewRecipe(nearfar.views.simclr_views))} on its'
                " class, or give `views`"
            )
        known = {"size": form["image_size"], "channels": form["channels"]}
        chosen = {**known, **recipe.settings, **settings}
        if (options.view_style or find_style(source)) == "drawing":
            return drawing_views(recipe.make, **chosen)
        return recipe.make(**chosen)

    def two_views(self, form: Mapping[str, Any]) -> Views:
        return simclr_views(size=form["image_size"], channels=form["channels"])

    def plain(self, form: Mapping[str, Any]) -> Views:
        return ImageViews(
            size=form["image_size"],
            channels=form["channels"],
            mean=tuple(form["mean"]),
            std=tuple(form["std"]),
        )

    def raw(
        self, source: Source, form: Mapping[str, Any]
    ) -> tuple[str, Float[Tensor, "samples features"]]:
        root = source.root
        assert isinstance(root, ImageSource)
        size = min(_RAW_SIDE, root.image_size)
        views: Views = ImageViews(size=size, channels=root.channels)
        parts = []
        for batch in source.chunks(1024):
            shown = views.plain(batch.inputs)
            assert isinstance(shown, Tensor)
            parts.append(shown.flatten(1))
        return f"raw pixels {size}×{size}", torch.cat(parts)

    def show(self, view: View, form: Mapping[str, Any]) -> list[Exhibit]:
        assert isinstance(view, Tensor)
        if view.ndim == 6:
            view = _side_by_side(view)
        return [Exhibit(png=png(image, form)) for image in view]

    def onnx(self, encoder: nn.Module, form: Mapping[str, Any]) -> OnnxCall:
        size = form["image_size"]
        example = torch.zeros(2, form["channels"], size, size)
        return OnnxCall(encoder, (example,), ("images",), ({0: "batch"},))

    def signal_dim(self, form: Mapping[str, Any]) -> int:
        return int(form["channels"] * min(_RAW_SIDE, form["image_size"]) ** 2)

    def opening(self, form: Mapping[str, Any]) -> dict[str, Any]:
        known = form["value_range"]
        return {
            "channels": form["channels"],
            "value_range": None if known is None else tuple(known),
        }

    def shown(self, form: Mapping[str, Any]) -> str:
        return f"shown at {form['image_size']}×{form['image_size']}"

    def check(self, source: Source, form: Mapping[str, Any]) -> None:
        root = source.root
        assert isinstance(root, ImageSource)
        if root.channels != form["channels"]:
            raise ValueError(
                f"`data` must have {form['channels']} channels, as the run's images had,"
                f" got {root.channels}"
            )


def _side_by_side(grids: Float[Tensor, "batch rows columns channels height width"]) -> Tensor:
    """Each grid of patches as one image, a pixel of light between them."""
    spaced = F.pad(grids, (0, 1, 0, 1), value=grids.amax().item())
    laid = spaced.permute(0, 3, 1, 4, 2, 5)  # batch × channels × rows × height × columns × width
    return laid.flatten(4, 5).flatten(2, 3)[:, :, :-1, :-1]


def png(view: Tensor, form: Mapping[str, Any]) -> str:
    """One normalised view as a PNG in base64: grey for one channel, else the first three."""
    from PIL import Image

    image = view.float().cpu()
    mean, std = form.get("mean"), form.get("std")
    if mean and std:
        image = image * torch.tensor(std).view(-1, 1, 1) + torch.tensor(mean).view(-1, 1, 1)
    else:
        low, high = image.amin(), image.amax()
        image = (image - low) / (high - low).clamp_min(1e-8)
    pixels = (image.clamp(0, 1) * 255).round().to(torch.uint8)
    pixels = pixels[:3] if pixels.shape[0] >= 3 else pixels[:1]
    array = pixels.permute(1, 2, 0).numpy()
    return png_text(Image.fromarray(array if array.shape[2] == 3 else array[:, :, 0]))

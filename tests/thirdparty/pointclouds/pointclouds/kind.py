"""The kind itself: everything that nearfar must know to train on point clouds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from PIL import Image, ImageDraw
from torch import Tensor, nn

from nearfar.checks import check_choice, require
from nearfar.data import Source
from nearfar.inputs import View
from nearfar.modalities import Form, Modality, OnnxCall, png_text, small_batch
from nearfar.modules import EncoderDescription
from nearfar.records import Exhibit
from nearfar.views import ViewRecipe, Views
from pointclouds.encoders import OfTensors, PointNet
from pointclouds.inputs import Clouds
from pointclouds.source import CLOUDS, CloudSource
from pointclouds.views import CloudViews


@dataclass(frozen=True, kw_only=True)
class CloudForm(Form):
    """What an encoder of point clouds must know of its inputs.

    Attributes:
        scale: What coordinates are divided by.
        points: Of a typical cloud.
    """

    scale: float
    points: int


@dataclass(frozen=True, kw_only=True)
class CloudOptions:
    """What a user may choose.

    Args:
        every: Of each cloud only every so-manieth point is read.
        units: Dimensions of the representation.
    """

    every: int = 1
    units: int = 32


@final
class PointClouds(Modality[CloudForm, CloudOptions]):
    """Sets of points in space, of any size."""

    data: ClassVar = CLOUDS
    form_type: ClassVar = CloudForm
    options: ClassVar = CloudOptions
    settings: ClassVar = CloudViews
    inputs: ClassVar = (Clouds,)
    encoder: ClassVar = "pointnet"
    encoders: ClassVar = "pointnet"
    example: ClassVar = "scans.clouds"

    def form(self, source: Source, options: CloudOptions, *, seed: int) -> CloudForm:
        require(CloudSource, data=source.root)
        plain = CloudViews().plain(_read(source))
        norms = plain.points.norm(dim=2)[plain.mask()]
        return CloudForm(scale=float(norms.mean()), points=int(plain.counts.median()))

    def build_encoder(
        self, name: str, form: CloudForm, options: CloudOptions
    ) -> tuple[nn.Module, EncoderDescription[CloudForm]]:
        check_choice(("pointnet",), encoder=name)
        return PointNet(options.units), EncoderDescription(
            name=name,
            library="pointclouds",
            width=options.units,
            modality=self.name,
            form=form,
            arguments={"width": options.units},
            how=f"pointclouds.PointNet({options.units})",
        )

    def rebuild(self, description: EncoderDescription[CloudForm]) -> nn.Module:
        return PointNet(**description.arguments)

    def views(
        self,
        recipe: ViewRecipe,
        form: CloudForm,
        *,
        source: Source,
        options: CloudOptions,
        settings: Mapping[str, Any],
    ) -> Views:
        make = recipe.make or CloudViews
        return make(**{"scale": form.scale, **recipe.settings, **settings})

    def two_views(self, form: CloudForm) -> Views:
        return CloudViews(scale=form.scale)

    def plain(self, form: CloudForm) -> Views:
        return CloudViews(scale=form.scale, num_views=1)

    def raw(self, source: Source, form: CloudForm) -> tuple[str, Tensor]:
        moments = [
            require(Clouds, view=self.plain(form).plain(batch.inputs)).numbers(count=6)
            for batch in source.chunks()
        ]
        return "moments of the coordinates", torch.cat(moments)

    def show(self, view: View, form: CloudForm) -> list[Exhibit]:
        return [Exhibit(png=_drawn(cloud)) for cloud in require(Clouds, view=view).unpadded()]

    def onnx(self, encoder: nn.Module, form: CloudForm) -> OnnxCall:
        points = torch.zeros(2, form.points, 3)
        mask = torch.ones(2, form.points, dtype=torch.bool)
        axes = {0: "batch", 1: "points"}
        return OnnxCall(OfTensors(encoder), (points, mask), ("points", "mask"), (axes, axes))

    def signal_dim(self, form: CloudForm) -> int:
        return 6

    def training(
        self, *, samples: int, batch_size: int | None = None, updates: int | None = None
    ) -> dict[str, Any]:
        return {"batch_size": small_batch(samples, most=batch_size or 256, updates=4)}

    def check(self, source: Source, form: CloudForm) -> None:
        require(CloudSource, data=source.root)


def _read(source: Source) -> Clouds:
    return require(Clouds, inputs=source.read(range(min(256, len(source)))).inputs)


def _drawn(cloud: Tensor) -> str:
    """A cloud seen from the side, as a PNG in base64."""
    image = Image.new("L", (48, 48), 255)
    pen = ImageDraw.Draw(image)
    for x, _, z in cloud.clamp(-2, 2).tolist():
        pen.point((24 + 11 * x, 24 - 11 * z), fill=0)
    return png_text(image)

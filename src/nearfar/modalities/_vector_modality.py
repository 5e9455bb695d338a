"""Vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.checks import check_choice, require
from nearfar.data import Source, VectorSource
from nearfar.data._files import list_names
from nearfar.data.vectors import VECTORS
from nearfar.inputs import View
from nearfar.modalities._exhibits import png_text
from nearfar.modalities._form import Form
from nearfar.modalities._modality import Modality, OnnxCall, small_batch
from nearfar.modules import EncoderDescription, PerceptronEncoder
from nearfar.ops import permutation
from nearfar.records import Exhibit
from nearfar.views import PlainViews, VectorViews, ViewRecipe, Views

__all__ = ["VectorForm", "VectorModality", "VectorOptions"]

_LOOKED_AT = 1 << 16  # rows for estimating mean, standard deviation and marginals
_LEVELS, _NUMBERS = 64, 1 << 17  # values per feature's marginal, and over all features
_FOUND = ("mean", "std", "marginals")
_SHOWN, _MOST_STRIPES, _HEIGHT = 8, 512, 24
_SPREAD = 3.0  # range of the strip's colours in standard deviations


@dataclass(frozen=True, kw_only=True)
class VectorForm(Form):
    """Specification of the inputs of an encoder of vectors.

    Attributes:
        dim: Number of features.
        columns: Name of each feature.
        named: Whether the names are those of the data, so that columns of a table are found by
            name; if not, by position.
        mean: Mean of each feature.
        std: Standard deviation of each feature; 0 for a constant one.
        marginals: For each feature, evenly spaced quantiles of its standardised values.
    """

    dim: int
    columns: tuple[str, ...] = ()
    named: bool = False
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    marginals: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class VectorOptions:
    """Options of vectors and their encoder.

    Args:
        exclude: Columns of a table that are not features, such as row numbers and classes.
        key: Name of the array in a file with several; by default that of a usual name or the only
            one that fits.
        exclude: Columns of a table that are not features.
        include: Columns of a table that are features although they look like row numbers or labels,
            which are left out by default.
        encoding: Encoding of a text file; by default determined from its bytes.
        delimiter: Character between the cells of a line (``tab``, ``;``); by default determined
            from the content.
        header: Whether the first row of a table has the columns' names; by default determined from
            the content.
        decimal: Decimal mark of numbers, ``.`` (the default) or ``,``.
        where: Conditions on the rows of a table: ``split=train``.
        units: Width of every layer of the perceptron, and dimension of the representation.
        blocks: Number of residual layers after the first layer.
    """

    exclude: tuple[str, ...] = ()
    key: str | None = None
    include: tuple[str, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    decimal: str | None = None
    where: tuple[str, ...] | Mapping[str, str] | str = ()
    units: int = 256
    blocks: int = 2


@final
class VectorModality(Modality[VectorForm, VectorOptions]):
    """Vectors of numeric features."""

    data: ClassVar = VECTORS
    form_type: ClassVar = VectorForm
    example: ClassVar = "table.npy"
    arrays: ClassVar = True
    precise: ClassVar = True
    options: ClassVar = VectorOptions
    settings: ClassVar = VectorViews
    encoder: ClassVar = "perceptron"
    recognizable = True
    encoders: ClassVar = "perceptron"

    def rungs(self, source: Source, options: VectorOptions) -> tuple[Mapping[str, Any], ...]:
        return tuple({"units": units} for units in (128, 64) if units < options.units)

    def form(self, source: Source, options: VectorOptions, *, seed: int) -> VectorForm:
        root = require(VectorSource, data=source.root)
        order = permutation(len(source), seed=seed, epoch=0)[:_LOOKED_AT]
        rows = require(Tensor, inputs=source.read(order.sort().values).inputs)
        mean, std = rows.double().mean(0), rows.double().std(0, correction=0)
        if not bool(torch.isfinite(std).all()):
            column = root.columns[int((~torch.isfinite(std)).nonzero()[0])]
            raise ValueError(
                f"{source.name}: column {column} has values whose squares overflow: rescale it"
            )
        # a deviation at rounding level is that of a constant
        std = torch.where(std <= 1e-12 * mean.abs(), 0.0, std)
        plain = VectorViews(mean=mean.tolist(), std=std.tolist(), mask=0.0).plain(rows)
        levels = max(2, min(_LEVELS, _NUMBERS // root.dim))
        # midpoints of equal segments of the sorted values
        places = (torch.arange(levels) + 0.5) / levels * len(plain)
        marginals = plain.sort(0).values[places.long()].T
        return VectorForm(
            dim=root.dim,
            columns=tuple(root.columns),
            named=root.named,
            mean=tuple(mean.tolist()),
            std=tuple(std.tolist()),
            marginals=tuple(tuple(float(f"{v:.4g}") for v in row) for row in marginals.tolist()),
        )

    def build_encoder(
        self, name: str, form: VectorForm, options: VectorOptions
    ) -> tuple[nn.Module, EncoderDescription[VectorForm]]:
        check_choice(("perceptron",), encoder=name)
        width, blocks = options.units, options.blocks
        arguments = {"inputs": form.dim, "width": width, "blocks": blocks}
        description = EncoderDescription(
            name=name,
            library="nearfar",
            width=width,
            modality=self.name,
            form=form,
            arguments=arguments,
            how=f"nearfar.modules.PerceptronEncoder({form.dim}, width={width}, blocks={blocks})",
        )
        return PerceptronEncoder(**arguments), description

    def rebuild(self, description: EncoderDescription[VectorForm]) -> nn.Module:
        return PerceptronEncoder(**description.arguments)

    def views(
        self,
        recipe: ViewRecipe,
        form: VectorForm,
        *,
        source: Source,
        options: VectorOptions,
        settings: Mapping[str, Any],
    ) -> Views:
        for name in settings:
            if name in _FOUND:
                raise ValueError(f"`{name}` of vectors is determined from the data")
        make = recipe.make or VectorViews
        return make(**self._known(form) | {**recipe.settings, **settings})

    def half_views(
        self,
        form: VectorForm,
        *,
        source: Source,
        options: VectorOptions,
        settings: Mapping[str, Any],
    ) -> Views:
        """Unchanged vectors, unless settings are given."""
        if not settings:
            return PlainViews(self.plain(form))
        return super().half_views(form, source=source, options=options, settings=settings)

    def two_views(self, form: VectorForm) -> Views:
        return VectorViews(**self._known(form))

    def plain(self, form: VectorForm) -> Views:
        return VectorViews(mean=form.mean, std=form.std, mask=0.0, noise=0.0)

    def raw(
        self, source: Source, form: VectorForm
    ) -> tuple[str, Float[Tensor, "samples features"]]:
        views = self.plain(form)
        parts = []
        for batch in source.chunks():
            parts.append(require(Tensor, view=views.plain(batch.inputs)))
        return f"{form.dim} standardised features", torch.cat(parts)

    def show(self, view: View, form: VectorForm) -> list[Exhibit]:
        rows = require(Tensor, view=view).cpu()
        return [Exhibit(png=_strip(row), text=_words(row, form.columns)) for row in rows]

    def onnx(self, encoder: nn.Module, form: VectorForm) -> OnnxCall:
        example = torch.zeros(2, form.dim)
        return OnnxCall(encoder, (example,), ("vectors",), ({0: "batch"},))

    def signal_dim(self, form: VectorForm) -> int:
        return int(form.dim)

    def training(
        self, *, samples: int, batch_size: int | None = None, updates: int | None = None
    ) -> dict[str, Any]:
        # tables of a few hundred rows still have several updates per epoch
        batch = small_batch(samples, most=batch_size or 256, updates=4)
        return {"batch_size": batch, "epochs": 100}

    def opening(self, form: VectorForm) -> dict[str, Any]:
        # runs of tables before 0.2 have the names, but not `named`
        numbered = form.columns == tuple(map(str, range(form.dim)))
        return {"columns": form.columns if form.named or not numbered else ()}

    def check(self, source: Source, form: VectorForm) -> None:
        root = require(VectorSource, data=source.root)
        if form.named and root.named and root.columns != form.columns:
            missing = [name for name in form.columns if name not in root.columns]
            raise ValueError(
                f"`data` must have the columns of the run, {list_names(form.columns, most=20)}, in"
                f" this order, got {list_names(root.columns, most=20)}"
                + ("" if missing else ": open the table with `columns`")
            )
        if root.dim != form.dim:
            raise ValueError(
                f"`data` must have {form.dim} features, like the run's vectors, got {root.dim}"
            )

    def _known(self, form: VectorForm) -> dict[str, Any]:
        return {name: getattr(form, name) for name in _FOUND}


def _words(row: Tensor, columns: tuple[str, ...]) -> str:
    """The first few standardised values with their names."""
    values = [f"{name} {v:+.2f}" for name, v in zip(columns, row[:_SHOWN].tolist(), strict=False)]
    return ", ".join(values) + (" …" if len(row) > _SHOWN else "")


def _strip(row: Tensor) -> str:
    """One stripe per feature, blue below the mean and red above, as a base64 PNG."""
    from PIL import Image

    values = (row[:_MOST_STRIPES] / _SPREAD).clamp(-1, 1)
    fade = 1 - values.abs()
    red, blue = torch.where(values > 0, 1.0, fade), torch.where(values < 0, 1.0, fade)
    colors = (torch.stack([red, fade, blue], dim=1) * 255).round().to(torch.uint8)
    stripe = max(1, 128 // len(values))
    pixels = colors.repeat_interleave(stripe, dim=0).expand(_HEIGHT, -1, 3).contiguous()
    return png_text(Image.fromarray(pixels.numpy()))

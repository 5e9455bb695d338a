"""Vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.checks import check_choice
from nearfar.data import Source, VectorSource
from nearfar.inputs import View
from nearfar.modalities._modality import Modality, OnnxCall, small_batch
from nearfar.modalities._pictures import png_text
from nearfar.modules import EncoderDescription, PerceptronEncoder
from nearfar.ops import permutation
from nearfar.records import Exhibit
from nearfar.views import VectorViews, ViewRecipe, Views

__all__ = ["VectorOptions", "Vectors"]

_LOOKED_AT = 1 << 16  # rows that mean, standard deviation and marginals are found from
_LEVELS, _NUMBERS = 64, 1 << 17  # of a feature's marginal, and of all of them
_FOUND = ("mean", "std", "marginals")
_SHOWN, _MOST_STRIPES, _HEIGHT = 8, 512, 24
_SPREAD = 3.0  # standard deviations that the strip's colours reach to


@dataclass(frozen=True, kw_only=True)
class VectorOptions:
    """What a user may say of vectors and their encoder.

    Args:
        exclude: Columns of a table that are no features, such as numbers of rows and classes.
        units: Dimensions of every layer of the perceptron, and so of the representation.
        blocks: Its residual layers after the first.
    """

    exclude: tuple[str, ...] = ()
    units: int = 256
    blocks: int = 2


@final
class Vectors(Modality):
    """Rows of numbers."""

    name: ClassVar = "vectors"
    options: ClassVar = VectorOptions
    settings: ClassVar = VectorViews
    encoder: ClassVar = "perceptron"
    encoders: ClassVar = "perceptron"

    def form(self, source: Source, options: Any, *, seed: int) -> dict[str, Any]:
        root = source.root
        assert isinstance(root, VectorSource)
        order = permutation(len(source), seed=seed, epoch=0)[:_LOOKED_AT]
        rows = source.read(order.sort().values).inputs
        assert isinstance(rows, Tensor)
        mean, std = rows.double().mean(0), rows.double().std(0, correction=0)
        if not bool(torch.isfinite(std).all()):
            column = root.columns[int((~torch.isfinite(std)).nonzero()[0])]
            raise ValueError(
                f"{source.name}: column {column} holds numbers too large to be squared: scale it"
            )
        # what is left of a constant after rounding is no spread
        std = torch.where(std <= 1e-12 * mean.abs(), 0.0, std)
        plain = VectorViews(mean=mean.tolist(), std=std.tolist(), mask=0.0).plain(rows)
        levels = max(2, min(_LEVELS, _NUMBERS // root.dim))
        # the middles of as many equal shares of the sorted values
        places = (torch.arange(levels) + 0.5) / levels * len(plain)
        marginals = plain.sort(0).values[places.long()].T
        return {
            "dim": root.dim,
            "columns": list(root.columns),
            "mean": mean.tolist(),
            "std": std.tolist(),
            "marginals": [[float(f"{v:.4g}") for v in row] for row in marginals.tolist()],
        }

    def build_encoder(
        self, name: str, form: Mapping[str, Any], options: VectorOptions
    ) -> tuple[nn.Module, EncoderDescription]:
        check_choice(("perceptron",), encoder=name)
        width, blocks = options.units, options.blocks
        arguments = {"inputs": form["dim"], "width": width, "blocks": blocks}
        description = EncoderDescription(
            name=name,
            library="nearfar",
            width=width,
            modality=self.name,
            form=dict(form),
            arguments=arguments,
            how=f"nearfar.modules.PerceptronEncoder({form['dim']}, width={width}, blocks={blocks})",
        )
        return PerceptronEncoder(**arguments), description

    def rebuild(self, description: EncoderDescription) -> nn.Module:
        return PerceptronEncoder(**description.arguments)

    def views(
        self,
        recipe: ViewRecipe,
        form: Mapping[str, Any],
        *,
        source: Source,
        options: VectorOptions,
        settings: Mapping[str, Any],
    ) -> Views:
        for name in settings:
            if name in _FOUND:
                raise ValueError(f"`{name}` of vectors is found from the data, not chosen")
        make = recipe.make or VectorViews
        return make(**self._known(form) | {**recipe.settings, **settings})

    def two_views(self, form: Mapping[str, Any]) -> Views:
        return VectorViews(**self._known(form))

    def plain(self, form: Mapping[str, Any]) -> Views:
        return VectorViews(mean=form["mean"], std=form["std"], mask=0.0, noise=0.0)

    def raw(
        self, source: Source, form: Mapping[str, Any]
    ) -> tuple[str, Float[Tensor, "samples features"]]:
        views = self.plain(form)
        parts = []
        for batch in source.chunks():
            shown = views.plain(batch.inputs)
            assert isinstance(shown, Tensor)
            parts.append(shown)
        return f"{form['dim']} standardised features", torch.cat(parts)

    def show(self, view: View, form: Mapping[str, Any]) -> list[Exhibit]:
        assert isinstance(view, Tensor)
        return [Exhibit(png=_strip(row), text=_words(row, form["columns"])) for row in view.cpu()]

    def onnx(self, encoder: nn.Module, form: Mapping[str, Any]) -> OnnxCall:
        example = torch.zeros(2, form["dim"])
        return OnnxCall(encoder, (example,), ("vectors",), ({0: "batch"},))

    def signal_dim(self, form: Mapping[str, Any]) -> int:
        return int(form["dim"])

    def training(
        self, *, samples: int, batch_size: int | None = None, updates: int | None = None
    ) -> dict[str, Any]:
        # a table of some hundred rows still makes several updates an epoch
        batch = small_batch(samples, most=batch_size or 256, updates=4)
        return {"batch_size": batch, "epochs": 100}

    def check(self, source: Source, form: Mapping[str, Any]) -> None:
        root = source.root
        assert isinstance(root, VectorSource)
        if root.dim != form["dim"]:
            raise ValueError(
                f"`data` must have {form['dim']} features, as the run's vectors had, got {root.dim}"
            )

    def _known(self, form: Mapping[str, Any]) -> dict[str, Any]:
        return {name: form[name] for name in _FOUND}


def _words(row: Tensor, columns: list[str]) -> str:
    """The first standardised values, by name."""
    said = [f"{name} {v:+.2f}" for name, v in zip(columns, row[:_SHOWN].tolist(), strict=False)]
    return ", ".join(said) + (" …" if len(row) > _SHOWN else "")


def _strip(row: Tensor) -> str:
    """A stripe for each feature, blue below the mean and red above, as a PNG in base64."""
    from PIL import Image

    values = (row[:_MOST_STRIPES] / _SPREAD).clamp(-1, 1)
    fade = 1 - values.abs()
    red, blue = torch.where(values > 0, 1.0, fade), torch.where(values < 0, 1.0, fade)
    colours = (torch.stack([red, fade, blue], dim=1) * 255).round().to(torch.uint8)
    stripe = max(1, 128 // len(values))
    pixels = colours.repeat_interleave(stripe, dim=0).expand(_HEIGHT, -1, 3).contiguous()
    return png_text(Image.fromarray(pixels.numpy()))

"""Pairs: an input and its self-supervised signal, of one kind or of two."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, final

from jaxtyping import Float
from torch import Tensor, nn

from nearfar.checks import check_choice
from nearfar.data import Joined, Source, sides
from nearfar.inputs import Images, Inputs, Nodes, Sequences, Signal, Texts, View
from nearfar.modalities._modality import Modality, OnnxCall
from nearfar.modules import EncoderDescription, TwoSided
from nearfar.records import Exhibit
from nearfar.views import PairViews, PlainViews, ViewRecipe, Views, simclr_views

__all__ = ["PairOptions", "Pairs", "pair_views"]

_AUTO = "auto"
_MILD: dict[str, dict[str, Any]] = {  # the other half is the view; these only keep from memorising
    "images": {
        "crop_scale": (0.85, 1.0),
        "crop_ratio": (0.8, 1.25),
        "flip": 0.0,
        "rotation": 10.0,
        "jitter": 0.0,
        "grey": 0.0,
        "blur": (0.0,),
        "solarise": (0.0,),
    },
}
_AS_IT_IS = ("text", "vectors")  # unless the user says otherwise


_INPUTS: dict[str, tuple[type[Inputs], ...]] = {  # what tells a side that comes alone
    "images": (Images,),
    "sequences": (Sequences,),
    "text": (Texts,),
    "graphs": (Nodes,),
    "vectors": (),
}


@dataclass(frozen=True, kw_only=True)
class PairOptions:
    """What a user may say of pairs and their encoders.

    Args:
        x: Column or array of the inputs; the first of two if neither is named.
        s: Column or array of the self-supervised signals.
        adjacent: Pairs are each text and the next one; an empty line ends a text.
        shared: One encoder for both halves; so if not given where both are of one kind.
        signal_encoder: Encoder of the signals where there are two; what their kind takes unless
            given.
        image_size: Side of the views of images in pixels; chosen from the data if not given.
        sample_rate: Sounds are resampled to it; the commonest of the files if not given.
        words: Most words of a text; the rest is left out.
        min_frequency: Words of texts that occur less often are unknown ones.
        units: Dimensions of the representation of texts and vectors, where their encoder leaves it
            open.
    """

    x: str | None = None
    s: str | None = None
    adjacent: bool | None = None
    shared: bool | None = None
    signal_encoder: str | None = None
    image_size: int | None = None
    sample_rate: int | None = None
    words: int | None = None
    min_frequency: int | None = None
    units: int | None = None


def pair_views(
    x: Views,
    s: Views,
    *,
    augment: bool = True,
    crop_scale: tuple[float, float] | None = None,
    flip: float | None = None,
    rotation: float | None = None,
    erase: float | None = None,
    noise: float | None = None,
) -> PairViews:
    """Views of pairs, with what may be said of the views of each half.

    Args:
        x: Views of the inputs.
        s: Views of the signals.
        augment: Whether halves are changed at all; without it they are shown as they are.
        crop_scale: Smallest and largest share of an image's area in a crop.
        flip: Probability of mirroring an image left to right.
        rotation: Largest rotation of an image in degrees, both ways.
        erase: Probability that a word of a text is erased.
        noise: Standard deviation of what is added to vectors.
    """
    return PairViews(x, s) if augment else PairViews(PlainViews(x), PlainViews(s))


@final
class Pairs(Modality):
    """Two views of one thing that nature made: picture and caption, two drawings, two sentences."""

    name: ClassVar = "pairs"
    paired: ClassVar = True
    options: ClassVar = PairOptions
    settings: ClassVar = pair_views
    encoder: ClassVar = _AUTO
    encoders: ClassVar = "those of the inputs' kind; --signal-encoder names that of the signals"

    def form(self, source: Source, options: PairOptions, *, seed: int) -> dict[str, Any]:
        x, s = sides(source)
        kinds = _kind(x.modality), _kind(s.modality)
        chosen = [_options(kind, options) for kind in kinds]
        form_x = kinds[0].form(x, chosen[0], seed=seed)
        if options.shared or (options.shared is None and _alike(x, s, form_x)):
            if x.modality != s.modality:
                raise ValueError(
                    f"`shared` needs halves of one kind, got {x.modality} and {s.modality}"
                )
            kinds[0].check(s, form_x)
            if x is not s:  # vocabularies and scales are of both
                form_x = kinds[0].form(Joined([x, s], name=x.name), chosen[0], seed=seed)
            return _form((x.modality, form_x), (x.modality, form_x), shared=True)
        form_s = kinds[1].form(s, chosen[1], seed=seed)
        return _form((x.modality, form_x), (s.modality, form_s), shared=False)

    def build_encoder(
        self, name: str, form: Mapping[str, Any], options: PairOptions
    ) -> tuple[nn.Module, EncoderDescription]:
        (kind_x, form_x), (kind_s, form_s) = halves(form)
        module, x = kind_x.build_encoder(
            kind_x.encoder if name == _AUTO else name, form_x, _options(kind_x, options)
        )
        if form["shared"]:
            own = {**form, "x_form": x.form, "s_form": x.form}
            return module, EncoderDescription(
                name=x.name,
                library=x.library,
                width=x.width,
                modality=self.name,
                form=own,
                arguments={"x": asdict(x)},
                how=x.how,
            )
        other = options.signal_encoder or kind_s.encoder
        second, s = kind_s.build_encoder(other, form_s, _options(kind_s, options))
        description = EncoderDescription(
            name=f"{x.name} + {s.name}",
            library="nearfar",
            width=x.width,
            modality=self.name,
            form={**form, "x_form": x.form, "s_form": s.form},
            arguments={"x": asdict(x), "s": asdict(s)},
            how=f"x_encoder: {x.how}\ns_encoder: {s.how}\nnearfar.modules.TwoSided(x_encoder,"
            f" s_encoder, x_width={x.width}, s_width={s.width})",
        )
        return TwoSided(module, second, x_width=x.width, s_width=s.width), description

    def rebuild(self, description: EncoderDescription) -> nn.Module:
        built = {}
        for side, (kind, _) in zip("xs", halves(description.form), strict=True):
            if side in description.arguments:
                inner = EncoderDescription(**description.arguments[side])
                built[side] = kind.rebuild(inner), inner.width
        if "s" not in built:
            return built["x"][0]
        (x, x_width), (s, s_width) = built["x"], built["s"]
        return TwoSided(x, s, x_width=x_width, s_width=s_width)

    def kept(self, description: EncoderDescription) -> EncoderDescription:
        """A shared encoder is one of a single kind, for samples of that kind alone."""
        form = description.form
        if not form["shared"]:
            return description
        if "x" in description.arguments:
            return EncoderDescription(**description.arguments["x"])
        return replace(description, modality=form["x_modality"], form=form["x_form"])

    def takes(self, form: Mapping[str, Any]) -> tuple[str, ...]:
        """Pairs, and samples of either side alone."""
        return tuple(dict.fromkeys((self.name, form["x_modality"], form["s_modality"])))

    def views(
        self,
        recipe: ViewRecipe,
        form: Mapping[str, Any],
        *,
        source: Source,
        options: PairOptions,
        settings: Mapping[str, Any],
    ) -> Views:
        declared = dict(recipe.settings)
        # a method with gradient in one encoder alone lets the halves take turns
        turns = declared.pop("turns", False) and not form["shared"]
        said = declared | {name: value for name, value in settings.items() if value is not None}
        augment = said.pop("augment", True)
        made: list[Views] = []
        used: set[str] = set()
        for (kind, own), side in zip(halves(form), sides(source), strict=True):
            known = inspect.signature(kind.settings).parameters
            mild = {k: v for k, v in _MILD.get(kind.name, {}).items() if k in known}
            fitting = {name: value for name, value in said.items() if name in known}
            used |= set(fitting)
            if kind.name in _AS_IT_IS and not fitting:
                made.append(PlainViews(kind.plain(own)))
                continue
            chosen = {**mild, **fitting, "num_views": 1}
            half = ViewRecipe(simclr_views) if kind.name == "images" else ViewRecipe()
            natural = _options(kind, options)
            if kind.name == "images":
                natural = replace(natural, view_style="natural")
            made.append(kind.views(half, own, source=side, options=natural, settings=chosen))
        for name in said:
            if name not in used:
                kinds = " and ".join(dict.fromkeys(kind.name for kind, _ in halves(form)))
                raise ValueError(f"`{name}` is no setting of the views of {kinds}")
        if not augment:
            made = [PlainViews(views) for views in made]
        return PairViews(*made, marked=not form["shared"], turns=turns)

    def two_views(self, form: Mapping[str, Any]) -> Views:
        return self.plain(form)

    def plain(self, form: Mapping[str, Any]) -> Views:
        x, s = (PlainViews(kind.plain(own)) for kind, own in halves(form))
        different = form["x_modality"] != form["s_modality"]
        alone = _INPUTS[form["s_modality"]] if different else ()
        return PairViews(x, s, marked=not form["shared"], signals=alone)

    def raw(
        self, source: Source, form: Mapping[str, Any]
    ) -> tuple[str, Float[Tensor, "samples features"]]:
        kind, own = halves(form)[0]
        return kind.raw(sides(source)[0] if source.modality == self.name else source, own)

    def show(self, view: View, form: Mapping[str, Any]) -> list[Exhibit]:
        (kind_x, form_x), (kind_s, form_s) = halves(form)
        if isinstance(view, Signal):
            return kind_s.show(view.view, form_s)
        return kind_x.show(view, form_x)

    def onnx(self, encoder: nn.Module, form: Mapping[str, Any]) -> OnnxCall:
        kind, own = halves(form)[0]
        return kind.onnx(encoder.x_encoder if isinstance(encoder, TwoSided) else encoder, own)

    def signal_dim(self, form: Mapping[str, Any]) -> int:
        kind, own = halves(form)[1]
        return kind.signal_dim(own)

    def check(self, source: Source, form: Mapping[str, Any]) -> None:
        (kind_x, form_x), (kind_s, form_s) = halves(form)
        if source.modality == self.name:
            x, s = sides(source)
            check_choice((kind_x.name,), x=x.modality)
            check_choice((kind_s.name,), s=s.modality)
            kind_x.check(x, form_x)
            kind_s.check(s, form_s)
        elif source.modality == kind_x.name:
            kind_x.check(source, form_x)
        else:
            check_choice((kind_s.name,), modality=source.modality)
            kind_s.check(source, form_s)


def halves(form: Mapping[str, Any]) -> tuple[tuple[Modality, Any], tuple[Modality, Any]]:
    """What each half is, and its form."""
    x, s = form["x_modality"], form["s_modality"]
    return (_kind(x), form["x_form"]), (_kind(s), form["s_form"])


def _form(
    x: tuple[str, dict[str, Any]], s: tuple[str, dict[str, Any]], *, shared: bool
) -> dict[str, Any]:
    return {
        "shared": shared,
        "x_modality": x[0],
        "s_modality": s[0],
        "x_form": x[1],
        "s_form": s[1],
    }


def _alike(x: Source, s: Source, form: Mapping[str, Any]) -> bool:
    """Whether what is known of the inputs is enough for the signals."""
    if x.modality != s.modality:
        return False
    try:
        _kind(x.modality).check(s, form)
    except ValueError:
        return False
    return True


def _kind(name: str) -> Modality:
    from nearfar.modalities import modality

    return modality(name)


def _options(kind: Modality, options: PairOptions) -> Any:
    """What was said that this kind knows too."""
    known = {field.name for field in fields(kind.options)}  # type: ignore[arg-type]
    said = {k: v for k, v in vars(options).items() if k in known and v is not None}
    return kind.options(**said)

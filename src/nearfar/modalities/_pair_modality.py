"""The modality of pairs: an input and its self-supervised signal, of the same or two modalities."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from itertools import zip_longest
from typing import Any, ClassVar, final

from jaxtyping import Float
from torch import Tensor, nn

from nearfar.checks import check_choice
from nearfar.data import Joined, Source, sides
from nearfar.data.pairs import PAIRS
from nearfar.inputs import Group, Pair, Signal, View
from nearfar.modalities._encoder_construction import make_encoder, rebuild_encoder
from nearfar.modalities._form import Form
from nearfar.modalities._modality import Modality, OnnxCall
from nearfar.modalities._pair_options import PairOptions, pair_views
from nearfar.modalities._single_kinds import single_kind
from nearfar.modules import EncoderDescription, TwoSided
from nearfar.records import Exhibit
from nearfar.views import PairViews, PlainViews, ViewRecipe, Views
from nearfar.views._pairviews import SignalViews

__all__ = ["PairForm", "PairModality", "PairOptions", "pair_views"]

_AUTO = "auto"


@dataclass(frozen=True, kw_only=True)
class PairForm(Form):
    """Specification of the inputs of the encoders of pairs.

    Attributes:
        shared: Whether both halves have the same encoder.
        x_modality: Modality of the inputs.
        s_modality: Modality of the signals.
        x_form: Form of the inputs.
        s_form: Form of the signals.
    """

    shared: bool
    x_modality: str
    s_modality: str
    x_form: Form
    s_form: Form


@final
class PairModality(Modality[PairForm, PairOptions]):
    """Natural pairs of views: image and caption, two drawings of a character, adjacent sentences.

    Args:
        kinds: Further modalities of halves, in addition to those of nearfar and of installed
            packages.
    """

    data: ClassVar = PAIRS
    form_type: ClassVar = PairForm
    paired: ClassVar = True
    inputs: ClassVar = (Pair, Group)
    options: ClassVar = PairOptions
    settings: ClassVar = pair_views
    encoder: ClassVar = _AUTO
    encoders: ClassVar = "those of the inputs' modality; --signal-encoder sets that of the signals"
    example: ClassVar = "pairs.parquet"

    def __init__(self, *kinds: Modality[Any, Any]) -> None:
        self._own = {kind.name: kind for kind in kinds}

    def component(self, name: str) -> Modality[Any, Any] | None:
        return super().component(name) or self._own.get(name)

    def kind(self, name: str) -> Modality[Any, Any]:
        """The modality of a half, by name."""
        return self._own.get(name) or single_kind(name)

    def halves(
        self, form: PairForm
    ) -> tuple[tuple[Modality[Any, Any], Form], tuple[Modality[Any, Any], Form]]:
        """Modality and form of each half."""
        return (self.kind(form.x_modality), form.x_form), (self.kind(form.s_modality), form.s_form)

    def decide(self, source: Source, options: PairOptions) -> tuple[PairOptions, tuple[str, ...]]:
        """Notes on the choices that the modality of each half makes."""
        notes: list[str] = []
        for side in sides(source):
            kind = self.kind(side.modality)
            notes += kind.decide(side, _options(kind, options))[1]
        return options, tuple(dict.fromkeys(notes))

    def rungs(self, source: Source, options: PairOptions) -> tuple[Mapping[str, Any], ...]:
        """Those of both halves side by side, as far as they are options of pairs."""
        own = {field.name for field in fields(options)}
        ladders = []
        for side in sides(source):
            kind = self.kind(side.modality)
            found = kind.rungs(side, _options(kind, options))
            ladders.append([{k: v for k, v in rung.items() if k in own} for rung in found])
        joined: list[dict[str, Any]] = []
        for rungs in zip_longest(*ladders):
            before = joined[-1] if joined else {}
            joined.append(before | {k: v for rung in rungs for k, v in (rung or {}).items()})
        return tuple(rung for rung in joined if rung)

    def form(self, source: Source, options: PairOptions, *, seed: int) -> PairForm:
        x, s = sides(source)
        kind_x, kind_s = self.kind(x.modality), self.kind(s.modality)
        chosen = _options(kind_x, options)
        form_x = kind_x.form(x, chosen, seed=seed)
        shared = options.shared or (options.shared is None and self._alike(x, s, form_x))
        if shared:
            if x.modality != s.modality:
                raise ValueError(
                    f"`shared` needs halves of the same modality, got {x.modality} and {s.modality}"
                )
            kind_x.check(s, form_x)
            if x is not s:  # vocabularies and scales are fitted on both
                form_x = kind_x.form(Joined([x, s], name=x.name), chosen, seed=seed)
            form_s = form_x
        else:
            form_s = kind_s.form(s, _options(kind_s, options), seed=seed)
        return PairForm(
            shared=shared,
            x_modality=x.modality,
            s_modality=s.modality,
            x_form=form_x,
            s_form=form_s,
        )

    def read_form(self, values: Mapping[str, Any]) -> PairForm:
        names = {name: values[name] for name in ("shared", "x_modality", "s_modality")}
        return PairForm(
            **names,
            x_form=self.kind(values["x_modality"]).read_form(values["x_form"]),
            s_form=self.kind(values["s_modality"]).read_form(values["s_form"]),
        )

    def build_encoder(
        self, name: str, form: PairForm, options: PairOptions
    ) -> tuple[nn.Module, EncoderDescription[PairForm]]:
        (kind_x, form_x), (kind_s, form_s) = self.halves(form)
        named = kind_x.encoder if name == _AUTO else name
        module, x = make_encoder(kind_x, named, form_x, _options(kind_x, options))
        if form.shared:
            return module, EncoderDescription(
                name=x.name,
                library=x.library,
                width=x.width,
                modality=self.name,
                form=replace(form, x_form=x.form, s_form=x.form),
                arguments={"x": asdict(x)},
                how=x.how,
            )
        other = options.signal_encoder or kind_s.encoder
        second, s = make_encoder(kind_s, other, form_s, _options(kind_s, options))
        description = EncoderDescription(
            name=f"{x.name} + {s.name}",
            library="nearfar",
            width=x.width,
            modality=self.name,
            form=replace(form, x_form=x.form, s_form=s.form),
            arguments={"x": asdict(x), "s": asdict(s)},
            how=f"x_encoder: {x.how}\ns_encoder: {s.how}\nnearfar.modules.TwoSided(x_encoder,"
            f" s_encoder, x_width={x.width}, s_width={s.width})",
        )
        return TwoSided(module, second, x_width=x.width, s_width=s.width), description

    def rebuild(self, description: EncoderDescription[PairForm]) -> nn.Module:
        built = {}
        for side, (kind, _) in zip("xs", self.halves(description.form), strict=True):
            if side in description.arguments:
                inner = _inner(kind, description.arguments[side])
                built[side] = rebuild_encoder(kind, inner), inner.width
        if "s" not in built:
            return built["x"][0]
        (x, x_width), (s, s_width) = built["x"], built["s"]
        return TwoSided(x, s, x_width=x_width, s_width=s_width)

    def saved_description(
        self, description: EncoderDescription[PairForm]
    ) -> EncoderDescription[Any]:
        """A shared encoder is saved as an encoder of a single modality."""
        form = description.form
        if not form.shared:
            return description
        if "x" in description.arguments:
            return _inner(self.kind(form.x_modality), description.arguments["x"])
        return replace(description, modality=form.x_modality).with_form(form.x_form)

    def accepted_modalities(self, form: PairForm) -> tuple[str, ...]:
        """Pairs, and samples of each side."""
        return tuple(dict.fromkeys((self.name, form.x_modality, form.s_modality)))

    def views(
        self,
        recipe: ViewRecipe,
        form: PairForm,
        *,
        source: Source,
        options: PairOptions,
        settings: Mapping[str, Any],
    ) -> Views:
        declared = dict(recipe.settings)
        # a method with gradient in only one encoder alternates the halves
        turns = declared.pop("turns", False) and not form.shared
        combined = declared | {name: value for name, value in settings.items() if value is not None}
        augment = combined.pop("augment", True)
        made: list[Views] = []
        used: set[str] = set()
        for (kind, own), side in zip(self.halves(form), sides(source), strict=True):
            known = inspect.signature(kind.settings).parameters
            fitting = {name: value for name, value in combined.items() if name in known}
            used |= set(fitting)
            chosen = _options(kind, options)
            made.append(kind.half_views(own, source=side, options=chosen, settings=fitting))
        for name in combined:
            if name not in used:
                kinds = " and ".join(dict.fromkeys((form.x_modality, form.s_modality)))
                raise ValueError(f"`{name}` is not a setting of the views of {kinds}")
        if not augment:
            made = [PlainViews(views) for views in made]
        return PairViews(*made, marked=not form.shared, turns=turns)

    def two_views(self, form: PairForm) -> Views:
        return self.plain(form)

    def plain(self, form: PairForm) -> Views:
        (kind_x, form_x), (kind_s, form_s) = self.halves(form)
        x, s = PlainViews(kind_x.plain(form_x)), PlainViews(kind_s.plain(form_s))
        alone = kind_s.inputs if form.x_modality != form.s_modality else ()
        return PairViews(x, s, marked=not form.shared, signals=alone)

    def side_views(self, form: PairForm, source: Source, side: str | None) -> Views:
        """Views without augmentation of pairs, or of samples of one side.

        Args:
            form: Form of the pairs.
            source: Pairs, or samples of one side.
            side: ``x`` or ``s``; by default the one whose encoder takes the samples.

        Raises:
            ValueError: Samples that could be of either side, each with an encoder of its own.
        """
        if side is None and (source.modality == self.name or form.shared):
            return self.plain(form)
        if side is None:
            fitting = [name for name in "xs" if self._fits(source, form, name)]
            if len(fitting) > 1:
                raise ValueError(
                    f"`side` must be x or s: the run has an encoder for each side, both for"
                    f" {form.x_modality}"
                )
            side = fitting[0] if fitting else "x"
        kind, own = self.halves(form)["xs".index(side)]
        views = kind.plain(own)
        return SignalViews(views) if side == "s" and not form.shared else views

    def check_side(self, source: Source, form: PairForm, side: str) -> None:
        """Check that samples are valid inputs of the encoder of one side.

        Raises:
            ValueError: They are not; the message gives the difference.
        """
        kind, own = self.halves(form)["xs".index(side)]
        check_choice((kind.name,), modality=source.modality)
        kind.check(source, own)

    def opening(self, form: PairForm) -> dict[str, Any]:
        return {
            "x_options": self.kind(form.x_modality).opening(form.x_form),
            "s_options": self.kind(form.s_modality).opening(form.s_form),
        }

    def opening_side(self, form: PairForm, modality: str) -> dict[str, Any]:
        """Options for opening samples of one side, whose modality they have."""
        known = {form.s_modality: form.s_form, form.x_modality: form.x_form}
        return self.kind(modality).opening(known[modality]) if modality in known else {}

    def raw(self, source: Source, form: PairForm) -> tuple[str, Float[Tensor, "samples features"]]:
        kind, own = self.halves(form)[0]
        return kind.raw(sides(source)[0] if source.modality == self.name else source, own)

    def view_features(self, view: View, form: PairForm) -> Float[Tensor, "samples features"] | None:
        return None  # the two sides have no values in common

    def view_statistics(
        self, view: View, form: PairForm
    ) -> Float[Tensor, "samples statistics"] | None:
        return None

    def show(self, view: View, form: PairForm) -> list[Exhibit]:
        (kind_x, form_x), (kind_s, form_s) = self.halves(form)
        if isinstance(view, Signal):
            return kind_s.show(view.view, form_s)
        return kind_x.show(view, form_x)

    def onnx(self, encoder: nn.Module, form: PairForm) -> OnnxCall:
        kind, own = self.halves(form)[0]
        return kind.onnx(encoder.x_encoder if isinstance(encoder, TwoSided) else encoder, own)

    def signal_dim(self, form: PairForm) -> int | None:
        kind, own = self.halves(form)[1]
        return kind.signal_dim(own)

    def check(self, source: Source, form: PairForm) -> None:
        (kind_x, form_x), (kind_s, form_s) = self.halves(form)
        if source.modality == self.name:
            x, s = sides(source)
            check_choice((kind_x.name,), x=x.modality)
            check_choice((kind_s.name,), s=s.modality)
            kind_x.check(x, form_x)
            kind_s.check(s, form_s)
        elif not self._fits(source, form, "s"):
            check_choice(tuple(dict.fromkeys((kind_x.name, kind_s.name))), modality=source.modality)
            self.check_side(source, form, "x" if source.modality == kind_x.name else "s")

    def _fits(self, source: Source, form: PairForm, side: str) -> bool:
        """Whether the encoder of one side takes the samples."""
        try:
            self.check_side(source, form, side)
        except ValueError:
            return False
        return True

    def _alike(self, x: Source, s: Source, form: Form) -> bool:
        """Whether the form of the inputs is also valid for the signals."""
        if x.modality != s.modality:
            return False
        try:
            self.kind(x.modality).check(s, form)
        except ValueError:
            return False
        return True


def _inner(kind: Modality[Any, Any], values: Mapping[str, Any]) -> EncoderDescription[Any]:
    """Description of one of the two encoders."""
    found: EncoderDescription[Any] = EncoderDescription.of_values(values)
    return found.with_form(kind.read_form(found.form))


def _options(kind: Modality[Any, Any], options: PairOptions) -> Any:
    """Convert the options of pairs to those of a half's modality."""
    known = {field.name for field in fields(kind.options)}  # type: ignore[arg-type]
    specified = {k: v for k, v in vars(options).items() if k in known and v is not None}
    return kind.options(**specified)

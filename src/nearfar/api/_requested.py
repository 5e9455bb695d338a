"""What a call asks for: data, method, encoder, views and settings, checked and completed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from torch import nn

from nearfar._deprecation import OPTIONS, renamed_options
from nearfar._own_code import reference_of
from nearfar.api._argument_checks import check_preset, check_tables
from nearfar.api._choices import check_enough, find_modality, fit_training, opening
from nearfar.api._division import Division
from nearfar.api._finding_weights import NO_WEIGHTS, WeightsAsked, channels_of
from nearfar.api._method_listing import Preset, canonical_name, find_preset, kinds_of
from nearfar.api._passed_encoders import OwnEncoder
from nearfar.api._published_settings import Published, find_published
from nearfar.api._recipe import CUSTOM, Recipe, split_options, training_options, view_recipe
from nearfar.api._sample_groups import SampleGroups, groups_of_source
from nearfar.api._starting_weights import Start
from nearfar.checks import check_choice
from nearfar.data import Source, open_labeled, open_source, opening_options
from nearfar.data._kinds import data_for
from nearfar.methods import Method
from nearfar.modalities import Modality
from nearfar.modalities._image_style import ViewStyle
from nearfar.modules._wrapped_modules import unwrapped
from nearfar.training import Progress
from nearfar.training._progress_interface import tell_stage
from nearfar.views import Views

__all__ = ["Requested", "called", "requested"]


@dataclass(frozen=True)
class Requested:
    """The parts of a run as they were asked for.

    Attributes:
        recipe: The settings, with defaults that suit method and data.
        source: The data.
        encoder: Name of an encoder, a module, or a class or function that builds one.
        views: Views to use instead of the method's.
        preset: The preset that builds the method.
        notes: Notes on the request.
        published: The published setting, if one was asked for.
        given: The settings that were given, not chosen.
        division: Which samples to train on, and which to hold out.
        groups: The groups of the samples, if there are any.
        start: Puts weights that training starts from into the encoder; None for random ones.
    """

    recipe: Recipe
    source: Source
    encoder: OwnEncoder
    views: Views | None
    preset: Preset
    notes: tuple[str, ...]
    published: Published | None
    given: Mapping[str, Any]
    division: Division
    groups: SampleGroups | None
    start: Start | None = None


def requested(
    method: str | Callable[..., Method],
    data: Any,
    *,
    modality: str | Modality[Any, Any] | None,
    setting: str,
    encoder: OwnEncoder,
    views: Views | str | None,
    method_options: Mapping[str, Any] | None,
    view_options: Mapping[str, Any] | None,
    options: Mapping[str, Any] | None,
    keywords: Mapping[str, Any],
    display: Progress,
    groups: Any = None,
    weights: WeightsAsked = NO_WEIGHTS,
) -> Requested:
    """Check the arguments of :func:`nearfar.pretrain` and open the data.

    Raises:
        TypeError: An argument that is an object of the wrong type.
        ValueError: An invalid argument; the message names it and what was expected.
    """
    check_tables(method_options=method_options, view_options=view_options, options=options)
    given = _merged(options or {}, keywords)
    data = data_for(data, modality)
    preset = find_preset(method)
    if preset is method:
        check_preset(preset, options=method_options or {})
    kind = find_modality(data, modality=modality, method=preset, given=given)
    given = renamed_options(given, inspect.signature(kind.options).parameters)
    views = _checked_views(views, kind, given)
    of_data, of_training = split_options(given, kind=kind)
    tell_stage(display, f"opening {called(data)}")
    source = _opened(data, kind, preset, opening(kind, of_data))
    if _is_feature(groups, source, kind):
        of_data |= {"exclude": (*_listed(of_data.get("exclude", ())), groups)}
        source = _opened(data, kind, preset, opening(kind, of_data))
    check_enough(source, kind)
    together = None
    if groups is not None:
        how = opening(kind, of_data) | {"modality": kind.data, "task": "any"}
        together = groups_of_source(
            source, groups, lambda name: open_labeled(data, labels=name, **how)
        )
    seed = training_options({k: v for k, v in of_training.items() if v is not None}).seed
    division = Division.of(source, seed=seed, groups=together)
    name = canonical_name(method) if isinstance(method, str) else CUSTOM
    found = weights.find(encoder)
    published = find_published(setting, name, modality=kind.name)
    specified = given | {"encoder": None if encoder == "auto" else encoder}
    if isinstance(encoder, str) and encoder == "auto":
        encoder = published.encoder if published else kind.encoder
    method_options, view_options = dict(method_options or {}), dict(view_options or {})
    if view_options.keys() & OPTIONS.keys():
        settings = kind.view_settings(view_recipe(preset, kind.name))
        view_options = renamed_options(view_options, inspect.signature(settings).parameters)
    if found is not None:
        encoder, of_data = found.encoder, found.for_training(of_data) | of_data
        settings = kind.view_settings(view_recipe(preset, kind.name))
        view_options = found.view_options(settings, channels=channels_of(source)) | view_options
    if published:
        of_data = {"image_size": published.image_size} | of_data
        of_training = published.train(of_training)
        method_options = published.method | method_options
        view_options = published.views | view_options
    recipe = Recipe(
        method=name,
        modality=kind.name,
        data=str(data) if isinstance(data, (str, Path)) else "custom",
        encoder=_name_of(encoder),
        **weights.in_recipe(found),
        options=of_data,
        method_options=method_options,
        view_options=view_options,
        training=fit_training(
            of_training, kind=kind, preset=preset, source=source, samples=len(division.trained)
        ),
        fingerprint=source.fingerprint,
        groups=_said(groups),
        own_kind=None if modality is None or isinstance(modality, str) else modality,
    )
    notes = published.notes() if published else ()
    if isinstance(encoder, nn.Module) and unwrapped(encoder) is not encoder:
        notes = (*notes, f"encoder trained without its wrapper {type(encoder).__name__}")
        encoder = unwrapped(encoder)
    return Requested(
        recipe,
        source,
        encoder,
        views,
        preset,
        notes,
        published,
        specified,
        division,
        together,
        None if found is None else found.start,
    )


def called(data: Any) -> str:
    """Data as a message names them."""
    return str(data) if isinstance(data, (str, Path)) else "the data"


def _said(groups: Any) -> str:
    """Groups as a recipe has them."""
    if groups is None:
        return ""
    return str(groups) if isinstance(groups, (str, Path)) else CUSTOM


def _is_feature(groups: Any, source: Source, kind: Modality[Any, Any]) -> bool:
    """Whether groups are a column that would be trained on as a feature."""
    known = getattr(source.root, "columns", ())
    return isinstance(groups, str) and groups in known and "exclude" in opening_options(kind.data)


def _listed(names: str | Sequence[str]) -> Sequence[str]:
    return (names,) if isinstance(names, str) else names


def _checked_views(
    views: Views | str | None, kind: Modality[Any, Any], given: dict[str, Any]
) -> Views | None:
    """Views that were passed; the name of a style becomes an option of the modality."""
    if not isinstance(views, str):
        return views
    if "view_style" not in inspect.signature(kind.options).parameters:
        raise ValueError(
            f"`views` of {kind.name} must be views (nearfar.views.Views) or None, got {views!r}"
        )
    check_choice(get_args(ViewStyle), views=views)
    given["view_style"] = views
    return None


def _merged(options: Mapping[str, Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    twice = sorted(options.keys() & keywords.keys())
    if twice:
        raise ValueError(f"`{twice[0]}` must be given once, got it in `options` as well")
    return {**options, **keywords}


def _name_of(encoder: OwnEncoder) -> str:
    """The encoder in a recipe: a name, or the reference by which a class or function is found."""
    if isinstance(encoder, str):
        return encoder
    return ("" if isinstance(encoder, nn.Module) else reference_of(encoder)) or CUSTOM


def _opened(
    data: Any, kind: Modality[Any, Any], preset: Callable[..., Method], options: Mapping[str, Any]
) -> Source:
    """The source; data of a modality that the method does not take need not be readable."""
    try:
        return open_source(data, modality=kind.data, **options)
    except (TypeError, ValueError) as error:
        kinds = kinds_of(preset)
        if not kinds or kind.name in kinds:
            raise
        raise ValueError(
            f"`method` {preset.__name__} is for {' or '.join(kinds)}, got {kind.name}:"
            f" {called(data)} ({error})"
        ) from None

"""A contact sheet of views, before any training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Unpack

import torch

from nearfar.api._argument_checks import check_objects
from nearfar.api._finding_weights import WeightsAsked
from nearfar.api._keywords import RunKeywords
from nearfar.api._passed_encoders import OwnEncoder
from nearfar.api._published_settings import SMALL
from nearfar.api._recipe import name_of
from nearfar.api._requested import requested
from nearfar.api._sample_groups import Groups
from nearfar.api._setup import Setup
from nearfar.api._small_exhibits import shown_picture
from nearfar.checks import check_integer
from nearfar.methods import Method
from nearfar.modalities import Modality
from nearfar.records import Exhibit, GalleryRow, ViewsRecord, write_text
from nearfar.training import Silent
from nearfar.views import Views, WithIndex

__all__ = ["show_views"]

_COLUMNS = 6  # views per sample, if their number is not given


def show_views(
    method: str | Callable[..., Method] = "simclr",
    data: Any = "digits",
    *,
    samples: int = 8,
    draws: int | None = None,
    report: str | Path | None = None,
    modality: str | Modality[Any, Any] | None = None,
    groups: Groups = None,
    setting: Literal["small", "imagenet", "cifar"] = SMALL,
    encoder: OwnEncoder = "auto",
    width: int | None = None,
    weights: str | Path | None = None,
    weights_key: str | None = None,
    preprocess: Literal["imagenet", "half", "none"] | None = None,
    views: Views | Literal["natural", "drawing"] | None = None,
    method_options: Mapping[str, Any] | None = None,
    view_options: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    **keywords: Unpack[RunKeywords],
) -> ViewsRecord:
    """Views of samples as a method sees them, without training: are they still recognisable?

    The arguments are those of :func:`nearfar.pretrain`, with the same checks and defaults, so that
    the views are those of the run.

    Args:
        method: A method by name, or a function of your own.
        data: The data, of any kind.
        samples: Number of samples, evenly spaced over the training data.
        draws: How often views are drawn of each sample; by default until there are 6 views.
        report: HTML page to write.
        modality: Modality of the data, if not inferred.
        groups: Group of each sample, which decides what is held out, as in the run.
        setting: Source of defaults: ``small``, ``imagenet`` or ``cifar``.
        encoder: Encoder, which decides the size of its inputs.
        width: Dimensions of the representation of an encoder of your own.
        weights: Weights that training would start from, which decide encoder and preparation.
        weights_key: Which encoder of these weights.
        preprocess: Preparation of images for these weights.
        views: Augmentations to use instead of the method's, or the name of a style.
        method_options: Keyword arguments of the method's preset.
        view_options: Keyword arguments of the modality's views.
        options: Further keyword arguments, as a dictionary.
        keywords: Training options and options of the modality. Of the training options only
            ``seed`` matters; the others are checked.

    Returns:
        One row per sample: the sample without augmentation, then its views.

    Raises:
        TypeError: An argument that is an object of the wrong type.
        ValueError: An invalid argument, or too few samples to train on.

    Example:
        >>> import nearfar
        >>> nearfar.show_views("simclr", "digits", samples=3)
        <views of simclr on digits: 1,797 grey images 8×8 shown at 16×16: 3 samples × 2 views
         × 3 draws>
    """
    check_integer(at_least=1, samples=samples)
    if draws is not None:
        check_integer(at_least=1, draws=draws)
    check_objects(encoder=encoder, width=width, out=report, views=views)
    asked = requested(
        method,
        data,
        modality=modality,
        setting=setting,
        encoder=encoder,
        views=views,
        method_options=method_options,
        view_options=view_options,
        options=options,
        keywords=keywords,
        display=Silent(),
        groups=groups,
        weights=WeightsAsked(weights, weights_key, preprocess),
    )
    setup = Setup.prepare(
        asked.recipe,
        asked.source,
        asked.encoder,
        width,
        asked.views,
        preset=asked.preset,
        notes=asked.notes,
        division=asked.division,
    )
    sheet = _sheet(setup, name_of(asked.recipe, asked.preset), samples=samples, draws=draws)
    if report is not None:
        from nearfar.reports import render_views

        write_text(Path(report), render_views(sheet))
    return sheet


def _sheet(setup: Setup, method: str, *, samples: int, draws: int | None) -> ViewsRecord:
    seen = setup.views.views if isinstance(setup.views, WithIndex) else setup.views
    count = min(samples, len(setup.train))
    chosen = torch.linspace(0, len(setup.train) - 1, count, dtype=torch.float64).long().tolist()
    batch = setup.train.read(chosen)
    seed = setup.recipe.training.seed

    def drawn(epoch: int) -> list[list[Exhibit]]:
        shown = seen(batch.inputs, batch.samples, seed=seed, epoch=epoch)
        return [setup.kind.show(view, setup.form) for view in shown]

    first = drawn(0)
    times = draws or -(-_COLUMNS // len(first))
    columns = [first, *(drawn(epoch) for epoch in range(1, times))]
    plain = setup.kind.show(setup.views.plain(batch.inputs), setup.form)
    rows = tuple(
        GalleryRow(
            replace(shown_picture(sample), caption=setup.train.identify(int(number))),
            tuple(_row(columns, place)),
        )
        for place, (sample, number) in enumerate(zip(plain, batch.samples.tolist(), strict=True))
    )
    source, form = setup.train.source, setup.kind.shown(setup.form)
    return ViewsRecord(
        data=f"{source.name}: {source.describe()}{form and ' '}{form}",
        method=method,
        views=len(first),
        draws=times,
        settings=repr(seen),
        rows=rows,
        notes=tuple(dict.fromkeys((*setup.notes, *source.notes))),
    )


def _row(columns: list[list[list[Exhibit]]], place: int) -> Iterator[Exhibit]:
    """All views of a sample; sounds are heard in the first draw only, as they are large."""
    for time, views in enumerate(columns):
        for number, view in enumerate(views, start=1):
            again = f" · draw {time + 1}" if time else ""
            shown = shown_picture(view[place], sound=not time)
            yield replace(shown, caption=f"view {number}{again}")

"""Defaults that depend on the method and the data: modality, batch size, training options."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nearfar._audience import named, training
from nearfar.api._division import count_watched
from nearfar.api._method_listing import Preset, find_preset, kinds_of, method_class, served
from nearfar.api._recipe import training_options
from nearfar.data import DataPreview, Source, find_kind, is_name, modality_of, opening_options
from nearfar.data._columnar_files import is_frame
from nearfar.data._files import list_names
from nearfar.data._items import holds_arrays
from nearfar.data._kinds import as_given
from nearfar.data._table_kind import pair_columns
from nearfar.modalities import Modality
from nearfar.modalities import modality as find
from nearfar.training import TrainingOptions

__all__ = ["check_enough", "find_modality", "fit_training", "opening"]


def find_modality(
    data: Any,
    *,
    modality: str | Modality[Any, Any] | None,
    method: str | Preset,
    given: Mapping[str, Any],
) -> Modality[Any, Any]:
    """The given modality, else that of the data, else (for ambiguous data) the method's.

    Data are ambiguous if the method does not take the modality that they seem to be of, and they
    can be of exactly one that it takes: a table of two columns of nodes is a graph for a method of
    graphs.

    Raises:
        ValueError: An unknown modality or method, or data whose modality is not recognised.
    """
    kinds = kinds_of(method)
    if modality is not None:
        return find(modality)
    specified = [name for name, value in given.items() if value is not None]
    found = modality_of(data, given=specified)
    if isinstance(data, Source) or is_name(data):
        return find(found)
    columns = found in ("text", "images") and "column" not in specified
    if columns and method_class(method).for_pairs:
        return find(_paired(data, method, alone=found))
    if found in kinds or not kinds:
        return find(found)
    if len(kinds) == 1 and _open(data):
        return find(kinds[0])
    preview = DataPreview(as_given(data))
    fitting = [name for name in kinds if find_kind(name).admits(preview)]
    return find(fitting[0] if len(fitting) == 1 else found)


def _paired(data: Any, method: str | Preset, *, alone: str) -> str:
    """The modality of columns for a method that is made for pairs; `alone` if they are no pairs.

    Raises:
        ValueError: A table with several columns of texts, which can be paired in several ways.
    """
    table = DataPreview(as_given(data)).table
    held = [] if table is None else list(pair_columns(table))
    if table is None or len(held) < 2:
        return alone
    if len(table.columns) == 2:
        return "pairs"
    name = find_preset(method).__name__
    spec = str(data) if isinstance(data, (str, Path)) else "the table"
    x, s = held[:2]
    raise ValueError(
        f"{spec} has several columns, {list_names(list(table.columns))}: {name} takes two as the"
        f" halves of pairs, {named('x')} and {named('s')}, as in {training(name, data, x=x, s=s)};"
        f" or one, in two views: {training(name, data, column=x)}"
    )


def _open(data: Any) -> bool:
    """Whether the modality is ambiguous: arrays of numbers, or a path that does not exist."""
    if isinstance(data, Source) or is_name(data):
        return False
    if not isinstance(data, (str, Path)):
        held = as_given(data)
        return (hasattr(held, "ndim") and not is_frame(held)) or holds_arrays(held)
    preview = DataPreview(Path(data))
    return not Path(data).exists() or preview.axes is not None or bool(preview.arrays)


def opening(kind: Modality[Any, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Those options of a modality that concern loading the data."""
    known = opening_options(kind.data)
    return {name: value for name, value in options.items() if name in known}


def check_enough(source: Source, kind: Modality[Any, Any]) -> None:
    """Check that there are enough samples for training; a run embeds a single one.

    Raises:
        ValueError: Fewer samples than :attr:`nearfar.modalities.Modality.fewest`.
    """
    if len(source) < kind.fewest:
        raise ValueError(
            f"`data` must have at least {kind.fewest} samples for training, got"
            f" {source.describe()} in {source.name}"
        )


def fit_training(
    given: Mapping[str, Any],
    *,
    kind: Modality[Any, Any],
    preset: Preset,
    source: Source,
    samples: int | None = None,
) -> TrainingOptions:
    """The given options; else those suited to method and data; else the training loop's defaults.

    The default batch size is halved until an epoch has at least two batches.

    Args:
        given: Options that were given; None stands for none.
        kind: Modality of the samples.
        preset: Preset of the method.
        source: The data.
        samples: Number of samples to train on, if some are kept apart.

    Raises:
        ValueError: An unknown or invalid option, or too few samples to train on. Trained encoders
            embed any number of samples.
    """
    training_options(given)  # raises for unknown names and invalid values
    if len(source) < kind.fewest:
        raise ValueError(
            f"`data` must have at least {kind.fewest} samples to train on, got {len(source)}"
            f" ({source.name})"
        )
    if samples is None:
        samples = len(source) - count_watched(source)
    found = served(preset, kind.name)
    wanted = dict(found.training) if found else {}
    sizes = {name: wanted.pop(name) for name in ("batch_size", "updates") if name in wanted}
    suited = kind.training(samples=samples, **sizes) | wanted
    if "batch_size" not in suited:
        batch = inspect.signature(TrainingOptions).parameters["batch_size"].default
        while batch > max(4, samples // 2):
            batch //= 2
        suited["batch_size"] = batch
    specified = {name: value for name, value in given.items() if value is not None}
    return training_options(suited | specified)

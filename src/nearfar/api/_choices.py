"""What a run takes where the user says nothing: modality, batch, training loop."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nearfar.api._recipe import Preset, method_class, training_options
from nearfar.api._setup import count_watched
from nearfar.data import Source, is_name, modality_of, opening_options
from nearfar.modalities import Modality
from nearfar.modalities import modality as find
from nearfar.training import TrainingOptions

__all__ = ["find_modality", "fit_training", "opening"]


def find_modality(
    data: Any, *, modality: str | None, method: str | Preset, given: Mapping[str, Any]
) -> Modality:
    """As asked for, else as the data are, else as the method wants arrays that leave it open.

    Raises:
        ValueError: An unknown modality or method, or data of no known kind.
    """
    kinds = method_class(method).modalities
    if modality is not None:
        return find(modality)
    said = [name for name, value in given.items() if value is not None]
    found = modality_of(data, given=said)
    if found not in kinds and len(kinds) == 1 and _open(data):
        return find(kinds[0])
    return find(found)


def _open(data: Any) -> bool:
    """Whether it does not tell what it holds: bare numbers, or a path to nothing."""
    if isinstance(data, Source) or is_name(data):
        return False
    if not isinstance(data, (str, Path)):
        return hasattr(data, "ndim")
    return not Path(data).exists() or str(data).endswith((".npy", ".npz"))


def opening(kind: Modality, options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a modality's options that say how data are opened."""
    known = opening_options(kind.name)
    return {name: value for name, value in options.items() if name in known}


def fit_training(
    given: Mapping[str, Any], *, kind: Modality, method: str, source: Source
) -> TrainingOptions:
    """What was said; else what suits the samples; else the loop's defaults.

    The default batch is halved until the data fill it twice.
    """
    training_options(given)  # refuses unknown names and values before anything is chosen
    samples = len(source) - count_watched(source)
    suited = kind.training(method, samples=samples)
    if "batch_size" not in suited:
        batch = inspect.signature(TrainingOptions).parameters["batch_size"].default
        while batch > max(4, samples // 2):
            batch //= 2
        suited["batch_size"] = batch
    said = {name: value for name, value in given.items() if value is not None}
    return training_options(suited | said)

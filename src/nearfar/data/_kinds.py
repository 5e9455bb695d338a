"""The available modalities: the built-in ones, and those that installed packages register."""

from __future__ import annotations

import typing
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path
from types import NoneType
from typing import Any, Protocol, runtime_checkable

from nearfar._plugins import PluginError, load, load_all, plugins
from nearfar.checks import suggest
from nearfar.data._data_kind import Confidence, DataKind
from nearfar.data._files import printable
from nearfar.data._foreign_objects import Taken, refuse_foreign, taken
from nearfar.data._items import is_listed, sample_of
from nearfar.data._preview import DataPreview
from nearfar.data._read_once import refuse_iterator
from nearfar.data._source import Source
from nearfar.data._specs import PICKLES, Spec
from nearfar.data.graphs import GRAPHS
from nearfar.data.images import IMAGES
from nearfar.data.named import is_name, named_modality
from nearfar.data.pairs import PAIRS
from nearfar.data.sequences import SEQUENCES
from nearfar.data.text import TEXT
from nearfar.data.vectors import VECTORS

__all__ = [
    "ENTRY_POINTS",
    "MODALITIES",
    "HasDataKind",
    "as_given",
    "data_for",
    "find_kind",
    "implying_options",
    "kind_names",
    "modality_of",
]

ENTRY_POINTS = "nearfar.modalities"
"""Entry-point group for modalities of other packages, :class:`nearfar.modalities.Modality`."""

BUILT_IN = {kind.name: kind for kind in (IMAGES, SEQUENCES, TEXT, GRAPHS, VECTORS, PAIRS)}
MODALITIES = tuple(BUILT_IN)
"""Names of the built-in modalities."""


@runtime_checkable
class HasDataKind(Protocol):
    """An object with a :class:`DataKind`, such as a :class:`nearfar.modalities.Modality`."""

    data: DataKind


def kind_names() -> tuple[str, ...]:
    """Names of all available modalities, without importing the packages that add them."""
    return (*MODALITIES, *(name for name in plugins(ENTRY_POINTS) if name not in BUILT_IN))


def find_kind(modality: str | DataKind | HasDataKind) -> DataKind:
    """The :class:`DataKind` of a modality, given by name or as an object.

    Raises:
        TypeError: Neither a name, a DataKind nor a Modality.
        ValueError: Unknown name; the message suggests the closest one.
    """
    if isinstance(modality, DataKind):
        return modality
    if isinstance(modality, HasDataKind):
        return modality.data
    if not isinstance(modality, str):
        raise TypeError(
            f"`modality` must be the name of a modality, a DataKind or a Modality, got {modality!r}"
        )
    if modality in BUILT_IN:
        return BUILT_IN[modality]
    known = kind_names()
    if modality not in known:
        raise ValueError(
            f"`modality` must be one of {', '.join(known)}, got {modality!r}"
            f"{suggest(modality, known)}; the package of any other modality must be installed and"
            f" have an entry point in {ENTRY_POINTS!r}, or the modality can be passed as an object"
        )
    return _declared(modality, load(ENTRY_POINTS, modality))


def modality_of(spec: Spec, *, given: Collection[str] = ()) -> str:
    """Name of the modality of some data, inferred without reading them.

    Sources and named datasets have a modality, and some options belong to a single modality.
    Otherwise each modality inspects type, file extension and header, and the one with the highest
    confidence is chosen. Built-in modalities win ties, so that installing a package does not change
    how other data are opened.

    Args:
        spec: Data, as in :func:`nearfar.data.open_source`.
        given: Names of the options given with the data.

    Raises:
        TypeError: An object that cannot be data, an iterator, which can be read only once, or a
            pickle.
        ValueError: A folder or file of no known modality, or of several.

    Example:
        >>> import numpy as np
        >>> modality_of("digits"), modality_of(np.zeros((9, 4))), modality_of(["one", "two"])
        ('images', 'vectors', 'text')
    """
    if isinstance(spec, Source):
        return spec.modality
    refuse_iterator(spec)
    spec = taken(spec)
    kinds = _all()
    for kind in kinds:
        if kind.composite and set(kind.implied_by) & set(given):
            return kind.name
    if is_name(spec):
        return named_modality(str(spec))
    for option in given:
        for kind in kinds:
            if option in kind.implied_by:
                return kind.name
    before = DataPreview(spec.given) if isinstance(spec, Taken) else None
    return _most_confident(DataPreview(as_given(spec, kinds)), kinds, before)


def implying_options() -> dict[str, type]:
    """The options that imply a modality, with their types.

    >>> implying_options()["sample_rate"]
    <class 'int'>
    """
    found: dict[str, type] = {}
    for kind in _all():
        hints = typing.get_type_hints(kind.open)
        for name in kind.implied_by:
            hint = hints.get(name, str)
            choices = [*typing.get_args(hint), hint]
            found[name] = next(c for c in choices if isinstance(c, type) and c is not NoneType)
    return found


def as_given(spec: Spec, kinds: Collection[DataKind] | None = None) -> Any:
    """Convert strings to paths and expand ``~``; keep objects and strings with a known prefix."""
    if isinstance(spec, Taken):
        return spec.data
    if not isinstance(spec, (str, Path)):
        return spec
    known = _all() if kinds is None else kinds
    prefixes = tuple(prefix for kind in known for prefix in kind.prefixes)
    if isinstance(spec, str) and spec.startswith(prefixes):
        return spec
    return Path(spec).expanduser()


def data_for(spec: Spec, modality: Any, *, argument: str = "data") -> Any:
    """An object of another library as data that can be opened several times; others unchanged.

    Objects for a modality of another package are left to it.

    Args:
        spec: Data, as in :func:`nearfar.data.open_source`.
        modality: Modality of the data by name or as an object, if it is known.
        argument: Name of the argument for messages.

    Raises:
        TypeError: An object that is not data.
        ValueError: An iterable without an end or without items.
    """
    if isinstance(modality, (str, NoneType)):
        return spec if modality and modality not in BUILT_IN else taken(spec, argument=argument)
    return taken(spec, argument=argument) if find_kind(modality).name in BUILT_IN else spec


def _all() -> tuple[DataKind, ...]:
    """All kinds, built-in ones first; a package that fails to import is skipped with a warning."""
    return tuple(_iterate())


def _iterate() -> Iterator[DataKind]:
    yield from BUILT_IN.values()
    for name, found in load_all(ENTRY_POINTS).items():
        if name not in BUILT_IN:
            try:
                yield _declared(name, found)
            except PluginError as error:
                warnings.warn(f"skipped: {error}", RuntimeWarning, stacklevel=2)


def _declared(name: str, found: Any) -> DataKind:
    """The :class:`DataKind` of the modality registered by an entry point."""
    kind = found if isinstance(found, DataKind) else getattr(found, "data", None)
    if not isinstance(kind, DataKind):
        raise PluginError(
            f"the entry point {name!r} of {ENTRY_POINTS!r} must be a nearfar.modalities.Modality"
            f" with a DataKind as `data`, got {found!r}"
        )
    if kind.name != name:
        raise PluginError(
            f"the entry point {name!r} of {ENTRY_POINTS!r} must be named like its modality,"
            f" {kind.name!r}"
        )
    return kind


def _most_confident(
    preview: DataPreview, kinds: tuple[DataKind, ...], given: DataPreview | None = None
) -> str:
    """The most confident modality; those of other packages look at an object as it was given."""
    confidences = {
        kind.name: _confidence_in(kind, preview if kind.name in BUILT_IN else given or preview)
        for kind in kinds
    }
    most = max(confidences.values())
    if not most:
        return _default(preview, kinds)
    best = [name for name, confidence in confidences.items() if confidence == most]
    if best[0] not in BUILT_IN and len(best) > 1:
        raise ValueError(f"data can be {' or '.join(best)}: specify `modality`, got {preview.spec}")
    return best[0]


def _confidence_in(kind: DataKind, preview: DataPreview) -> Confidence:
    """Confidence of a modality; a package that raises an error is skipped with a warning."""
    if kind.name in BUILT_IN:
        return kind.recognizes(preview)
    try:
        return kind.recognizes(preview)
    except Exception as error:
        warnings.warn(
            f"the modality {kind.name!r} of another package failed to inspect the data and is"
            f" skipped: {type(error).__name__}: {error}",
            RuntimeWarning,
            stacklevel=2,
        )
        return Confidence.NO


def _shown(spec: Any) -> str:
    """The type of an object, with that of its first item."""
    name = type(spec).__name__
    if not isinstance(spec, (list, tuple)):
        return name
    return f"{name} of {type(spec[0]).__name__}" if spec else f"empty {name}"


def _default(preview: DataPreview, kinds: tuple[DataKind, ...]) -> str:
    """Raise an error for unrecognised data, except for a path that does not exist."""
    path = preview.path
    if path is None:
        refuse_foreign(preview.spec)
        if is_listed(preview.spec) and len(preview.spec):
            first = sample_of(preview.spec[0])  # raises its own error
            if isinstance(first, (int, float)):
                raise TypeError(
                    "`data` must have several features per sample, got one number:"
                    " pass numpy.reshape(data, (-1, 1))"
                )
        raise TypeError(
            "`data` must be a name, a path, an array, a tensor, a list or a dataset of images,"
            " texts, series or vectors, a data loader, a table or a graph, got"
            f" {_shown(preview.spec)}"
        )
    if not path.exists():
        return kinds[0].name  # opening it raises the error
    shown = printable(str(path))
    if preview.ending in PICKLES:
        raise TypeError(
            f"{shown} may contain a pickle, which is never loaded: load it yourself if you trust it"
            " (torch.load with weights_only=True), and save a .npy, .npz or .safetensors"
        )
    endings = dict.fromkeys(ending for kind in kinds for ending in kind.endings)
    raise ValueError(
        f"{shown} is neither a folder of images or audio nor a file with one of the extensions"
        f" {' '.join(endings)}"
    )

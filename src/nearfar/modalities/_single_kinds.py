"""The modalities other than pairs, by name."""

from __future__ import annotations

from inspect import isclass
from typing import Any

from nearfar._plugins import PluginError, load
from nearfar.data import ENTRY_POINTS, find_kind
from nearfar.modalities._graph_modality import GraphModality
from nearfar.modalities._image_modality import ImageModality
from nearfar.modalities._modality import Modality
from nearfar.modalities._sequence_modality import SequenceModality
from nearfar.modalities._text_modality import TextModality
from nearfar.modalities._vector_modality import VectorModality

__all__ = ["single_kind"]

_BUILT_IN: dict[str, Modality[Any, Any]] = {
    kind.name: kind
    for kind in (
        ImageModality(),
        SequenceModality(),
        TextModality(),
        GraphModality(),
        VectorModality(),
    )
}


def single_kind(name: str) -> Modality[Any, Any]:
    """A modality of nearfar or of an installed package, by name.

    Raises:
        ValueError: Unknown name, or the package that registers it cannot be imported.
    """
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    find_kind(name)  # raises for unknown names and for entry points without data
    found = load(ENTRY_POINTS, name)
    kind = found() if isclass(found) else found
    if not isinstance(kind, Modality):
        raise PluginError(
            f"the entry point {name!r} of {ENTRY_POINTS!r} must be a nearfar.modalities.Modality,"
            f" got {found!r}"
        )
    return kind

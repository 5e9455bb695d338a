"""Lookup of methods: built in, from entry points, by reference, or passed as a function."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

from nearfar import methods
from nearfar._plugins import is_reference, load, load_reference, plugins
from nearfar.checks import suggest
from nearfar.methods import Method, Serves
from nearfar.methods._preset import (
    Preset,
    is_preset,
    serves_of,
)
from nearfar.methods._preset import method_class as class_of
from nearfar.methods._preset import preset_options as options_of
from nearfar.methods._preset import served as served_by

__all__ = [
    "GROUP",
    "Preset",
    "canonical_name",
    "find_preset",
    "is_name_of_method",
    "kinds_of",
    "method_class",
    "preset_names",
    "preset_options",
    "served",
]

GROUP = "nearfar.methods"
"""Group of entry points with which other packages add methods."""


def preset_names() -> tuple[str, ...]:
    """Names of the built-in presets, without aliases."""
    public = {name: getattr(methods, name) for name in methods.__all__}
    return tuple(
        name for name, thing in public.items() if is_preset(thing) and thing.__name__ == name
    )


def canonical_name(method: str) -> str:
    """The full name of a method: ``deep_graph_infomax`` for ``dgi``."""
    return str(find_preset(method).__name__) if method in methods.__all__ else method


def find_preset(method: str | Preset) -> Preset:
    """The preset of this name; a preset function is returned as it is.

    Args:
        method: A preset of ``nearfar.methods``, the name of an entry point in the group
            ``nearfar.methods``, a reference such as ``mypackage.mymethod`` or
            ``mypackage.methods:mymethod``, or a function ``(encoder, width, *, ...)``.

    Raises:
        ValueError: An unknown name (the closest known name is suggested).
        TypeError: The object is not a preset.
    """
    if not isinstance(method, str):
        if not callable(method):
            raise TypeError(
                "`method` must be the name of a method, a reference or a function (encoder, width),"
                f" got {method!r:.80}"
            )
        return method
    built_in = _built_in(method)
    if built_in is not None:
        return built_in
    others = plugins(GROUP)
    if method in others:
        return _preset_in(load(GROUP, method), named=method)
    if is_reference(method):
        return _preset_in(load_reference(method, argument="method"), named=method)
    known = (*preset_names(), *others)
    raise ValueError(
        f"`method` must be one of {', '.join(sorted(known))}, or a reference to a method of your"
        f" own (package.module:name), got {method!r}{suggest(method, known)}"
    )


def is_name_of_method(word: str) -> bool:
    """Whether a word is the name of a method of nearfar or of an installed package."""
    return _built_in(word) is not None or word in plugins(GROUP)


def method_class(method: str | Preset) -> type[Method]:
    """The class of the method that a preset builds.

    Raises:
        TypeError: The function's return annotation is not a method.
    """
    return class_of(find_preset(method))


def preset_options(method: str | Preset) -> dict[str, Any]:
    """Keyword arguments of a preset that a user may set, with their defaults."""
    found = options_of(find_preset(method))
    return {name: parameter.default for name, parameter in found.items()}


def served(method: str | Preset, kind: str) -> Serves | None:
    """A method's settings for a modality; None if it does not support the modality."""
    return served_by(find_preset(method), kind)


def kinds_of(method: str | Preset) -> tuple[str, ...]:
    """The modalities that a method supports; empty if it supports any."""
    declared = serves_of(find_preset(method))
    return () if methods.ANY in declared else tuple(declared)


def _built_in(name: str) -> Preset | None:
    found: Any = getattr(methods, name) if name in methods.__all__ else None
    return found if is_preset(found) else None


def _preset_in(thing: object, *, named: str) -> Preset:
    """The object itself if it is a preset, or the only preset of a module."""
    if isinstance(thing, ModuleType):
        own = [
            value
            for value in vars(thing).values()
            if getattr(value, "__module__", None) == thing.__name__ and _builds(value)
        ]
        if len(own) != 1:
            names = ", ".join(value.__name__ for value in own) or "none"
            raise TypeError(
                f"`method` {named} must be a module with one preset (a function (encoder, width)"
                f" annotated with the method it returns), got {names}; give its name, as in"
                f" {named}:name"
            )
        found: Preset = own[0]
        return found
    if not _builds(thing):
        raise TypeError(
            f"`method` {named} must be a function (encoder, width) annotated with the method it"
            f" returns, got {thing!r}"
        )
    preset: Any = thing
    return preset  # type: ignore[no-any-return]


def _builds(thing: object) -> bool:
    """Whether the object is a function whose return annotation is a method."""
    if not inspect.isfunction(thing):
        return False
    try:
        class_of(thing)
    except (TypeError, NameError):
        return False
    return True

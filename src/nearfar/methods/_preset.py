"""Presets: functions that build a method around an encoder, with the sizes of its paper."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from typing import Any, TypeAlias, TypeVar

from nearfar._docstrings import with_arguments
from nearfar.checks import suggest
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method
from nearfar.methods._serves import ANY, Served, Serves

__all__ = [
    "Preset",
    "facts_parameter",
    "is_preset",
    "method_class",
    "preset",
    "preset_options",
    "served",
    "serves_of",
]

Preset: TypeAlias = Callable[..., Method]
"""``(encoder, width, *, options) -> Method``; its return annotation names the method's class."""

F = TypeVar("F", bound=Preset)
_FACTS = {field.name: field.name for field in fields(RunFacts)} | {"num_samples": "samples"}


def preset(
    *,
    serves: Served | None = None,
    without: Collection[str] = (),
    parts: tuple[Callable[..., Any], ...] = (),
) -> Callable[[F], F]:
    """Complete a preset's signature and docstring from the class of its method.

    The function takes encoder and width, its own keyword arguments, and ``**options``, which it
    passes to the class. The decorated function has the keyword arguments of both in its signature
    and its docstring; arguments that its own docstring does not describe are described as in the
    parts or the class, and a text that begins with ``…`` follows theirs.

    Args:
        serves: Entries of :attr:`Method.serves` that differ for this preset.
        without: Keyword arguments of the class that the function sets itself.
        parts: Functions that build parts of the method; they describe the preset's arguments of the
            same name, before the class does.

    Example:
        >>> from nearfar.methods import moco_v1, moco_v2
        >>> [inspect.signature(p).parameters["temperature"].default for p in (moco_v1, moco_v2)]
        [0.07, 0.2]
    """

    def complete(build: F) -> F:
        method = method_class(build)
        own = [
            p
            for p in inspect.signature(build, eval_str=True).parameters.values()
            if p.kind is not inspect.Parameter.VAR_KEYWORD
        ]
        taken = {p.name for p in own} | set(without)
        handed_on = [
            p
            for p in inspect.signature(method, eval_str=True).parameters.values()
            if p.kind is inspect.Parameter.KEYWORD_ONLY and p.name not in taken
        ]
        ordered = sorted([*own, *handed_on], key=lambda p: p.name == _facts_name(build))
        signature = inspect.Signature(ordered, return_annotation=method)

        @functools.wraps(build)
        def made(*parts: Any, **options: Any) -> Method:
            options = _modern(build, options)
            for name in options:
                if name not in signature.parameters:
                    raise TypeError(
                        f"{build.__name__} has no argument {name!r}"
                        f"{suggest(name, signature.parameters)}"
                    )
            return build(*parts, **options)

        attributes: Any = made
        attributes.__signature__ = signature
        attributes.__annotations__ = {p.name: p.annotation for p in ordered} | {"return": method}
        attributes.__doc__ = with_arguments(
            build, *parts, method, _width, names=signature.parameters
        )
        attributes.method = method
        attributes.serves = {**method.serves, **(serves or {})}
        return attributes  # type: ignore[no-any-return]

    return complete


def is_preset(thing: object) -> bool:
    """Whether a function was decorated with :func:`preset`."""
    return inspect.isfunction(thing) and hasattr(thing, "serves")


def method_class(build: Preset) -> type[Method]:
    """The class of the methods that a preset builds.

    Raises:
        TypeError: Its return annotation is not a subclass of :class:`Method`.
    """
    if inspect.isclass(build) and issubclass(build, Method):
        return build
    kind = inspect.signature(build, eval_str=True).return_annotation
    if not (inspect.isclass(kind) and issubclass(kind, Method)):
        raise TypeError(
            "`method` must be a name or a function (encoder, width) whose return annotation is a"
            f" subclass of nearfar.methods.Method, got {build!r} with the annotation {kind!r}"
        )
    return kind


def serves_of(build: Preset) -> Served:
    """The modalities that a preset supports, with the views and options for each."""
    found: Served = getattr(build, "serves", None) or method_class(build).serves
    return found


def served(build: Preset, kind: str) -> Serves | None:
    """A preset's views and options for one modality; None if the modality is not supported."""
    declared = serves_of(build)
    return declared.get(kind, declared.get(ANY))


def facts_parameter(build: Preset) -> str | None:
    """The name of the parameter that is annotated with :class:`RunFacts`, if there is one."""
    for name, parameter in inspect.signature(build, eval_str=True).parameters.items():
        if parameter.annotation in (RunFacts, RunFacts | None):
            return name
    return None


def preset_options(build: Preset) -> dict[str, inspect.Parameter]:
    """The keyword arguments of a preset that a user can set."""
    facts = facts_parameter(build)
    return {
        name: parameter
        for name, parameter in inspect.signature(build).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and name != facts
    }


@functools.cache
def _facts_name(build: Preset) -> str | None:
    return facts_parameter(build)


def _modern(build: Preset, options: Mapping[str, Any]) -> dict[str, Any]:
    """Convert facts given as keyword arguments, as in version 0.1, to :class:`RunFacts`."""
    name = _facts_name(build)
    parameters = inspect.signature(build).parameters
    old = {k: v for k, v in options.items() if k in _FACTS and k not in parameters}
    if name is None or not old:
        return dict(options)
    warnings.warn(
        f"{build.__name__}({', '.join(f'{k}=…' for k in old)}) is deprecated: pass"
        f" {name}=nearfar.methods.RunFacts({', '.join(f'{_FACTS[k]}=…' for k in old)})",
        DeprecationWarning,
        stacklevel=3,
    )
    facts = replace(options.get(name) or RunFacts(), **{_FACTS[k]: v for k, v in old.items()})
    return {k: v for k, v in options.items() if k not in old} | {name: facts}


def _width(width: int) -> None:
    """The arguments that all presets share.

    Args:
        width: Dimension of the representation.
    """

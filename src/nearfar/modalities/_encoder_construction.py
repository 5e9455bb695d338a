"""Construct encoders by name, entry point or reference, or from a class or function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

from torch import nn

from nearfar._deprecation import renamed_options
from nearfar._own_code import imported, reference_of
from nearfar._plugins import load, load_reference, plugins, refers_to_code, trust
from nearfar.checks import UnknownChoiceError
from nearfar.modalities._modality import Modality
from nearfar.modalities._own_encoders import (
    EncoderFactory,
    check_stored,
    code_of,
    construct,
    rebuild_module,
)
from nearfar.modules import EncoderDescription

__all__ = ["make_encoder", "rebuild_encoder"]

GROUP = "nearfar.encoders"
"""Entry-point group by which other packages add encoders."""


def make_encoder(
    kind: Modality[Any, Any],
    encoder: str | EncoderFactory,
    form: Any,
    options: Any,
    *,
    width: Callable[[nn.Module], int] | None = None,
) -> tuple[nn.Module, EncoderDescription[Any]]:
    """Construct a randomly initialised encoder, and its description, which includes the form.

    Args:
        kind: Modality of the samples.
        encoder: Name of an entry point in the group ``nearfar.encoders``, a reference such as
            ``mypackage.encoders:mine`` or ``mine.py:Mine``, the name of one of the modality's
            encoders, a class of modules, or an :data:`EncoderFactory`.
        form: Specification of the encoder's inputs.
        options: An instance of the modality's options.
        width: Dimensions of the representation of an encoder of your own that does not return
            them; by default its attribute ``num_features``.

    Raises:
        ValueError: Unknown encoder, or an unknown width.
        TypeError: A class or function that cannot be called, or does not return an encoder.
    """
    factory = _find(encoder) if isinstance(encoder, str) else encoder
    if isinstance(encoder, str) and factory is None:
        return _build_named(kind, encoder, form, options)
    assert factory is not None
    reference = encoder if isinstance(encoder, str) else reference_of(encoder)
    name = reference or getattr(encoder, "__name__", "encoder")
    module, returned = construct(factory, form, options, name=name)
    description = EncoderDescription(
        name=reference or "custom",
        library="function" if reference else "custom",
        width=returned or (width or _num_features)(module),
        modality=kind.name,
        form=form,
        arguments={"options": _plain(options)},
        how=f"{reference}, called with the form and the options"
        if reference
        else "constructed by a function passed as an object",
        code=code_of(factory, reference) if reference else "",
    )
    return module, description


def _num_features(module: nn.Module) -> int:
    width = getattr(module, "num_features", None)
    if not isinstance(width, int):
        name = type(module).__name__
        raise ValueError(
            f"`encoder` {name} must have an attribute `num_features`, the dimensions of its output,"
            " or be built by a function that returns module and width"
        )
    return width


def _build_named(
    kind: Modality[Any, Any], name: str, form: Any, options: Any
) -> tuple[nn.Module, EncoderDescription[Any]]:
    try:
        return kind.build_encoder(name, form, options)
    except UnknownChoiceError as error:
        if error.argument != "encoder":
            raise
        own = "an encoder of your own is given by reference, package.module:name"
        raise UnknownChoiceError(error.argument, f"{error.problem}; {own}") from None


def rebuild_encoder(
    kind: Modality[Any, Any],
    description: EncoderDescription[Any],
    *,
    encoder: str | EncoderFactory | None = None,
) -> nn.Module:
    """Reconstruct an encoder whose saved weights have this description.

    Args:
        kind: Modality of its inputs.
        description: The description.
        encoder: Class or function that builds it, or a reference; by default that of the
            description.

    Raises:
        ValueError: The package of its class or function is not installed, only a file names it, or
            it has changed.
    """
    name = description.name
    if encoder is None and description.own_class:
        return rebuild_module(description)
    if encoder is None and description.library == "custom":
        raise ValueError(
            "`encoder` of this run was passed as an object that an import does not find again: a"
            " module whose arguments are not known, or code of a script, a notebook or a function"
        )
    if encoder is None and description.library != "function":
        return kind.rebuild(description)
    known = inspect.signature(kind.options).parameters
    values = renamed_options(description.arguments.get("options", {}), known, warn=False)
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in known}
    options = kind.options(**values)
    if encoder is not None:
        factory = _find(encoder) if isinstance(encoder, str) else encoder
        name = encoder if isinstance(encoder, str) else getattr(encoder, "__name__", "encoder")
    else:
        factory = check_stored(description) or _find(name)
    if factory is None:
        raise ValueError(
            f"the encoder {name!r} is from an entry point of the group {GROUP!r} that"
            " no installed package registers"
        )
    return construct(factory, description.form, options, name=name)[0]


def _find(name: str) -> EncoderFactory | None:
    """The function of an entry point or a reference; None for any other name."""
    found: EncoderFactory | None = None
    if name in plugins(GROUP):
        found = load(GROUP, name)
    elif refers_to_code(name, argument="encoder"):
        found = imported(name)
        if found is None:
            return load_reference(name, argument="encoder")  # type: ignore[no-any-return]
        trust(name)
    return found


def _plain(options: Any) -> dict[str, Any]:
    """Options as values that JSON can represent."""
    if not is_dataclass(options) or isinstance(options, type):
        return {}
    values: Mapping[str, Any] = asdict(options)
    return {
        field.name: str(values[field.name])
        if isinstance(values[field.name], Path)
        else values[field.name]
        for field in fields(options)
    }

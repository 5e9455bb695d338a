"""Construct encoders by name, entry point or reference, or from a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeAlias

from torch import nn

from nearfar._deprecation import renamed_options
from nearfar._plugins import check_trusted, load, load_reference, plugins, refers_to_code
from nearfar.checks import UnknownChoiceError, check_integer
from nearfar.modalities._modality import Modality
from nearfar.modules import EncoderDescription

__all__ = ["EncoderFactory", "make_encoder", "rebuild_encoder"]

GROUP = "nearfar.encoders"
"""Entry-point group by which other packages add encoders."""

EncoderFactory: TypeAlias = Callable[[Any, Any], tuple[nn.Module, int]]
"""``(form, options) -> (encoder, width)``: from the modality's form and options to a
randomly initialised encoder and the dimension of its representation. The encoder's inputs are the
modality's views."""


def make_encoder(
    kind: Modality[Any, Any], encoder: str | EncoderFactory, form: Any, options: Any
) -> tuple[nn.Module, EncoderDescription[Any]]:
    """Construct a randomly initialised encoder, and its description, which includes the form.

    Args:
        kind: Modality of the samples.
        encoder: Name of an entry point in the group ``nearfar.encoders``, a reference such as
            ``mypackage.encoders:mine``, the name of one of the modality's encoders, or an
            :data:`EncoderFactory`.
        form: Specification of the encoder's inputs.
        options: An instance of the modality's options.

    Raises:
        ValueError: Unknown encoder.
        TypeError: A function that does not return an encoder and its width.
    """
    if isinstance(encoder, str):
        factory = _find(encoder)
        if factory is None:
            return _build_named(kind, encoder, form, options)
        module, width = _called(factory, form, options, name=encoder)
        description = EncoderDescription(
            name=encoder,
            library="function",
            width=width,
            modality=kind.name,
            form=form,
            arguments={"options": _plain(options)},
            how=f"{encoder}, called with the form and the options",
        )
        return module, description
    module, width = _called(encoder, form, options, name=getattr(encoder, "__name__", "encoder"))
    return module, EncoderDescription(
        name="custom",
        library="custom",
        width=width,
        modality=kind.name,
        form=form,
        how="constructed by a function passed as an object",
    )


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


def rebuild_encoder(kind: Modality[Any, Any], description: EncoderDescription[Any]) -> nn.Module:
    """Reconstruct an encoder whose saved weights have this description.

    Raises:
        ValueError: The package of its function is not installed, or only a file names it.
    """
    if description.library != "function":
        return kind.rebuild(description)
    if refers_to_code(description.name, argument="encoder"):
        check_trusted(description.name, argument="encoder")
    factory = _find(description.name)
    if factory is None:
        raise ValueError(
            f"the encoder {description.name!r} is from an entry point of the group {GROUP!r} that"
            " no installed package registers"
        )
    known = inspect.signature(kind.options).parameters
    values = renamed_options(description.arguments["options"], known, warn=False)
    options = kind.options(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
    return _called(factory, description.form, options, name=description.name)[0]


def _find(name: str) -> EncoderFactory | None:
    """The function of an entry point or a reference; None for any other name."""
    found: EncoderFactory | None = None
    if name in plugins(GROUP):
        found = load(GROUP, name)
    elif refers_to_code(name, argument="encoder"):
        found = load_reference(name, argument="encoder")
    return found


def _called(
    factory: EncoderFactory, form: Any, options: Any, *, name: str
) -> tuple[nn.Module, int]:
    if not callable(factory):
        raise TypeError(f"`encoder` {name} must be a function (form, options), got {factory!r}")
    try:
        inspect.signature(factory).bind(form, options)
    except ValueError:  # a function of C has no signature
        pass
    except TypeError as error:
        raise TypeError(f"`encoder` {name} must be a function (form, options): {error}") from None
    made = factory(form, options)
    pair = isinstance(made, tuple) and len(made) == 2
    if not pair or not isinstance(made[0], nn.Module):
        raise TypeError(f"`encoder` {name} must return a module and its width, got {made!r:.80}")
    check_integer(at_least=1, width=made[1])
    return made


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

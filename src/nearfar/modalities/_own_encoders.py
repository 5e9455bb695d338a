"""Encoders of the user's own: classes, functions and modules, called and found again."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from nearfar._own_code import code_hash, imported, reference_of
from nearfar._plugins import check_trusted, load_reference, refers_to_code
from nearfar.checks import check_integer
from nearfar.inputs import View, move
from nearfar.modalities._equal_modules import arguments_of
from nearfar.modules import EncoderDescription

__all__ = [
    "EncoderFactory",
    "check_known",
    "check_stored",
    "check_width",
    "code_of",
    "construct",
    "describe_module",
    "output_width",
    "rebuild_module",
]

EncoderFactory: TypeAlias = Callable[..., nn.Module | tuple[nn.Module, int]]
"""``(form, options) -> (encoder, width)``: from the modality's form and options to a
randomly initialised encoder and the dimension of its representation. The encoder's inputs are the
modality's views. The width may be left out, and so may the parameters: any that is called ``form``,
``options`` or like a field of the form (``channels``, ``image_size``) and has no default is
given. A class of modules is called in the same way."""


def construct(
    factory: EncoderFactory, form: Any, options: Any, *, name: str
) -> tuple[nn.Module, int | None]:
    """Call a class or function that builds an encoder; the encoder, and its width if returned.

    Args:
        factory: The class or function.
        form: Specification of the encoder's inputs.
        options: Options of the modality.
        name: Name for messages.

    Raises:
        TypeError: An object that cannot be called so, or that does not build a module.
    """
    if not callable(factory) or isinstance(factory, nn.Module):
        raise TypeError(
            f"`encoder` {name} must be a class of modules or a function (form, options),"
            f" got {factory!r:.80}"
        )
    positional, named = _arguments(factory, form, options, name=name)
    made = factory(*positional, **named)
    if isinstance(made, nn.Module):
        return made, None
    pair = isinstance(made, tuple) and len(made) == 2
    if not pair or not isinstance(made[0], nn.Module):
        raise TypeError(f"`encoder` {name} must return a module and its width, got {made!r:.80}")
    check_integer(at_least=1, width=made[1])
    return made


def output_width(encoder: nn.Module, view: View) -> int:
    """Dimensions of an encoder's representation, measured on a few samples.

    Args:
        encoder: The encoder; it is not changed.
        view: The samples, in the form that the encoder expects.

    Raises:
        ValueError: The encoder fails on the samples, or its output is not a matrix.
    """
    name = type(encoder).__name__
    encoder = copy.deepcopy(encoder).eval()
    place = next((p.device for p in encoder.parameters()), torch.device("cpu"))
    with torch.no_grad():
        try:
            output: object = encoder(move(view, place))
        except Exception as error:
            shown = f" of shape {tuple(view.shape)}" if isinstance(view, Tensor) else ""
            raise ValueError(
                f"`encoder` {name} fails on samples{shown}: {type(error).__name__}: {error}"
            ) from error
    if not isinstance(output, Tensor) or output.ndim != 2:
        shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise ValueError(f"`encoder` {name} must return a matrix (samples × width), got {shape}")
    return output.shape[1]


def check_width(encoder: nn.Module, view: View, width: int) -> None:
    """Check the width that a user gives for an encoder, unless its output is no matrix.

    Raises:
        ValueError: The output has other columns.
    """
    try:
        measured = output_width(encoder, view)
    except ValueError:  # not what was asked
        return
    if measured != width:
        raise ValueError(
            f"`width` must be {measured}, the dimensions of the output of {type(encoder).__name__},"
            f" got {width}"
        )


def describe_module(
    module: nn.Module, *, width: int, modality: str, form: Any
) -> EncoderDescription[Any]:
    """The description of a module that was passed as an object.

    It names the module's class and arguments if an import finds the class again, and if the class
    is known to build an equal module.
    """
    kind = type(module)
    reference = reference_of(kind)
    arguments = arguments_of(module) if reference else None
    known = arguments is not None
    call = ", ".join(f"{key}={value!r}" for key, value in (arguments or {}).items())
    return EncoderDescription(
        name="custom",
        library="custom",
        width=width,
        modality=modality,
        form=form,
        arguments=arguments or {},
        how=f"{kind.__module__}.{kind.__qualname__}({call})"
        if known
        else "a module passed in Python",
        own_class=reference if known else "",
        code=code_hash(kind) if known else "",
    )


def rebuild_module(description: EncoderDescription[Any]) -> nn.Module:
    """The module of a :func:`describe_module`, with weights that are initialised again.

    Raises:
        ValueError: Only a file names its class, which is not imported; the class is not found, has
            changed, or builds no module from the arguments.
    """
    reference = description.own_class
    kind = check_stored(description)
    try:
        made = kind(**description.arguments)
    except TypeError as error:
        raise ValueError(
            f"`encoder` {reference} has other arguments than in training: {error}"
        ) from error
    if not isinstance(made, nn.Module):
        raise ValueError(f"`encoder` {reference} must be a class of modules, got {kind!r:.80}")
    return made


def check_known(reference: str) -> None:
    """Refuse to import an encoder that only a file names; see :func:`check_trusted`.

    A class of modules that the user's program has imported is known.

    Raises:
        PluginError: The encoder is not known, and its package is not trusted.
    """
    found = imported(reference)
    if not (inspect.isclass(found) and issubclass(found, nn.Module)):
        check_trusted(reference, argument="encoder")


def check_stored(description: EncoderDescription[Any]) -> Any:
    """The class or function that built a run's encoder, if it is the one of the training.

    Raises:
        PluginError: Only a file names it, or it cannot be imported.
        ValueError: The file that defines it has changed.
    """
    reference = description.own_class or description.name
    if not refers_to_code(reference, argument="encoder"):  # an entry point
        return None
    check_known(reference)
    found = imported(reference) or load_reference(reference, argument="encoder")
    if description.code and code_hash(found) != description.code:
        raise ValueError(f"`encoder` {reference} has changed since training, or its file has")
    return found


def code_of(thing: Any, reference: str) -> str:
    """The hash to store of a class or function; none for entry points, which have versions."""
    return code_hash(thing) if refers_to_code(reference, argument="encoder") else ""


def _arguments(
    factory: EncoderFactory, form: Any, options: Any, *, name: str
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and named arguments of a class or function that builds an encoder."""
    try:
        parameters = list(inspect.signature(factory).parameters.values())
    except ValueError:  # a function of C has no signature
        return (form, options), {}
    known: Mapping[str, Any] = {**getattr(form, "__dict__", {}), "form": form, "options": options}
    required, named = [], {}
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        wanted = parameter.default is parameter.empty
        given = parameter.name in known and (wanted or parameter.name in ("form", "options"))
        if given and parameter.kind is not parameter.POSITIONAL_ONLY:
            named[parameter.name] = known[parameter.name]
        elif wanted:
            required.append(parameter)
    own = inspect.isclass(factory)  # its parameters are of its own, not form and options
    if not required and (named or own or not _takes_anything(parameters)):
        return (), named
    try:  # two parameters of any names
        if not own:
            inspect.signature(factory).bind(form, options)
            return (form, options), {}
    except TypeError:
        pass
    lacking = ", ".join(parameter.name for parameter in required)
    what = "a class" if own else "a function (form, options), or one"
    raise TypeError(
        f"`encoder` {name} must be {what} whose parameters have defaults or are among"
        f" {', '.join(known)}, got {lacking}; or pass a module that you have built"
    )


def _takes_anything(parameters: list[inspect.Parameter]) -> bool:
    return any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters)

"""Checks of the types of arguments and options, before anything is opened or built."""

from __future__ import annotations

import inspect
import math
import os
import types
import typing
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, Union

import numpy as np
from torch import nn

from nearfar.checks import check_integer
from nearfar.methods import Method
from nearfar.methods._preset import facts_parameter
from nearfar.views import Views

__all__ = ["check_encoder", "check_objects", "check_preset", "check_tables", "check_types"]


def check_types(function: Callable[..., Any], given: Mapping[str, Any]) -> None:
    """Check options against the annotations of the function or class that has them.

    Only numbers, texts, paths, choices and tuples of them are checked.

    Raises:
        ValueError: A value of another type; the message names the option.

    Example:
        >>> def preset(*, decay: float | None = None) -> None: ...
        >>> check_types(preset, {"decay": "slow"})
        Traceback (most recent call last):
        ValueError: `decay` must be a number or None, got 'slow'
    """
    try:
        parameters = inspect.signature(function, eval_str=True).parameters
    except (NameError, ValueError):  # annotations that exist for type checkers only
        return
    for name, value in given.items():
        hint = parameters[name].annotation if name in parameters else Any
        accepted = _expected(hint)
        if accepted is not None and not _fits(value, hint):
            raise ValueError(f"`{name}` must be {accepted}, got {value!r:.80}")


def check_tables(**tables: Mapping[str, Any] | None) -> None:
    """Check that every argument is None or a mapping of names to values."""
    for name, table in tables.items():
        if table is None:
            continue
        if not isinstance(table, Mapping) or not all(isinstance(key, str) for key in table):
            raise TypeError(f"`{name}` must be a dictionary of names and values, got {table!r:.80}")


def check_objects(*, encoder: object, width: object, out: object, views: object) -> None:
    """Check the arguments of :func:`nearfar.pretrain` that may be objects.

    Raises:
        TypeError: An object of another type; the message names the argument.
        ValueError: A width that is not a positive whole number.
    """
    check_encoder(encoder)
    if width is not None:
        check_integer(at_least=1, width=typing.cast(int, width))
    if not (out is None or isinstance(out, (str, os.PathLike))):
        raise TypeError(f"`out` must be the path of a directory or None, got {out!r:.80}")
    if not (views is None or isinstance(views, (str, Views))) or inspect.isclass(views):
        raise TypeError(
            "`views` must be views (nearfar.views.Views), 'natural', 'drawing' or None,"
            f" got {views!r:.80}"
        )


def check_encoder(encoder: object) -> None:
    """Check that an encoder is a name, a module, or a class or function that may build one.

    Raises:
        TypeError: It is something else.
    """
    module_class = inspect.isclass(encoder) and issubclass(encoder, nn.Module)
    usual = not inspect.isclass(encoder) and (isinstance(encoder, str) or callable(encoder))
    if not (module_class or usual):
        raise TypeError(
            "`encoder` must be a name, a reference package.module:name or file.py:name, a module,"
            f" a class of modules or a function (form, options), got {encoder!r:.80}"
        )


def check_preset(preset: Callable[..., Any], *, options: Mapping[str, Any]) -> None:
    """Check that a user's object can be called with an encoder, its width and the options.

    Raises:
        TypeError: It cannot, as for a class of methods, which is built around modules.
    """
    wanted = (
        "`method` must be a name, a reference package.module:name or a function (encoder, width)"
        " annotated with the method that it returns"
    )
    try:
        signature = inspect.signature(preset, eval_str=True)
        facts = facts_parameter(preset)
        required = {
            name: options[name]
            for name, parameter in signature.parameters.items()
            if name in options and parameter.default is parameter.empty
        }
        signature.bind(None, 1, **required, **({facts: None} if facts else {}))
    except (TypeError, ValueError) as error:
        raise TypeError(f"{wanted}, got {preset!r:.80}: {error}") from None
    except NameError:  # an annotation that cannot be evaluated is reported with the preset
        return
    if inspect.isclass(preset):
        second = list(signature.parameters.values())[1]
        if not issubclass(preset, Method) or second.annotation not in (int, second.empty):
            raise TypeError(
                f"{wanted}, got the class {preset.__name__}, whose second argument is"
                f" `{second.name}`"
            )


def _fits(value: Any, hint: Any) -> bool:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, part) for part in arguments)
    if origin is Literal:
        return any(type(value) is type(choice) and value == choice for choice in arguments)
    if origin is tuple:
        if not isinstance(value, (tuple, list)):
            return False
        kinds = [arguments[0]] * len(value) if arguments[-1] is ... else list(arguments)
        return len(kinds) == len(value) and all(map(_fits, value, kinds))
    if isinstance(value, (bool, np.bool_)):
        return hint is bool
    if hint is float:
        return isinstance(value, Real) and not math.isnan(value)
    accepted: dict[Any, Any] = {int: Integral, Path: (str, os.PathLike), None: types.NoneType}
    return isinstance(value, accepted.get(hint, hint))


def _expected(hint: Any) -> str | None:
    """What a type accepts, as text; None for a type that is not checked."""
    words = {
        int: "a whole number",
        float: "a number",
        str: "text",
        bool: "True or False",
        Path: "a path",
        types.NoneType: "None",
        None: "None",
    }
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        parts = [_expected(part) for part in arguments]
        return None if None in parts else " or ".join(filter(None, parts))
    if origin is Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if origin is tuple and arguments:
        parts = [_expected(part) for part in arguments if part is not ...]
        if None in parts:
            return None
        each = " and ".join(dict.fromkeys(filter(None, parts)))
        number = "any number" if arguments[-1] is ... else str(len(arguments))
        return f"a tuple of length {number}, each {each}".replace("length any", "any")
    return words.get(hint) if isinstance(hint, (type, types.NoneType)) else None

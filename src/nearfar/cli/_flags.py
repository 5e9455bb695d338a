"""Flags from a signature: names, types, defaults, and help from the docstring."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union

from cyclopts import Group, Parameter, Token

from nearfar._docstrings import described

__all__ = ["flag_type", "flags_of", "values_of"]


def flags_of(
    function: Callable[..., Any],
    *,
    group: Group,
    table: str = "",
    leave_out: Collection[str] = (),
    show_defaults: bool = True,
) -> list[inspect.Parameter]:
    """A flag for each keyword-only parameter of a function or class.

    A parameter whose type no command line can carry (a module, a callable) gives no flag, nor does
    one without a default.

    Args:
        function: Function or class; its Google docstring describes the parameters.
        group: The panel of the help in which the flags stand.
        table: ``method`` gives ``--method.temperature``, and ``method__temperature`` to the call.
        leave_out: Parameters that give no flag.
        show_defaults: Whether the help states the signature's defaults.
    """
    texts = described(function)
    target: Any = function
    hints = typing.get_type_hints(target.__init__ if inspect.isclass(target) else target)
    flags = []
    for name, parameter in inspect.signature(function).parameters.items():
        kind = flag_type(hints.get(name))
        default = parameter.default
        optional = parameter.kind is parameter.KEYWORD_ONLY and default is not parameter.empty
        if not optional or name in leave_out or kind is None:
            continue
        says = Parameter(
            name=f"--{f'{table}.' if table else ''}{name.replace('_', '-')}",
            help=texts.get(name, ""),
            group=group,
            converter=_WHOLE.get(kind),
            consume_multiple=... in typing.get_args(kind),
            negative_iterable=(),
            show_default=_shown if show_defaults and default is not None else False,
        )
        called = f"{table}__{name}" if table else name
        flags.append(parameter.replace(name=called, annotation=Annotated[kind, says]))
    return flags


def flag_type(hint: Any) -> Any:
    """What a command line can carry of a type: `str` of `str | nn.Module`; None if nothing."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in (str, int, float, bool, Path) or origin is Literal:
        return hint
    if origin is tuple and all(argument in (int, float, str, ...) for argument in arguments):
        return hint
    if origin in (Union, types.UnionType):
        kept = [kind for kind in map(flag_type, arguments) if kind is not None]
        listed = {typing.get_args(kind)[0] for kind in kept if typing.get_origin(kind) is tuple}
        kept = [kind for kind in kept if kind not in listed]  # several can be one
        if kept:
            return Union[(*kept, *(a for a in arguments if a is type(None)))]
    return None


def values_of(options: Mapping[str, str]) -> dict[str, Any]:
    """What was said by flags of unknown type: whole numbers, numbers, texts.

    >>> values_of({"column": "title", "sample-rate": "8000"})
    {'column': 'title', 'sample_rate': 8000}
    """

    def value(text: str) -> Any:
        for kind in (int, float):
            try:
                return kind(text)
            except ValueError:
                continue
        return text

    return {name.replace("-", "_"): value(text) for name, text in options.items()}


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    return " ".join(map(str, default)) if isinstance(default, tuple) else str(default)


def _read_whole_number(kind: Any, tokens: Sequence[Token]) -> int:
    (token,) = tokens
    try:
        return int(token.value)
    except ValueError:
        raise ValueError(f"expects a whole number, got {token.value!r}") from None


def _read_whole_number_or_none(kind: Any, tokens: Sequence[Token]) -> int | None:
    return None if tokens[0].value.lower() == "none" else _read_whole_number(kind, tokens)


# Whole numbers stay whole: left alone, cyclopts rounds 3.5 to 4.
_WHOLE: dict[Any, Callable[..., Any]] = {
    int: _read_whole_number,
    int | None: _read_whole_number_or_none,
}

"""Flags from a signature: names, types and defaults, with help from the docstring."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, final

from cyclopts import Group, Parameter, Token

from nearfar._deprecation import OPTIONS
from nearfar._docstrings import described
from nearfar.cli._console import print_note

__all__ = [
    "RENAMED",
    "UNCHECKED",
    "current",
    "flag_parameter",
    "flag_type",
    "flags_of",
    "joined_values",
    "shown",
    "values_of",
]

RENAMED = "__renamed"
"""Ends the names of parameters of hidden flags: a flag under its name of version 0.1."""
_AS_TEXT = (
    *("column", "x", "s", "exclude", "include", "delimiter", "encoding", "decimal", "where"),
    *("key", "split-folder"),
)
_TRUTH = ("true", "false", "yes", "no")
_OLD = {new: old for old, new in OPTIONS.items()}


def flags_of(
    function: Callable[..., Any],
    *,
    group: Group,
    table: str = "",
    leave_out: Collection[str] = (),
    renamed: Mapping[str, str] | None = None,
    show_defaults: bool = True,
) -> list[inspect.Parameter]:
    """One flag per keyword-only parameter of a function or class.

    Parameters without a default are skipped, as are those whose type has no command-line form (a
    module, a callable).

    Args:
        function: Function or class; its Google docstring describes the parameters.
        group: Panel of the help that lists the flags.
        table: Prefix of the flags: ``method`` gives ``--method.temperature``, which the call
            receives as ``method__temperature``.
        leave_out: Parameters without a flag.
        renamed: Shorter aliases of flags, in addition to the parameter's name:
            ``{"view_style": "views"}``.
        show_defaults: Whether the help shows the signature's defaults.
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
        words = [name, *filter(None, [(renamed or {}).get(name)])]
        said = flag_parameter(
            kind,
            group=group,
            name=tuple(_flag(table, word) for word in words[::-1]),
            help=texts.get(name, ""),
            show_default=shown if show_defaults and default is not None else False,
        )
        called = f"{table}__{name}" if table else name
        flags.append(parameter.replace(name=called, annotation=Annotated[kind, said, UNCHECKED]))
        if name in _OLD:
            words = [_flag(table, _OLD[name])]
            old = flag_parameter(kind, group=group, name=tuple(words), show=False)
            flags.append(
                parameter.replace(name=called + RENAMED, annotation=Annotated[kind, old, UNCHECKED])
            )
    return flags


@final
class _Unchecked:
    """Part of an annotation whose values pydantic does not check.

    cyclopts lets it check defaults wherever something has imported it, and the default of a flag
    may be of another type: None, or the text that the help shows.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Mapping[str, str]:
        return {"type": "any"}


UNCHECKED: Final = _Unchecked()


def flag_parameter(kind: Any, **said: Any) -> Parameter:
    """How cyclopts reads a flag of a type, with its name, group and help."""
    return Parameter(
        converter=_WHOLE.get(kind),
        consume_multiple=any(... in typing.get_args(part) for part in (kind, *_parts(kind))),
        negative_iterable=(),
        **said,
    )


def current(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The flags that were given, those under a name of version 0.1 with a note."""
    found = {name: value for name, value in flags.items() if not name.endswith(RENAMED)}
    for called in flags.keys() - found.keys():
        name = called.removesuffix(RENAMED)
        table, _, option = name.rpartition("__")
        old, new = _flag(table, _OLD[option]), _flag(table, option)
        print_note(f"`{old}` is deprecated: use `{new}`")
        found[name] = flags[called]
    return found


def _parts(kind: Any) -> tuple[Any, ...]:
    return typing.get_args(kind) if typing.get_origin(kind) in (Union, types.UnionType) else ()


def _flag(table: str, name: str) -> str:
    word = name.replace("_", "-")
    return f"--{table}.{word}" if table else f"--{word}"


def flag_type(hint: Any) -> Any:
    """The part of a type with a command-line form: `str` of `str | nn.Module`; None if none."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in (str, int, float, bool, Path) or origin is Literal:
        return hint
    if origin is tuple and all(argument in (int, float, str, ...) for argument in arguments):
        return hint
    if origin in (Union, types.UnionType):
        usable = [kind for kind in map(flag_type, arguments) if kind is not None]
        listed = {typing.get_args(kind)[0] for kind in usable if typing.get_origin(kind) is tuple}
        usable = [kind for kind in usable if kind not in listed]  # a tuple may have one element
        if usable:
            return Union[(*usable, *(a for a in arguments if a is type(None)))]
    return None


def joined_values(words: Sequence[str], signature: inspect.Signature) -> list[str]:
    """Command-line words with ``--flag false`` written as ``--flag=false`` for flags of type bool.

    >>> def run(*, shared: bool | None = None): ...
    >>> joined_values(["--shared", "false", "--x", "no"], inspect.signature(run))
    ['--shared=false', '--x', 'no']
    """
    switches: set[str] = set()
    for name, parameter in signature.parameters.items():
        kind = parameter.annotation
        says = [a for a in typing.get_args(kind)[1:] if isinstance(a, Parameter)]
        inner = typing.get_args(kind)[0] if typing.get_origin(kind) is Annotated else kind
        if inner in (bool, bool | None, "bool", "bool | None"):
            switches.update(*(says[0].name or () for _ in says[:1]), [_flag("", name)])
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] in switches and word.lower() in _TRUTH:
            joined[-1] += f"={word.lower()}"
        else:
            joined.append(word)
    return joined


def values_of(options: Mapping[str, str]) -> dict[str, Any]:
    """Values of flags of unknown type, as bool or int if possible, else float, else str.

    >>> values_of({"column": "2", "sample-rate": "8000", "header": "no"})
    {'column': '2', 'sample_rate': 8000, 'header': False}
    """

    def value(name: str, text: str) -> Any:
        if name in _AS_TEXT:
            return text
        if text.lower() in _TRUTH:
            return text.lower() in ("true", "yes")
        for kind in (int, float):
            try:
                return kind(text)
            except ValueError:
                continue
        return text

    return {name.replace("-", "_"): value(name, text) for name, text in options.items()}


def shown(default: Any) -> str:
    """A default as the help shows it."""
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


# cyclopts rounds 3.5 to 4 where an int is expected; these converters refuse it.
_WHOLE: dict[Any, Callable[..., Any]] = {
    int: _read_whole_number,
    int | None: _read_whole_number_or_none,
}

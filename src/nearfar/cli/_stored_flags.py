"""Flags as JSON, so that a parser is built without importing what they were derived from."""

from __future__ import annotations

import functools
import inspect
import math
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union

from cyclopts import Group

from nearfar.cli._flags import UNCHECKED, flag_parameter, shown

__all__ = ["any_of", "restored", "stored", "stored_type"]

_PLAIN: dict[str, Any] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "Path": Path,
    "None": types.NoneType,
    "...": ...,
}
_NAMES = {kind: name for name, kind in _PLAIN.items()}


def stored(flag: inspect.Parameter, limits: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A flag of :func:`nearfar.cli._flags.flags_of` as JSON.

    Args:
        flag: The flag.
        limits: The numbers that its constructor refuses, see :func:`restored`.
    """
    kind, said, *_ = typing.get_args(flag.annotation)
    entry: dict[str, Any] = {
        "called": flag.name,
        "names": list(said.name),
        "type": stored_type(kind),
        "help": said.help or "",
    }
    if said.show_default is shown:
        entry["default"] = shown(flag.default)
    if said.show is False:
        entry["hidden"] = True
    return entry | ({"limits": dict(limits)} if limits else {})


def restored(entry: Mapping[str, Any], *, group: Group) -> inspect.Parameter:
    """The flag that was stored.

    Args:
        entry: The stored flag. Its ``limits`` are the numbers that the constructor is known to
            refuse: up to ``low``, from ``high``, infinite ones if ``finite``; and what it expects.
        group: Panel of the help that lists the flag.
    """
    kind = _restored_type(entry["type"])
    limits = entry.get("limits")
    said = flag_parameter(
        kind,
        name=tuple(entry["names"]),
        group=group,
        help=entry["help"],
        show_default=shown if "default" in entry else False,
        show=not entry.get("hidden", False),
        validator=functools.partial(_check_limits, limits) if limits else None,
    )
    return inspect.Parameter(
        entry["called"],
        inspect.Parameter.KEYWORD_ONLY,
        default=entry.get("default"),
        annotation=Annotated[kind, said, UNCHECKED],
    )


def any_of(alternatives: Iterable[Iterable[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """The flags of any of several commands, for words of which it is not known yet which they suit.

    A flag whose type or limits differ between them accepts any value of any of the types. Where
    even the number of its values differs, it is ``unclear``, and cannot be parsed.
    """
    found: dict[str, dict[str, Any]] = {}
    for flags in alternatives:
        for flag in flags:
            other = found.setdefault(flag["called"], dict(flag))
            if other["type"] != flag["type"]:
                if _values(other["type"]) != _values(flag["type"]):
                    other["unclear"] = True
                other["type"] = ["union", *_members(other["type"]), *_members(flag["type"])]
            if other.get("limits") != flag.get("limits"):
                other.pop("limits", None)
            other["names"] = list(dict.fromkeys([*other["names"], *flag["names"]]))
    return list(found.values())


def stored_type(kind: Any) -> Any:
    """A type as JSON: its name, or a list with its form and its parts.

    >>> stored_type(tuple[float, ...] | None), stored_type(Literal["a", "b"])
    (['union', ['tuple', 'float', '...'], 'None'], ['literal', 'a', 'b'])
    """
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return ["literal", *parts]
    if origin is tuple:
        return ["tuple", *map(stored_type, parts)]
    if origin in (Union, types.UnionType):
        return ["union", *map(stored_type, parts)]
    return _NAMES[kind]


def _restored_type(entry: Any) -> Any:
    if isinstance(entry, str):
        return _PLAIN[entry]
    form, *parts = entry
    if form == "literal":
        return Literal[tuple(parts)]
    kinds = tuple(map(_restored_type, parts))
    return tuple[kinds] if form == "tuple" else Union[kinds]  # type: ignore[valid-type]  # noqa: UP007


def _values(entry: Any) -> set[Any]:
    """How many values a type has, for each of its members."""
    counts = set()
    for member in _members(entry):
        if isinstance(member, list) and member[0] == "tuple":
            counts.add("any" if member[-1] == "..." else str(len(member) - 1))
        elif member != "None":
            counts.add("none" if member == "bool" else "1")
    return counts


def _members(entry: Any) -> list[Any]:
    return list(entry[1:]) if isinstance(entry, list) and entry[0] == "union" else [entry]


def _check_limits(limits: Mapping[str, Any], kind: Any, value: Any) -> None:
    """Raise if a number is one that the constructor refuses."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    unlimited = limits.get("finite") and not math.isfinite(value)
    if unlimited or value <= limits.get("low", -math.inf) or value >= limits.get("high", math.inf):
        raise ValueError(limits["expected"])

"""Records: frozen dataclasses that round-trip through JSON."""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from nearfar.records._atomic_files import write_text
from nearfar.records._notebook import any_record
from nearfar.records._seals import (
    NOT_AS_EXPECTED,
    DamagedFileError,
    check_json,
    explained,
    seal_json,
    shortened,
)

__all__ = ["Record", "encode"]

_OMITTED = "omitted"  # in a field's metadata: its default is not written, as by older versions

R = TypeVar("R", bound="Record")


_PLAIN = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
_NOT_FINITE = ("nan", "inf", "-inf")


def encode(value: Any) -> Any:
    """Convert a value to JSON types, including nested dataclasses."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}  # JSON has no infinity
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        held = ((f, getattr(value, f.name)) for f in dataclasses.fields(value))
        written = (p for p in held if not (_OMITTED in p[0].metadata and p[1] == p[0].default))
        return {field.name: encode(item) for field, item in written}
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return value


def _decode(kind: Any, value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"float"} and value["float"] in _NOT_FINITE:
        return float(value["float"])
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if not isinstance(value, dict):
            raise ValueError(f"{kind.__name__} must be an object, got {type(value).__name__}")
        hints = typing.get_type_hints(kind)
        renamed: Mapping[str, str] = getattr(kind, "_renamed", {})  # names of 0.1
        value = {renamed.get(name, name): item for name, item in value.items()}
        known = {name: item for name, item in value.items() if name in hints}
        return kind(**{name: _decode(hints[name], item) for name, item in known.items()})
    if origin in (tuple, list) and value is not None:
        item_kind = arguments[0] if arguments else Any
        return origin(_decode(item_kind, item) for item in value)
    if origin is dict and value is not None:
        return {key: _decode(arguments[1], item) for key, item in value.items()}
    if origin in (typing.Union, types.UnionType) and value is not None:
        inner = [argument for argument in arguments if argument is not type(None)]
        return _decode(inner[0], value) if len(inner) == 1 else value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind in _PLAIN and (type(value) is not kind):
        raise ValueError(f"{shortened(value)} is not {_PLAIN[kind]}")
    return value


class Record:
    """Mixin for frozen dataclasses: JSON serialisation with atomic writing.

    Fields can be scalars, strings, tuples, dicts with string keys, and other records. Fields that
    an older file lacks take their defaults; fields unknown to this version are ignored.
    """

    def to_json(self) -> str:
        """The record as JSON text."""
        return json.dumps(encode(self), indent=1, allow_nan=False)

    @classmethod
    def from_json(cls: type[R], text: str) -> R:
        """Parse a record from the output of :meth:`to_json`."""
        return cls.of_values(json.loads(text))

    @classmethod
    def of_values(cls: type[R], values: Mapping[str, Any]) -> R:
        """The record with the given values, as JSON types."""
        decoded: R = _decode(cls, values)
        return decoded

    def _repr_html_(self) -> str:
        """For notebooks: a table of the fields."""
        return any_record(self)

    def save(self, path: Path) -> None:
        """Write atomically, with a checksum: the old file is kept until the new one is complete."""
        write_text(path, seal_json(self.to_json()) + "\n")

    @classmethod
    def load(cls: type[R], path: Path) -> R:
        """Read a file written by :meth:`save`; a damaged file raises a ValueError with its path."""
        try:
            text = Path(path).read_text(encoding="utf-8")
            check_json(text)
            return cls.from_json(text)
        except NOT_AS_EXPECTED as error:
            raise DamagedFileError(
                f"{path} is not a readable {cls.__name__}: {explained(error)}"
            ) from error

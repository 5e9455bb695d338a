"""Write TOML, which the standard library only reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["format_toml"]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    raise TypeError(f"TOML cannot represent {type(value).__name__}: {value!r}")


def format_toml(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """Format tables of plain values as TOML, without values that are None.

    Example:
        >>> print(format_toml({"training": {"epochs": 3, "seed": None, "betas": (0.9, 1.0)}}))
        [training]
        epochs = 3
        betas = [0.9, 1.0]
    """
    blocks = []
    for name, table in tables.items():
        lines = [f"{key} = {_value(item)}" for key, item in table.items() if item is not None]
        blocks.append("\n".join([f"[{name}]", *lines]))
    return "\n\n".join(blocks)

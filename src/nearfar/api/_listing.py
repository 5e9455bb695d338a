"""Lists of the available methods and datasets."""

from __future__ import annotations

import typing

from nearfar.api._method_listing import kinds_of, method_class, preset_names
from nearfar.data import named_sources

__all__ = ["list_data", "list_methods"]


def list_methods() -> list[dict[str, str]]:
    """Name, method, objective, views, modalities and paper of every preset."""
    rows = []
    for name in preset_names():
        kind = method_class(name)
        rows.append(
            {
                "name": name,
                "method": kind.__name__,
                "objective": typing.get_type_hints(kind)["objective"].__name__,
                "negatives": "yes" if kind.negatives else "no",
                "momentum": "yes" if kind.momentum else "no",
                "views": kind.sees,
                "for": ", ".join(kinds_of(name)) or "all",
                "paper": kind.paper,
            }
        )
    return rows


def list_data() -> list[dict[str, str]]:
    """Every named dataset, and where it is or how large its download is."""
    return named_sources()

"""Lists of the available methods and datasets, from the index."""

from __future__ import annotations

import typing

from nearfar._index import load_index
from nearfar.data.named._named_sources import named_sources

__all__ = ["described_methods", "list_data", "list_methods"]


def list_methods() -> list[dict[str, str]]:
    """Name, method, objective, views, modalities and paper of every preset."""
    found = load_index()["methods"].values()
    return [dict(known["row"]) for known in found if not known["alias_of"]]


def described_methods() -> list[dict[str, str]]:
    """The rows of :func:`list_methods` as the classes have them, for the index."""
    from nearfar.api._method_listing import kinds_of, method_class, preset_names

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

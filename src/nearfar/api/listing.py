"""What there is to choose from."""

from __future__ import annotations

import inspect

from nearfar import methods
from nearfar.api.recipe import preset_names
from nearfar.data import named_sources
from nearfar.methods import Method

__all__ = ["list_data", "list_methods"]


def list_methods() -> list[dict[str, str]]:
    """Every preset: its method, and what its class says of itself."""
    rows = []
    for name in preset_names():
        kind = inspect.signature(getattr(methods, name), eval_str=True).return_annotation
        assert issubclass(kind, Method)
        rows.append(
            {
                "name": name,
                "method": kind.__name__,
                "negatives": "yes" if kind.negatives else "no",
                "momentum copy": "yes" if kind.momentum else "no",
                "paper": kind.paper,
            }
        )
    return rows


def list_data() -> list[dict[str, str]]:
    """Every source that has a name, and whether it is here already."""
    return named_sources()

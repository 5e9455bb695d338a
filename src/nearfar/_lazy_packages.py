"""Packages that import a module of theirs when one of its names is first used."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pkgutil import get_data
from typing import Any

__all__ = ["imported_when_used"]


def imported_when_used(
    package: str, *, otherwise: Callable[[str], Any] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package whose imports are only for type checkers.

    The package's ``__init__`` imports its names below ``if TYPE_CHECKING:``, once, for readers,
    type checkers and this function, which reads from it which module has which name:

    .. code-block:: python

        if TYPE_CHECKING:
            from mypackage._one import one
        else:
            __getattr__, __dir__ = imported_when_used(__name__)

    Args:
        package: ``__name__`` of the package.
        otherwise: Another ``__getattr__``, for any other name.

    Example:
        >>> find, names = imported_when_used("nearfar.api")
        >>> find("list_data")()[0]["name"]
        'ag-news'
    """
    places = _places(package)

    def find(name: str) -> Any:
        if name in places:
            module, original = places[name]
            value = EntryPoint(name=name, value=f"{module}:{original}", group="").load()
            setattr(sys.modules[package], name, value)  # found without this function from now on
            return value
        if not name.startswith("__") and find_spec(f"{package}.{name}"):
            return EntryPoint(name=name, value=f"{package}.{name}", group="").load()
        if otherwise is not None:
            return otherwise(name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find, lambda: sorted(places)


def _places(package: str) -> dict[str, tuple[str, str]]:
    """Module and name there of each name that a package imports for type checkers."""
    source = get_data(package, "__init__.py") or b""
    return {
        alias.asname or alias.name: (node.module or "", alias.name)
        for block in ast.parse(source).body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

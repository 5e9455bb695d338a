"""Docstrings of public constants and types, which autodoc finds only where they are defined."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules


def public_modules(package: str = "nearfar") -> Iterator[str]:
    """A package and all modules below it whose names have no leading underscore."""
    yield package
    for found in iter_modules(import_module(package).__path__):
        name = f"{package}.{found.name}"
        if found.name.startswith("_") or name == "nearfar.bench":  # bench warns when imported
            continue
        if package == "nearfar.studies":  # its files are studies, which are found by name
            continue
        if found.ispkg:
            yield from public_modules(name)
        else:
            yield name


def constants(module: str) -> dict[str, str]:
    """The docstrings of constants and types in a module's `__all__`; empty where one has none."""
    members = {name: getattr(import_module(module), name) for name in names_of(module)}
    return {
        name: docstring(module, name)
        for name, value in members.items()
        if not (inspect.isroutine(value) or inspect.isclass(value) or inspect.ismodule(value))
    }


def listed_above(module: str) -> list[str]:
    """The names that the parent package lists too, and that have their pages there."""
    parent = module.rpartition(".")[0]
    above = names_of(parent) if parent.count(".") else []
    return [name for name in names_of(module) if name in above]


def names_of(module: str) -> list[str]:
    return list(getattr(import_module(module), "__all__", []))


def docstring(module: str, name: str) -> str:
    """The text below an assignment, in this module or in the one it is imported from."""
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    body = ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body
    for block in [node for node in body if isinstance(node, ast.If)]:  # `if TYPE_CHECKING:`
        body = [*body, *block.body]
    for statement, following in zip(body, [*body[1:], ast.Pass()], strict=True):
        for alias in statement.names if isinstance(statement, ast.ImportFrom) else ():
            if name == (alias.asname or alias.name):
                return docstring(str(statement.module), alias.name)
        if name in _assigned(statement) and isinstance(following, ast.Expr):
            value = getattr(following.value, "value", None)
            return inspect.cleandoc(value) if isinstance(value, str) else ""
    return ""


def _assigned(statement: ast.stmt) -> list[str]:
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]

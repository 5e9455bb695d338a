"""Modules of the package and what each of them imports, read from the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"
FILES = sorted(file.relative_to(SOURCE) for file in (SOURCE / "nearfar").rglob("*.py"))


def module_of(file: Path) -> str:
    """The dotted name of a file below `SOURCE`."""
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(file): file for file in FILES}


def read(file: Path) -> str:
    return (SOURCE / file).read_text(encoding="utf-8")


def imported(source: str, package: list[str], modules: Collection[str] = MODULES) -> set[str]:
    """What a file of `package` imports from nearfar, dotted, with the name after the module.

    Imports inside functions and for types alone count as well. `import_module` is followed where
    its argument is text; a formatted text stands for every module that it can name.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            found |= {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and _imports_by_name(node):
            found |= _named(node, modules)
    return {module for module in found if module.split(".")[0] == "nearfar"}


def _imports_by_name(call: ast.Call) -> bool:
    return ast.unparse(call.func).rpartition(".")[2] in ("import_module", "__import__")


def _named(call: ast.Call, modules: Collection[str]) -> set[str]:
    argument = call.args[0] if call.args else None
    if isinstance(argument, ast.Constant) and not str(argument.value).startswith("."):
        return {str(argument.value)}
    if isinstance(argument, ast.JoinedStr):
        parts = [
            re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"[\w.]+"
            for part in argument.values
        ]
        return {module for module in modules if re.fullmatch("".join(parts), module)}
    raise ValueError(f"line {call.lineno}: `{ast.unparse(call)}` hides what it imports")


def edges(sources: Mapping[str, tuple[str, list[str]]]) -> dict[str, set[str]]:
    """Of each module the modules that it imports; `sources` has text and package of each.

    A package is a module of its own, its `__init__`; that Python runs it on the way to every module
    inside is left out.
    """
    return {
        module: {
            name if name in sources else name.rpartition(".")[0]
            for name in imported(source, package, sources)
        }
        & sources.keys() - {module}
        for module, (source, package) in sources.items()
    }


def cycles(graph: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """Sets of modules that reach one another (the strongly connected components above one)."""
    reachable = {module: _reachable(graph, module) for module in graph}
    seen: set[str] = set()
    for module in sorted(graph):
        circle = {other for other in reachable[module] if module in reachable[other]}
        if len(circle) > 1 and module not in seen:
            seen |= circle
            yield sorted(circle)


def _reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for module in graph[waiting.pop()] - found:
            found.add(module)
            waiting.append(module)
    return found

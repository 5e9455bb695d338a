"""What is public: packages with a sorted `__all__`, and of single files two."""

from __future__ import annotations

import ast
from importlib import import_module
from types import ModuleType

import pytest

from tests.floors.modules import MODULES, read

SINGLE_FILES = {"nearfar.checks", "nearfar.version"}
PUBLIC = sorted(
    name for name in MODULES if not any(part.startswith("_") for part in name.split("."))
)
PACKAGES = sorted(name for name, file in MODULES.items() if file.name == "__init__.py")


def case_then_name(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def shadowing(package: str, exported: list[str], modules: set[str]) -> list[str]:
    """Names that stand for something else than the submodule of that name."""
    return [name for name in exported if f"{package}.{name}" in modules]


def test_a_file_inside_a_package_is_private() -> None:
    assert len(PACKAGES) > 20
    assert set(PUBLIC) == {*PACKAGES, *SINGLE_FILES}


def test_every_public_module_can_be_imported() -> None:
    found = [import_module(name) for name in PUBLIC]
    assert [module.__name__ for module in found] == PUBLIC


@pytest.mark.parametrize("name", PACKAGES)
def test_all_is_sorted_complete_and_importable(name: str) -> None:
    package = import_module(name)
    tree = ast.parse(read(MODULES[name]))
    bodies = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    imports = [
        node
        for statement in tree.body
        for node in ast.walk(statement)
        if isinstance(node, ast.ImportFrom) and not isinstance(statement, ast.FunctionDef)
    ]
    ours = [node for node in imports if (node.module or "").startswith(name)]
    names = {alias.asname or alias.name for node in ours for alias in node.names}
    names |= {node.name for node in bodies if not node.name.startswith("_")}
    assert names
    assert set(package.__all__) == names
    assert list(package.__all__) == sorted(names, key=case_then_name)
    assert [public for public in names if not hasattr(package, public)] == []


def test_an_exported_name_shadows_no_submodule() -> None:
    """`import nearfar.methods.simclr` must not find a function where a module was asked for."""
    for name in PACKAGES:
        package = import_module(name)
        assert shadowing(name, package.__all__, set(MODULES)) == []
    with pytest.raises(ModuleNotFoundError, match=r"nearfar\.methods\.simclr"):
        import_module("nearfar.methods.simclr")


def test_a_planted_shadow_is_caught() -> None:
    assert shadowing("nearfar.x", ["SimCLR", "simclr"], {"nearfar.x.simclr"}) == ["simclr"]


def test_a_module_that_is_exported_is_no_file_of_that_name() -> None:
    """A study is a module under a name of its own."""
    studies = import_module("nearfar.studies")
    found = [getattr(studies, name) for name in studies.__all__]
    assert found
    assert {type(module) for module in found} == {ModuleType}

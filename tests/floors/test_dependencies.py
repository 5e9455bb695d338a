"""What is imported is declared in pyproject.toml; what is declared is tested at its lower bound."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HARD: list[str] = PROJECT["dependencies"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
FOR_USERS = ("all", "bench", "lightning", "torchmetrics", "transformers")
IMPORTED_AS = {
    "pillow": "PIL",
    "pyyaml": "yaml",
    "scikit-dimension": "skdim",
    "scikit-learn": "sklearn",
}
NOT_DECLARED = {
    "triton": "torch brings it where it has kernels to compile",
    "inf_cl": "compared with by `nearfar bench` where a person installed it; no release to declare",
    "memeff": "the same",
}
PLACES = ("benchmarks", "docs", "scripts", "tests")
BY_NAME = ("import_module", "importorskip", "find_spec")
REQUIREMENT = re.compile(r"([\w.-]+)(?:\[([\w,-]+)\])?(.*)")


def names_of(requirements: list[str]) -> set[str]:
    """What requirements let one import, those of nearfar's own extras included."""
    names = set()
    for requirement in requirements:
        found = REQUIREMENT.match(requirement)
        assert found, requirement
        name, extras, _ = found.groups()
        if name == "nearfar":
            names |= names_of([one for extra in extras.split(",") for one in EXTRAS[extra]])
        else:
            names.add(IMPORTED_AS.get(name, name.replace("-", "_")))
    return names


def bounds(requirements: list[str]) -> dict[str, str]:
    """The lowest version of each requirement that has one."""
    found = (re.match(r"([\w.-]+)>=([\w.]+)", requirement) for requirement in requirements)
    return {match[1]: match[2] for match in found if match}


def imports(source: str) -> Iterator[tuple[str, bool]]:
    """Every package that a file imports, and whether it does when it is itself imported."""
    tree = ast.parse(source)
    at_once = set(tree.body)
    for node in ast.walk(tree):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules = [node.module or ""]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in BY_NAME:
            argument = node.args[0] if node.args else None
            if isinstance(argument, ast.Constant):
                modules = [str(argument.value)]
        for module in modules:
            package = module.split(".")[0]
            if package and package != "nearfar" and package not in sys.stdlib_module_names:
                yield package, node in at_once


def imported_in(folder: str) -> set[tuple[str, bool]]:
    """What the files of a folder import that this repository has not."""
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files, folder
    ours = [file for place in PLACES for file in (ROOT / place).rglob("*.py")]
    own = {file.stem for file in ours} | {file.parent.name for file in ours} | {*PLACES}
    every = {found for file in files for found in imports(file.read_text(encoding="utf-8"))}
    return {(package, at_once) for package, at_once in every if package not in own}


def test_the_package_imports_what_is_declared() -> None:
    declared = names_of(HARD) | names_of([one for name in FOR_USERS for one in EXTRAS[name]])
    found = {package for package, _ in imported_in("src")}
    assert "torch" in found
    assert found - declared - set(NOT_DECLARED) == set()


def test_what_is_imported_at_once_is_no_extra() -> None:
    at_once = {package for package, at_once in imported_in("src") if at_once}
    assert at_once - names_of(HARD) - set(NOT_DECLARED) == set()


def test_what_is_declared_for_users_is_imported_or_needed_by_what_is() -> None:
    needed = {"torchvision": "timm", "onnx": "onnxscript", "onnxruntime": "onnxscript"}
    imported = {package for package, _ in imported_in("src")}
    declared = names_of(HARD) | names_of(EXTRAS["all"])
    assert {name for name in declared - imported if needed.get(name) not in imported} == set()


def test_hard_dependencies_are_at_most_twelve() -> None:
    assert 1 <= len(HARD) <= 12


@pytest.mark.parametrize(
    ("folder", "extras"),
    [
        ("tests", ("test", "peers", "bench")),
        ("benchmarks", ("dev",)),
        ("docs", ("docs",)),
        ("scripts", ("dev",)),
    ],
)
def test_what_tests_and_tools_import_is_declared(folder: str, extras: tuple[str, ...]) -> None:
    declared = names_of(HARD) | names_of([one for name in extras for one in EXTRAS[name]])
    found = {package for package, _ in imported_in(folder)}
    assert found - declared - set(NOT_DECLARED) == set()


def test_the_oldest_versions_tested_are_the_oldest_declared() -> None:
    lines = (ROOT / "scripts" / "oldest.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    everything = HARD + [one for name in ("all", "test", "lint") for one in EXTRAS[name]]
    everything += [one for name in EXTRAS["all"][0][8:-1].split(",") for one in EXTRAS[name]]
    declared = {name: version for name, version in bounds(everything).items() if name != "ruff"}
    assert len(declared) > 20
    known = {name: release(pinned.get(name, "0")) for name in declared}
    assert known == {name: release(version) for name, version in declared.items()}


def release(version: str) -> tuple[int, ...]:
    """A version without the noughts at its end.

    >>> release("2.0.10"), release("11.0.0")
    ((2, 0, 10), (11,))
    """
    parts = [int(part) for part in re.findall(r"\d+", version)]
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import soxr", {("soxr", True)}),
        ("def f():\n    from a.b import c", {("a", False)}),
        ("import os, nearfar.data\nfrom . import x", set()),
        ("pytest.importorskip('kornia.augmentation')", {("kornia", False)}),
    ],
)
def test_imports_are_found(source: str, found: set[tuple[str, bool]]) -> None:
    assert set(imports(source)) == found

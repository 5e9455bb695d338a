"""Imports point down: from floors below your own, never from a neighbour."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
FILES = sorted(file.relative_to(SOURCE) for file in (SOURCE / "nearfar").rglob("*.py"))
FLOORS = [
    {"_docstrings", "_platform", "checks", "version"},
    {"inputs", "ops", "parallel", "records"},
    {"objectives", "modules", "views", "data"},
    {"methods", "modalities", "diagnostics", "probes", "theory"},
    {"training"},
    {"reports"},
    {"api"},
    {"studies"},  # they train as a user does
    {"nearfar"},  # the root, which hands out what `api` has
    {"speed"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(FLOORS) for name in names}


def folder(module: str) -> str:
    second = [*module.split("."), "nearfar"][1]
    return second if second in LEVEL else "nearfar"


def imported(source: str, package: list[str]) -> set[str]:
    """Modules of nearfar that a file imports: inside functions and for types alone as well."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            found |= {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            found |= {str(a.value) for a in node.args if isinstance(a, ast.Constant)}
    return {module for module in found if module.split(".")[0] == "nearfar"}


def forbidden(source: str, file: Path) -> set[str]:
    package = list(file.parts[:-1])
    here = folder(".".join(file.with_suffix("").parts))
    others = {module for module in imported(source, package) if folder(module) != here}
    upward = {module for module in others if LEVEL[folder(module)] >= LEVEL[here]}
    if here == "reports":  # draws records, knows nothing else
        upward |= {m for m in others if folder(m) not in ("records", *FLOORS[0])}
    if here == "training":  # knows the protocol, never a concrete method
        upward |= {
            m
            for m in others
            if m.startswith("nearfar.methods") and not m.startswith("nearfar.methods._method.")
        }
    return upward


@pytest.mark.parametrize("file", FILES, ids=str)
def test_imports_point_down(file: Path) -> None:
    assert not forbidden((SOURCE / file).read_text(encoding="utf-8"), file)


def test_every_folder_stands_on_a_floor() -> None:
    names = {file.parts[1].removesuffix(".py") for file in FILES} - {"__init__"}
    assert names <= set(LEVEL)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("objectives/x.py", "from nearfar.methods import SimCLR"),
        ("objectives/x.py", "import nearfar.methods._simclr"),
        ("objectives/x.py", "from ..methods import SimCLR"),
        ("objectives/x.py", "from .. import methods"),
        ("objectives/x.py", "def f():\n    from nearfar.training import fit"),
        ("objectives/x.py", "if TYPE_CHECKING:\n    from nearfar.training import fit"),
        ("objectives/x.py", "import_module('nearfar.api')"),
        ("objectives/x.py", "from nearfar.views import ImageViews"),
        ("objectives/x.py", "from nearfar import pretrain"),
        ("reports/x.py", "from nearfar.diagnostics import health"),
        ("training/x.py", "from nearfar.methods._simclr import SimCLR"),
        ("training/x.py", "from nearfar.methods import SimCLR"),
        ("api/x.py", "from nearfar.cli import main"),
        ("checks.py", "from nearfar.records import Record"),
    ],
)
def test_a_planted_upward_import_is_caught(file: str, line: str) -> None:
    assert forbidden(line, Path("nearfar", file))


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("objectives/x.py", "from nearfar.ops import log_mean_exp"),
        ("objectives/x.py", "from .objective import Objective"),
        ("training/x.py", "from nearfar.methods._method import Method"),
        ("reports/x.py", "from nearfar.records import RunRecord"),
        ("records/x.py", "from nearfar.version import __version__"),
        ("cli/x.py", "import nearfar\nimport torch"),
    ],
)
def test_a_downward_import_passes(file: str, line: str) -> None:
    assert not forbidden(line, Path("nearfar", file))

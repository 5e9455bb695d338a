"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "nearfar"
FILES = sorted(PACKAGE.rglob("*.py"))
PACKAGES = sorted(
    ".".join(file.parent.relative_to(PACKAGE.parent).parts)
    for file in FILES
    if file.name == "__init__.py" and file.parent != PACKAGE
)


def modules_loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('\\n' + ' '.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    return set(done.stdout.splitlines()[-1].split())


def case_then_name(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize("name", PACKAGES)
def test_all_is_sorted_complete_and_importable(name: str) -> None:
    package = import_module(name)
    tree = ast.parse(Path(str(package.__file__)).read_text(encoding="utf-8"))
    bodies = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    ours = [node for node in imports if (node.module or "").startswith(name)]
    names = {alias.asname or alias.name for node in ours for alias in node.names}
    names |= {node.name for node in bodies if not node.name.startswith("_")}
    assert set(package.__all__) == names
    assert list(package.__all__) == sorted(names, key=case_then_name)
    assert all(hasattr(package, public) for public in package.__all__)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_every_public_name_has_a_docstring(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    public = [n for n in tree.body if isinstance(n, kinds) and not n.name.startswith("_")]
    assert ast.get_docstring(tree), f"{file} has no docstring"
    assert [node.name for node in public if not ast.get_docstring(node)] == []


def test_no_file_is_longer_than_350_lines() -> None:
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in FILES}
    assert {str(file): length for file, length in lengths.items() if length > 350} == {}


def test_no_room_is_called_utils() -> None:
    nameless = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [str(f) for f in FILES if nameless & {*f.parent.parts, f.stem}] == []


def test_importing_nearfar_loads_nothing_heavy() -> None:
    heavy = {"torch", "torchvision", "timm", "sklearn", "PIL", "plotly", "lightning_fabric"}
    assert not heavy & modules_loaded_by("import nearfar")


def test_help_of_the_command_line_does_not_load_torch() -> None:
    loaded = modules_loaded_by("from nearfar.cli import main; main(['--help'])")
    assert "cyclopts" in loaded
    assert not {"torch", "numpy", "plotly", "sklearn"} & loaded

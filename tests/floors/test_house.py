"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.distributed.harness import run_processes
from tests.floors.modules import FILES, read


def modules_loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('\\n' + ' '.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    return set(done.stdout.splitlines()[-1].split())


def is_overload(node: ast.AST) -> bool:
    """A signature of the function that follows, which has the docstring."""
    return any(ast.unparse(d) == "overload" for d in getattr(node, "decorator_list", []))


def without_docstring(source: str) -> list[str]:
    """The file itself and its public functions and classes that say nothing of themselves."""
    tree = ast.parse(source)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    public = [n for n in tree.body if isinstance(n, kinds) and not n.name.startswith("_")]
    silent = [n.name for n in public if not ast.get_docstring(n) and not is_overload(n)]
    return silent if ast.get_docstring(tree) else ["the file", *silent]


def test_every_public_name_has_a_docstring() -> None:
    assert len(FILES) > 300
    found = {str(file): without_docstring(read(file)) for file in FILES}
    assert {file: silent for file, silent in found.items() if silent} == {}


@pytest.mark.parametrize(
    ("source", "silent"),
    [
        ('"""A file."""\ndef f():\n    """Does."""\ndef _g(): ...', []),
        ('def f():\n    """Does."""', ["the file"]),
        ('"""A file."""\ndef f(): ...\nclass C: ...\nasync def g(): ...', ["f", "C", "g"]),
        ("", ["the file"]),
    ],
)
def test_a_planted_silence_is_caught(source: str, silent: list[str]) -> None:
    assert without_docstring(source) == silent


def test_no_file_is_longer_than_350_lines() -> None:
    lengths = {str(file): len(read(file).splitlines()) for file in FILES}
    assert max(lengths.values()) > 200
    assert {file: length for file, length in lengths.items() if length > 350} == {}


def test_no_room_is_called_utils() -> None:
    nameless = {"utils", "util", "helpers", "helper", "common", "misc"}
    words = {str(file): {*file.parts[:-1], file.stem.strip("_")} for file in FILES}
    assert "objectives" in {word for found in words.values() for word in found}
    assert [file for file, found in words.items() if nameless & found] == []


def names_in_several_rooms(files: Iterable[Path]) -> dict[str, list[str]]:
    """File names that two rooms use, except a paper's method with its objective."""
    rooms: dict[str, list[str]] = {}
    for file in files:
        if file.name != "__init__.py":
            rooms.setdefault(file.name, []).append(file.parent.name)
    paper = ["methods", "objectives"]
    return {name: found for name, found in rooms.items() if len(found) > 1 and found != paper}


def test_a_file_name_says_its_room() -> None:
    assert names_in_several_rooms(FILES) == {}


def test_a_planted_repetition_is_caught() -> None:
    files = ["data/_pairs.py", "methods/_cpc.py", "objectives/_cpc.py", "ops/_pairs.py"]
    assert names_in_several_rooms(map(Path, files)) == {"_pairs.py": ["data", "ops"]}


def test_importing_nearfar_loads_nothing_heavy() -> None:
    heavy = {"torch", "torchvision", "timm", "sklearn", "PIL", "plotly", "lightning_fabric"}
    loaded = modules_loaded_by("import nearfar")
    assert "nearfar" in loaded
    assert not heavy & loaded


def test_help_of_the_command_line_does_not_load_torch() -> None:
    loaded = modules_loaded_by("from nearfar.cli import main; main(['--help'])")
    assert "cyclopts" in loaded
    assert not {"torch", "numpy", "plotly", "sklearn"} & loaded


def scikit_learn_is_loaded() -> tuple[bool, bool]:
    import nearfar

    assert nearfar.pretrain
    before = "sklearn" in sys.modules
    assert nearfar.SelfSupervisedEncoder
    return before, "sklearn" in sys.modules


def test_scikit_learn_is_imported_when_the_estimator_is_asked_for() -> None:
    assert run_processes(scikit_learn_is_loaded, 1) == [(False, True)]

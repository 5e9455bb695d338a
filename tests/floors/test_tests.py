"""Tests that can fail: what they check is there, and a refusal is the one that was meant."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
FILES = sorted(TESTS.rglob("*.py"))


def weak(source: str) -> list[str]:
    """Assertions that hold where there is nothing, and refusals that any error would pass."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assert):
            text = ast.unparse(node.test)
            if text.startswith(("all(", "not any(")):
                found.append(f"line {node.lineno}: write `every`: {text}")
        elif isinstance(node, ast.With):
            for item in node.items:
                call = item.context_expr
                if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.raises"):
                    continue
                kept = item.optional_vars is not None
                if not kept and not any(keyword.arg == "match" for keyword in call.keywords):
                    found.append(f"line {node.lineno}: no `match`: {ast.unparse(call)}")
    return found


def test_tests_can_fail() -> None:
    assert len(FILES) > 200
    found = {str(file.relative_to(TESTS)): weak(file.read_text(encoding="utf-8")) for file in FILES}
    assert {file: lines for file, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line",
    [
        "assert all(x > 0 for x in found)",
        "assert not any(x > 0 for x in found)",
        "def f():\n    assert all(found), 'why'",
        "with pytest.raises(ValueError): f()",
        "with a, pytest.raises((ValueError, TypeError)): f()",
    ],
)
def test_a_planted_weakness_is_caught(line: str) -> None:
    assert len(weak(line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "assert every(x > 0 for x in found)",
        "assert any(x > 0 for x in found)",
        "assert (x > 0).all()",
        "with pytest.raises(ValueError, match='`x`'): f()",
        "with pytest.raises(ValueError) as error: f()",
        "with open(path): f()",
    ],
)
def test_what_can_fail_passes(line: str) -> None:
    assert weak(line) == []

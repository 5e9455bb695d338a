"""Every code block of README and docs runs as printed."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docs.output import assert_shows
from docs.pages import PAGES, Block, blocks_of, name_of
from docs.python import run_python
from docs.shell import Shell, commands_in
from tests.slow import mostly_slow

PYTHON = ("python", "pycon")
SHELL = ("sh", "console")
# pages that a script writes: what is on them is compared with its source by another test
WRITTEN = {
    "docs/methods/": "tests/contract/test_method_pages.py",
    "docs/results/": "tests/studies/test_results.py",
}
CATALOG = "docs/methods/"  # one line after the other for every method and published setting
SLOW = [
    page
    for page in PAGES
    if name_of(page).startswith(CATALOG) or any("slow" in block.marks for block in blocks_of(page))
]

FIRST = [page for page in SLOW if name_of(page) in ("README.md", "docs/guides/quick-start.md")]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_of_a_page_has_a_rule(page: Path) -> None:
    ruled = [rule_of(block) for block in blocks_of(page)]
    assert None not in ruled, blocks_of(page)[ruled.index(None)].place


# all blocks of the first pages run among the slow tests
@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks_of(page) and page not in FIRST], ids=name_of
)
@pytest.mark.usefixtures("workplace")
def test_the_blocks_of_a_page_run_as_printed(page: Path, shell: Shell) -> None:
    run(page, shell, slow=False)


@pytest.mark.parametrize("page", mostly_slow(SLOW, slow=FIRST), ids=name_of)
@pytest.mark.usefixtures("workplace", "forked_processes")
def test_the_slow_blocks_of_a_page_run_as_printed(page: Path, shell: Shell) -> None:
    run(page, shell, slow=True)


def run(page: Path, shell: Shell, *, slow: bool) -> None:
    """All blocks of a page in their order, in one namespace."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    printed = ""
    for block in blocks_of(page):
        rule = rule_of(block)
        assert rule is not None, block.place
        if name_of(block.page).startswith(CATALOG) and block.language in SHELL:
            ask(block, shell, slow=slow)
        elif slow or "slow" not in block.marks:
            printed = rule(block, namespace, shell, printed)


def ask(block: Block, shell: Shell, *, slow: bool) -> None:
    """The alternatives of a method's page: trained in the slow tests, else their help is asked."""
    for command in commands_in(block.text):
        shutil.rmtree("runs", ignore_errors=True)
        shell.run(command, ask_only=not slow)


Rule = Callable[[Block, dict[str, Any], Shell, str], str]


def rule_of(block: Block) -> Rule | None:
    """What is done with a block: it takes what the one before printed, and gives what it prints."""
    page = name_of(block.page)
    if "skip" in block.marks:
        return _leave if block.marks["skip"] else None
    if "output" in block.marks:
        return _compare
    if "file" in block.marks:
        return _write if block.marks["file"] else None
    if block.language in SHELL:
        return _type
    if any(page.startswith(folder) for folder in WRITTEN):
        return _leave
    return _run if block.language in PYTHON else _parse if block.language == "toml" else None


def _leave(block: Block, namespace: dict[str, Any], shell: Shell, printed: str) -> str:
    return ""


def _compare(block: Block, namespace: dict[str, Any], shell: Shell, printed: str) -> str:
    assert_shows(block.text, printed, place=block.place)
    return ""


def _write(block: Block, namespace: dict[str, Any], shell: Shell, printed: str) -> str:
    """A module that the blocks below import."""
    Path(block.marks["file"]).write_text(block.text, encoding="utf-8")
    return ""


def _type(block: Block, namespace: dict[str, Any], shell: Shell, printed: str) -> str:
    return "".join(shell.run(command) for command in commands_in(block.text))


def _run(block: Block, namespace: dict[str, Any], shell: Shell, printed: str) -> str:
    shell.provide(re.findall(r"runs/[\w-]+", block.text))
    return run_python(block, namespace)


def _parse(block: Block, namespace: dict[str, Any], shell: Shell, printed: str) -> str:
    """A recipe: it trains, for an epoch. What else is TOML need only be that."""
    if "data" not in tomllib.loads(block.text):
        return ""
    Path("recipe.toml").write_text(block.text, encoding="utf-8")
    return shell.run("nearfar train --recipe recipe.toml")

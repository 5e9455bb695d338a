"""What the documents tell a user to type is understood."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from nearfar.cli import COMMANDS, app
from nearfar.cli._train import _kind
from nearfar.cli._train_flags import parser

HOUSE = Path(__file__).parents[2]
PAGES = [HOUSE / "README.md", *sorted((HOUSE / "docs").rglob("*.md"))]


def typed(page: Path) -> list[list[str]]:
    """Lines of shell blocks that call nearfar, without their comments and placeholders."""
    lines = page.read_text(encoding="utf-8").splitlines()
    last = [line.rpartition("&& ")[2].removeprefix(".venv/bin/") for line in lines]
    calls = [line.removeprefix("nearfar ") for line in last if line.startswith("nearfar ")]
    words = [shlex.split(call, comments=True) for call in calls]
    return [line for line in words if line[0] in COMMANDS and not any(w.isupper() for w in line)]


@pytest.mark.parametrize("page", [page for page in PAGES if typed(page)], ids=lambda p: p.name)
def test_commands_in_the_documents_are_understood(page: Path) -> None:
    for name, *words in typed(page):
        if name != "train":
            app.parse_args([name, *words], exit_on_error=False, print_error=False)
            continue
        method, flags = (words[0], words[1:]) if words[0][0] != "-" else ("simclr", words)
        kind = _kind(method, tuple(flags), {})
        command = parser(method, {}, kind=kind, call=lambda **said: None)
        command.parse_args(flags, exit_on_error=False, print_error=False)


def test_the_first_command_of_the_readme_installs_and_trains() -> None:
    assert ["train", "simclr", "--data", "digits"] in typed(HOUSE / "README.md")

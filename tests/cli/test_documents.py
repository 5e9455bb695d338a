"""What the documents tell a user to type is understood."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from nearfar.cli import app
from nearfar.cli.train_flags import parser

HOUSE = Path(__file__).parents[2]
PAGES = [HOUSE / "README.md", *sorted((HOUSE / "docs").rglob("*.md"))]


def typed(page: Path) -> list[list[str]]:
    """Lines of shell blocks that call nearfar, without their comments and placeholders."""
    lines = page.read_text(encoding="utf-8").splitlines()
    calls = [line.partition("&& .venv/bin/nearfar ")[2] or line for line in lines]
    calls = [c.removeprefix(".venv/bin/").removeprefix("nearfar ") for c in calls if "nearfar" in c]
    words = [shlex.split(c, comments=True) for c in calls if c.split()[0] in [*app]]
    return [line for line in words if not any(word.isupper() for word in line)]


@pytest.mark.parametrize("page", [page for page in PAGES if typed(page)], ids=lambda p: p.name)
def test_commands_in_the_documents_are_understood(page: Path) -> None:
    for words in typed(page):
        if words[0] == "train":
            named = not words[1].startswith("-")
            command = parser(words[1] if named else "simclr", {}, call=lambda **said: None)
            words = words[2:] if named else words[1:]
        else:
            command = app
        command.parse_args(words, exit_on_error=False, print_error=False)


def test_the_first_command_of_the_readme_installs_and_trains() -> None:
    assert ["train", "simclr", "--data", "digits"] in typed(HOUSE / "README.md")

"""Commands read the same whether pydantic is imported or not: cyclopts then checks defaults too."""

from __future__ import annotations

import subprocess
import sys

import pytest

COMMANDS = (
    "embed",
    "embed --data digits",
    "compare",
    "outliers",
    "study show",
    "train simclr",
    "train simclr --data digits --epochs 0 --batch-size x",
    "train simclr --data digits --help",
    "train --recipe missing.toml --out again",
    "sweep simclr --data digits",
)
PROGRAM = (
    "from nearfar.cli import main\n"
    "for command in {commands!r}:\n"
    "    print('$', command, flush=True)\n"
    "    print(main(command.split()), flush=True)\n"
)


def printed(before: str) -> str:
    code = before + PROGRAM.format(commands=COMMANDS)
    return subprocess.run(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    ).stdout


@pytest.mark.slow  # imports everything twice
def test_pydantic_changes_no_command() -> None:
    found = printed("")
    assert "missing.toml" in found
    assert "`--data` must be given" in found
    assert found == printed("import pydantic\n")

"""The Markdown pages of the project, and the fenced blocks on them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["PAGES", "ROOT", "Block", "blocks_of", "name_of"]

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(
        page
        for page in sorted((ROOT / "docs").rglob("*.md"))
        if not {"generated", "_build"} & set(page.relative_to(ROOT).parts)
    ),
]
FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,})(?P<language>[^`]*)$")
MARK = re.compile(r"^ *<!-- test: (?P<word>\w+) *(?P<rest>.*?) *-->$")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, its language, its text, the marks above it.

    Marks are HTML comments, which no reader sees: ``<!-- test: skip why -->`` leaves a block out,
    ``<!-- test: slow why -->`` runs it among the slow tests only, ``<!-- test: output -->`` says
    that it shows what the block before it prints.
    """

    page: Path
    line: int
    language: str
    text: str
    marks: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """For messages."""
        return f"{name_of(self.page)}:{self.line}"


def name_of(page: Path) -> str:
    """A page's path below the project's folder."""
    return page.relative_to(ROOT).as_posix()


def blocks_of(page: Path) -> list[Block]:
    """All fenced blocks of a page, Sphinx's directives left out."""
    found: list[Block] = []
    marks: dict[str, str] = {}
    opened: re.Match[str] | None = None
    begun, text = 0, []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if opened is not None:
            if line.strip() == opened["ticks"]:
                language = opened["language"].strip()
                if not language.startswith("{"):
                    found.append(Block(page, begun, language, "".join(text), marks))
                opened, marks = None, {}
            else:
                text.append(f"{line.removeprefix(opened['indent'])}\n")
        elif match := FENCE.match(line):
            opened, begun, text = match, number, []
        elif mark := MARK.match(line):
            marks = {**marks, mark["word"]: mark["rest"]}
        elif line.strip():
            marks = {}
    assert opened is None, f"{name_of(page)}:{begun}: the block is never closed"
    return found

"""The worst of the mannerisms that STYLE.md lists stay out of the rooms that have been revised."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

REVISED = (
    ".github",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "STYLE.md",
    "benchmarks",
    "docs/concepts.md",
    "docs/decisions",
    "docs/full-check.md",
    "docs/glossary.md",
    "docs/guides",
    "docs/index.md",
    "docs/methods",
    "docs/reference",
    "docs/reproducibility.md",
    "docs/run-directory.md",
    "docs/same-name-different-numbers.md",
    "docs/structure.md",
    "docs/testing.md",
    "docs/theory",
    "scripts",
    "src/nearfar",
)
"""Files and folders without any of :data:`MANNERISMS`; a revised room joins the list."""

QUOTED = {"STYLE.md": "| ", "expected_differences.toml": '"'}
"""Beginnings of lines that quote mannerisms: the table of words; captions of earlier commits."""

EACH = "sample|text|view|node|class|image|epoch|second|row|line|step|update|kind|side"
COUNTED = "row|number|label|word|value|line|column|tensor|vector|update|file|class|encoder"
MANNERISMS = {
    r"\bfore(?:tell|told|see|saw|sight)\w*": "predict",
    r"\blikewise\b": "repeat the noun",
    r"\banew\b|\bafresh\b": "again, re-",
    r"\bstrangers?\b": "other samples, negatives",
    r"\bwhat is (?:not )?(?:said|told|kept|seen|known of)\b": "name the thing",
    r"(?<![.\"])\bbeside\b": "with, next to, in addition to",
    r"\bknown worlds?\b": "reference values",
    r"\bacquits?\b": "rule out",
    r"\btold (?:apart|from)\b|\btell(?:s|ing)? (?:\w+ ){1,4}(?:apart|from)\b": "distinguish",
    r"\bpasses for\b|\bfooled\b": "adversarial loss",
    r"\bin so many words\b|\bno other word\b": "explicitly, no other value",
    r"\bworth its dimensions\b|\bsays? nothing\b": "informative, vacuous",
    r"\bcannot be told\b": "is indistinguishable",
    r"\b(?:is|was|as|not) (?:said|told)\b": "given, specified",
    r"\b(?:held|stands?) still\b|\ba slow copy\b": "frozen, momentum encoder",
    r"\bpass(?:es)? over the data\b": "epoch",
    r"\bof fitting\b|\bwhat it was made for\b": "matching, original setting",
    rf"\b(?:{COUNTED})s? an? (?:{EACH})\b": "per, as in one row per sample",
    r"\bshared? out\b": "assign equally",
    r"\bchance line\b": "chance level, loss at chance",
    r"\bany length but zero\b|\bof fitting shapes\b": "non-zero, matching shapes",
    r"\bread(?:s|ing)? (?:about )?[−-]?\d": "is, has",
}


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """The prose of a file with its line numbers: all of a page, strings and comments of code."""
    if path.suffix != ".py":
        lines = enumerate(path.read_text("utf-8").splitlines(), 1)
        quoted = QUOTED.get(path.name, "\n")
        yield from ((i, line) for i, line in lines if not line.startswith(quoted))
        return
    skipped = {tokenize.OP, tokenize.NAME, tokenize.NUMBER}
    for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
        if token.type not in skipped and token.string.strip():
            yield from enumerate(token.string.splitlines(), token.start[0])


def files(place: str) -> list[Path]:
    path = ROOT / place
    if path.is_file():
        return [path]
    suffixes = {".cff", ".md", ".py", ".toml", ".txt", ".yml", ""}
    return sorted(file for file in path.rglob("*") if file.is_file() and file.suffix in suffixes)


@pytest.mark.parametrize("place", REVISED)
def test_a_revised_room_has_none_of_the_listed_mannerisms(place: str) -> None:
    assert files(place)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match.group()!r}, rather: {rather}"
        for path in files(place)
        for number, line in texts(path)
        for pattern, rather in MANNERISMS.items()
        for match in re.finditer(pattern, line, re.IGNORECASE)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "The encoding that each context foretells.",
        "contrast: Likewise.",
        "Views are no closer than strangers.",
        "A matrix with one row a sample.",
        "Samples are told from others.",
        "What is not said is chosen for the data.",
        "A collapsed encoder reads 0.5 here.",
        "The loss beside its value at chance.",
        "An option takes no other word.",
        "The rate is said by the file.",
        "A target that is held still.",
    ],
)
def test_the_patterns_find_what_they_are_for(line: str) -> None:
    assert any(re.search(pattern, line, re.IGNORECASE) for pattern in MANNERISMS)

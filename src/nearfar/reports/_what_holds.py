"""The page of all claims of all studies: what holds, what does not, and what is undecided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from nearfar._signs import counted
from nearfar.records import ClaimRecord, StudyRecord, write_text

__all__ = ["render_what_holds", "write_what_holds"]

_NAME = "what-holds.md"
_WORDS = ("held", "not held", "undecided")


def write_what_holds(folder: Path) -> Path:
    """Write ``what-holds.md``, from all studies' records in a folder; return its path.

    Records of the smoke budget are left out, as their claims mean nothing.
    """
    records = {}
    for path in sorted(folder.glob("*.json")):
        try:
            records[path.stem] = StudyRecord.load(path)
        except (ValueError, TypeError):  # another JSON file
            continue
    page = folder / _NAME
    write_text(page, render_what_holds(records))
    return page


def render_what_holds(records: Mapping[str, StudyRecord]) -> str:
    """The page as Markdown.

    Args:
        records: Each study's record by the name of its page.
    """
    records = {name: record for name, record in records.items() if record.budget != "smoke"}
    claims = [claim for record in records.values() for claim in record.claims]
    counts = Counter(claim.verdict for claim in claims)
    shown = ", ".join(f"{counts[word]} {word}" for word in _WORDS)
    parts = [
        "# What holds",
        "Claims of the literature, tested by the studies of `nearfar study`. This page is written"
        " from their records; it is not edited by hand.",
        f"{counted(len(claims), 'claim')}: {shown}.",
    ]
    for name, record in sorted(records.items(), key=lambda pair: _place(pair[1], pair[0])):
        parts.append(f"## {_plain(record.title)}")
        about = f"{', '.join(record.ids)}: {_plain(record.source)}. " if record.source else ""
        budget = f", budget `{record.budget}`" if record.budget else ""
        parts.append(f"{about}[Page]({name}.md){budget}.")
        parts.append(_table(record))
    return "\n\n".join(parts) + "\n"


def _place(record: StudyRecord, name: str) -> tuple[bool, list[tuple[str, int]], str]:
    """Order of the sections: by the first number of a claim."""
    ids = [(text[:1], int(text[1:])) for text in record.ids if text[1:].isdecimal()]
    return not ids, ids, name


def _table(record: StudyRecord) -> str:
    if not record.claims:
        return "No claims."
    rows = [_row(claim) for claim in record.claims]
    return "\n".join(["| claim | | effect |", "|---|---|---|", *rows])


def _row(claim: ClaimRecord) -> str:
    outcome = f"**{claim.verdict}**{claim.outcome.removeprefix(claim.verdict)}"
    effect = claim.effect_text or claim.evidence
    published = f" (paper: {claim.published})" if claim.published else ""
    return f"| {_plain(claim.text)} | {outcome} | {_plain(effect + published)} |"


def _plain(text: str) -> str:
    """Text for a cell of a table."""
    line = " ".join(text.split())
    return line.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")

"""Make files of every format, read them with nearfar and with the format's own library, compare.

``python scripts/what_is_read.py`` prints the tables as Markdown, and exits with 1 if a cell is
wrong; ``--write`` replaces those of docs/what-is-read.md; ``--only images`` makes one table.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import reading_arrays
import reading_arrays_of_images
import reading_graphs
import reading_images
import reading_sounds
import reading_tables
from reading_case import Case, Outcome

MODULES = (
    reading_images,
    reading_arrays_of_images,
    reading_sounds,
    reading_tables,
    reading_arrays,
    reading_graphs,
)
"""Each has `cases()`, a list of the cells of one or more tables."""

PAGE = Path(__file__).parents[1] / "docs" / "what-is-read.md"
START, END = "<!-- made by scripts/what_is_read.py -->", "<!-- end -->"


def outcome(case: Case) -> Outcome:
    """Run a case; an error is a wrong cell."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return case.run(Path(folder))
        except Exception as error:
            text = str(error).splitlines()[0] if str(error) else ""
            return Outcome(False, f"{type(error).__name__}: {text}")


def tables(cases: Sequence[Case], outcomes: Sequence[Outcome]) -> str:
    """One Markdown table for each kind: a row per format and content, a column per road."""
    parts = []
    for kind in dict.fromkeys(case.kind for case in cases):
        cells = {
            (case.format, case.content, case.road): result
            for case, result in zip(cases, outcomes, strict=True)
            if case.kind == kind
        }
        roads = list(dict.fromkeys(road for _, _, road in cells))
        rows = list(dict.fromkeys((form, content) for form, content, _ in cells))
        lines = [
            f"## {kind}",
            "",
            f"| format | content | {' | '.join(roads)} |",
            "|---" * (2 + len(roads)) + "|",
        ]
        for form, content in rows:
            shown = [cells.get((form, content, road)) for road in roads]
            texts = [_cell(result) for result in shown]
            lines.append(f"| {form} | {content} | {' | '.join(texts)} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _cell(result: Outcome | None) -> str:
    if result is None:
        return "–"
    return result.shown if result.right else f"**wrong**: {result.shown}"


def write(page: Path, made: str) -> None:
    """Replace the tables of the page."""
    text = page.read_text()
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{START}\n\n{made}\n\n{END}{after}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="kind of data, such as images")
    parser.add_argument("--write", action="store_true", help=f"write to {PAGE.name}")
    given = parser.parse_args(arguments)
    cases = [case for module in MODULES for case in module.cases()]
    if given.only:
        cases = [case for case in cases if case.kind.lower() == given.only.lower()]
    outcomes = [outcome(case) for case in cases]
    made = tables(cases, outcomes)
    if given.write:
        write(PAGE, made)
    else:
        print(made)
    wrong = [(case, o) for case, o in zip(cases, outcomes, strict=True) if not o.right]
    for case, result in wrong:
        place = f"{case.kind}, {case.format}, {case.content}, {case.road}"
        print(f"wrong: {place}: {result.shown}", file=sys.stderr)
    return 1 if wrong or not cases else 0


if __name__ == "__main__":
    sys.exit(main())

"""Output of ``nearfar study``: lists of studies, tables and claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nearfar.cli._console import print_line
from nearfar.cli._terminal_tables import print_rows
from nearfar.records import StudyRecord

__all__ = ["print_list", "print_study", "print_summary"]

_STYLES = {True: "green", False: "red", None: ""}


def print_list(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the studies as a table."""
    print_rows(
        [
            {
                "study": row["name"],
                "ids": ", ".join(row["ids"]),
                "asks": row["question"],
                "CPU minutes": ", ".join(
                    f"{name} {'?' if minutes is None else f'{minutes:g}'}"
                    for name, minutes in row["cpu_minutes"].items()
                    if name != "smoke"
                ),
                "page": row["state"],
            }
            for row in rows
        ],
        whole=("study",),
    )


def print_study(record: StudyRecord) -> None:
    """Print the table, the failures, and each claim with its verdict."""
    from nearfar.reports import study_cell

    rows = [
        {"": row.name} | {column.title: study_cell(row, column) for column in record.columns}
        for row in record.rows
    ]
    print_rows(rows, title=record.title)
    for row in record.rows:
        for why in row.failures:
            print_line("failed", f"{row.name}, {why}", style="red")
    for claim in record.claims:
        shown = "; ".join(filter(None, [claim.effect_text, claim.evidence]))
        evidence = f"  [{shown}]" if shown else ""
        print_line(claim.outcome, f"{claim.text}{evidence}", style=_STYLES[claim.holds])


def print_summary(records: Sequence[StudyRecord]) -> None:
    """Print the number of verdicts of each study, and its failures."""
    words = ("held", "not held", "undecided")
    rows = [
        {"study": record.name}
        | {word: sum(claim.verdict == word for claim in record.claims) for word in words}
        | {"failed": sum(len(row.failures) for row in record.rows)}
        for record in records
    ]
    print_rows(rows, whole=("study",))

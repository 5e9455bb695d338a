"""A study's record as Markdown: table, claims, notes."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

from nearfar._signs import counted
from nearfar.records import Column, StudyRecord, StudyRow, write_text
from nearfar.reports._formatting import memory, number
from nearfar.reports._study_figure import render_study_figure
from nearfar.reports._study_lines import render_study_lines

__all__ = ["render_study", "study_cell", "write_study"]

_WIDEST = 8
"""Columns that fit next to the rows' names on a page of 1,280 pixels."""


def write_study(record: StudyRecord, folder: Path) -> Path:
    """Write ``STUDY-BUDGET.json``, ``.svg`` and ``.md`` into a folder; return the ``.md`` path.

    A study without a figure and without a column in percent has no ``.svg``.
    """
    page = folder / f"{record.name}.md"
    record.save(page.with_suffix(".json"))
    drawing = _drawing(record)
    if not drawing:
        write_text(page, render_study(record))
        return page
    write_text(page.with_suffix(".svg"), drawing)
    write_text(page, render_study(record, figure=page.with_suffix(".svg").name))
    return page


def render_study(record: StudyRecord, *, figure: str = "") -> str:
    """The page of a study.

    Args:
        record: Record of the study.
        figure: File name of its figure, in the folder of the page; none if empty.
    """
    parts = [f"# {record.title}", record.claim, *_of_source(record), *_written_by(record)]
    if figure:
        parts.append(f"![{_alt(record)}]({figure})")
    parts += [*_tables(record), _legend(record)]
    if any(row.failures for row in record.rows):
        failed = [f"* {row.name}, {why}" for row in record.rows for why in row.failures]
        parts += ["## Failed", _lines(failed)]
    parts += ["## Claims", _claims(record), "## Setting"]
    parts.append(_lines([f"* {name}: {words}" for name, words in record.setting.items()]))
    if record.changes:
        changes = [f"* {_plain(change)}" for change in record.changes]
        parts += ["## Differences from the source", _lines(changes)]
    if record.notes:
        parts += ["## Notes", _lines([f"* {_plain(note)}" for note in record.notes])]
    return "\n\n".join(parts) + "\n"


def study_cell(row: StudyRow, column: Column) -> str:
    """A table cell: mean and spread, or words with their counts."""
    if column.kind == "words":
        words = Counter(row.words.get(column.key, ()))
        if len(words) == 1:
            return next(iter(words))
        return ", ".join(f"{word} ×{times}" for word, times in words.items()) or "–"
    mean, spread = row.mean(column.key), row.spread(column.key)
    if mean is None or math.isnan(mean):
        return "–"
    if column.kind == "percent":
        return f"{100 * mean:.1f}" + (f" ± {100 * spread:.1f}" if spread is not None else "")
    if column.kind == "seconds":
        return f"{mean:,.0f}"
    if column.kind == "bytes":
        return memory(int(mean))
    return number(mean)


def _drawing(record: StudyRecord) -> str:
    """The figure as SVG; empty if there is nothing to draw."""
    if record.figure is not None:
        return render_study_lines(record.figure)
    if any(column.kind == "percent" for column in record.columns):
        return render_study_figure(record)
    return ""


def _of_source(record: StudyRecord) -> list[str]:
    """The claims' numbers, the paper, the budget and the cost."""
    if not record.source:
        return []
    facts = [f"{', '.join(record.ids)}: {record.source}"]
    if record.budget:
        facts.append(f"Budget `{record.budget}`")
    if record.cpu_seconds is not None and record.cells:
        minutes = record.cpu_seconds / 60
        cost = f"{minutes:,.0f} CPU minutes" if minutes >= 9.5 else f"{minutes:.1f} CPU minutes"
        facts.append(f"{counted(record.cells, 'cell')}, {cost}")
    return [". ".join([facts[0], ", ".join(facts[1:])]).strip(". ") + "."]


def _written_by(record: StudyRecord) -> list[str]:
    made = record.provenance
    commit = f", commit {made.commit}" if made.commit else ""
    return [
        f"```\n{record.command}\n```",
        f"Written by this command on {made.date[:10]} with nearfar {made.nearfar}{commit},"
        f" PyTorch {made.torch}, Python {made.python}, on {made.device},"
        f" {counted(made.cores, 'core')}. It is not edited by hand.",
    ]


def _tables(record: StudyRecord) -> list[str]:
    """The table, or two if it is wide: results with their cost, then all other measurements."""
    if len(record.columns) <= _WIDEST:
        return [_table(record, record.columns)]
    measured = tuple(column for column in record.columns if column.kind == "number")
    others = tuple(column for column in record.columns if column.kind != "number")
    tables = [_table(record, columns) for columns in (others, measured) if columns]
    return [tables[0], *(f"Label-free measurements:\n\n{table}" for table in tables[1:])]


def _table(record: StudyRecord, columns: tuple[Column, ...]) -> str:
    numeric = ["left" if c.kind == "words" else "right" for c in columns]
    lines = [
        "| " + " | ".join(["", *(_barred(column.title) for column in columns)]) + " |",
        "|---|" + "".join("---|" if side == "left" else "---:|" for side in numeric),
    ]
    for row in record.rows:
        name = _barred(f"*{row.name}*" if row.baseline else f"`{row.name}`")
        done = max((len(values) for values in row.values.values()), default=0)
        if row.failures and not done:
            cells = ["failed", *([""] * (len(columns) - 1))]
        elif not done:
            cells = ["not computed", *([""] * (len(columns) - 1))]
        else:
            cells = [study_cell(row, column) for column in columns]
            if done < row.seeds:
                name += f" ({done} of {row.seeds} seeds)"
        lines.append("| " + " | ".join([name, *(_plain(cell) for cell in cells)]) + " |")
    return "\n".join(lines)


def _legend(record: StudyRecord) -> str:
    meanings = [f"{column.title}: {column.meaning}" for column in record.columns if column.meaning]
    percent = any(column.kind == "percent" for column in record.columns)
    said = f"{'; '.join(meanings)}." if meanings else ""
    return f"{said} Accuracies in percent.".strip() if percent else said


def _claims(record: StudyRecord) -> str:
    if not record.source:  # of version 0.1
        lines = [
            f"| {_plain(claim.text)} | **{claim.verdict}** | {_plain(claim.evidence)} |"
            for claim in record.claims
        ]
        return "\n".join(["| claim | | evidence |", "|---|---|---|", *lines])
    published = any(claim.published for claim in record.claims)
    titles = ["claim", "", "effect", *(["paper"] if published else []), "evidence"]
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    for claim in record.claims:
        outcome = f"**{claim.verdict}**{claim.outcome.removeprefix(claim.verdict)}"
        cells = [claim.text, outcome, claim.effect_text]
        cells += [claim.published] if published else []
        shown = [_plain(cells[0]), outcome, *map(_plain, cells[2:]), _plain(claim.evidence)]
        lines.append("| " + " | ".join(shown) + " |")
    said = _about_intervals(record)
    return "\n".join(lines) + f"\n\n{said}" * bool(said)


def _about_intervals(record: StudyRecord) -> str:
    """What the intervals are; empty if there are none."""
    if not any(claim.low != claim.high for claim in record.claims):
        return ""
    return (
        "Intervals are over seeds and, for accuracies, over test samples. They hold together with a"
        " probability of 95 % (Holm), and the verdicts follow from them."
    )


def _lines(lines: list[str]) -> str:
    return "\n".join(lines)


def _alt(record: StudyRecord) -> str:
    if record.figure is not None:
        return _plain(record.figure.title).replace("]", ")")
    best = [f"{row.name} {study_cell(row, record.columns[0])}" for row in record.rows if row.values]
    return _plain(f"{record.columns[0].title} of each row: {', '.join(best)}").replace("]", ")")


def _barred(text: str) -> str:
    """Text of a study with its own markup, for a line of a table."""
    return text.replace("|", "\\|")


def _plain(text: str) -> str:
    """External text, escaped for a line of a table."""
    line = " ".join(text.split())
    return _barred(line).replace("<", "&lt;").replace("`", "'").replace("*", "\\*")

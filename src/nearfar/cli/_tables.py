"""Records as tables for a terminal."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from nearfar._signs import minus
from nearfar.cli._console import print_line, stdout
from nearfar.cli._progress import verdict_style
from nearfar.records import HealthRecord, ProbeRecord

__all__ = ["print_health", "print_probe", "print_rows"]


def cell(value: Any) -> str:
    """A value as text: three significant digits, yes or no, a dash for a missing value."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return minus(f"{value:.3g}")
    return str(value)


def words(name: str) -> str:
    """A name with spaces for underscores; ``m_o`` is a symbol and stays as it is."""
    return name if len(name) < 4 else name.replace("_", " ")


def print_rows(
    rows: Sequence[Mapping[str, Any]], *, title: str = "", whole: Collection[str] = ()
) -> None:
    """Print rows as a table; numbers are right-aligned, columns in `whole` are never wrapped."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)
    keys = list(dict.fromkeys(key for row in rows for key in row))
    for key in keys:
        numeric = all(isinstance(row.get(key), (int, float, type(None))) for row in rows)
        table.add_column(words(key), justify="right" if numeric else "left", no_wrap=key in whole)
    for row in rows:
        table.add_row(*(Text(cell(row.get(key))) for key in keys))
    stdout().print(table)


def print_health(health: HealthRecord) -> None:
    """Print the verdict, the measurements with their reference values, and suggestions."""
    print_line("verdict", health.summary, style=verdict_style(health))
    rows = [
        {
            "measurement": words(finding.name),
            "value": finding.value,
            "interpretation": finding.reading,
            "reference values": ", ".join(f"{k} {cell(v)}" for k, v in finding.anchors.items()),
        }
        for finding in health.findings
    ]
    print_rows(rows, title=f"{health.samples:,} samples × {health.dim:,} dimensions")
    for advice in health.advice:
        print_line("try", advice)


def print_probe(probe: ProbeRecord) -> None:
    """Print the accuracies, one line per representation."""
    print_line("data", probe.data)
    print_line("protocol", probe.protocol)
    rows = [
        {
            "representation": row.representation,
            "kNN": f"{row.knn:.4f}",
            "linear": f"{row.linear:.4f}",
            "mean classifier": f"{row.mean_classifier:.4f}",
        }
        for row in probe.rows
    ]
    print_rows(rows, title=f"accuracy, {probe.classes:,} classes")

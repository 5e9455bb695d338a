"""Records as tables for a terminal."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from nearfar._margin_lines import verdict_style
from nearfar._signs import counted, minus
from nearfar.cli._console import print_line, stdout
from nearfar.records import HealthRecord, ProbeRecord, RankingRecord

if TYPE_CHECKING:
    from nearfar.api._comparing import Comparison

__all__ = [
    "print_comparison",
    "print_health",
    "print_notes",
    "print_probe",
    "print_ranking",
    "print_rows",
]

SHORT = 12  # characters of a text that stays in one line
GAP = 3  # between two columns
EDGES = 2
_COMPARED = (
    *("run", "verdict", "method", "effective_rank", "alignment", "uniformity", "m_o"),
    *("epochs", "seconds", "encoder", "m_r"),
)
"""Columns from the most to the least important; a narrow terminal lacks the last ones."""
_PROBES = {"knn": "kNN", "linear": "linear", "mean_classifier": "mean classifier"}


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
    rows: Sequence[Mapping[str, Any]],
    *,
    title: str = "",
    whole: Collection[str] = (),
    ranked: Sequence[str] = (),
    elsewhere: str = "--json",
) -> None:
    """Print rows as a table; numbers are right-aligned, and no cell is cut off.

    What does not fit next to each other is printed in several tables below each other, or, with
    `ranked`, left out with a note.

    Args:
        rows: The rows.
        title: Title of the table.
        whole: Columns that are never wrapped.
        ranked: Columns from the most to the least important: those that do not fit are left out.
        elsewhere: Flags that show what is left out.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    console = stdout()
    keys = list(dict.fromkeys(key for row in rows for key in row))
    texts = {key: [words(key), *(cell(row.get(key)) for row in rows)] for key in keys}
    wanted = {key: max(map(width_of, texts[key])) for key in keys}
    least = {key: wanted[key] if key in whole else max(map(readable, texts[key])) for key in keys}
    left: list[str] = []
    if ranked:
        keys, left = fitting(ranked, least, console.width)
        least = {key: least[key] for key in keys}
    for number, widths in enumerate(bands(least, wanted, console.width)):
        heading = title if title and not number else None
        table = Table(box=SIMPLE_HEAD, title=heading, title_justify="left", pad_edge=False)
        for key, width in widths.items():
            numeric = all(isinstance(row.get(key), (int, float, type(None))) for row in rows)
            justify: Literal["left", "right"] = "right" if numeric else "left"
            table.add_column(words(key), justify=justify, width=width, overflow="fold")
        for line in zip(*(texts[key][1:] for key in widths), strict=True):
            cells = zip(line, widths.values(), strict=True)
            table.add_row(*(Text(wrapped(text, width)) for text, width in cells))
        console.print(table)
    if left:
        names = ", ".join(words(key) for key in left)
        print_line("note", f"not shown on {console.width} columns: {names}; {elsewhere} shows all")


def fitting(
    ranked: Sequence[str], least: Mapping[str, int], free: int
) -> tuple[list[str], list[str]]:
    """The columns that fit into one table, in their order, and those that are left out.

    Columns are taken in the order of their importance, if there is room left; columns that
    `ranked` does not name come last. The first two are always shown.

    Example:
        >>> fitting(["run", "verdict"], {"run": 10, "encoder": 30, "verdict": 7}, 24)
        (['run', 'verdict'], ['encoder'])
    """
    order = [key for key in ranked if key in least]
    order += [key for key in least if key not in ranked]
    at_most = max(free // 3, 1)
    taken, shown = EDGES, []
    for place, key in enumerate(order):
        width = min(least[key], at_most) + (GAP if place else 0)
        if taken + width <= free or place < 2:
            taken += width
            shown.append(key)
    return [key for key in least if key in shown], [key for key in least if key not in shown]


def wrapped(text: str, width: int) -> str:
    """Text in lines of at most `width`, broken at spaces, else after ``/``, ``-``, ``_`` or ``.``.

    Example:
        >>> wrapped("runs/simclr-my-photos-2", 12).split(chr(10))
        ['runs/simclr-', 'my-photos-2']
    """
    lines = []
    for line in text.split("\n"):
        built = ""
        for piece in re.findall(r"\s+|[^\s/_.-]*[/_.-]+|[^\s/_.-]+", line):
            if built and len(built) + len(piece.rstrip()) > width:
                lines.append(built.rstrip())
                built = ""
            built += piece if built else piece.lstrip()
        lines.append(built.rstrip())
    return "\n".join(lines)


def width_of(text: str) -> int:
    """The length of the longest line."""
    return max(map(len, text.split("\n")))


def readable(text: str) -> int:
    """The width below which a text is hard to read: itself if short, else its longest word.

    A longer text of several words has at least half its length, so that it takes about two lines.
    """
    if width_of(text) <= SHORT:
        return width_of(text)
    longest = max(map(len, text.split()))
    return longest if len(text) > 3 * SHORT else max(longest, min(len(text), (len(text) + 3) // 2))


def bands(
    least: Mapping[str, int], wanted: Mapping[str, int], free: int
) -> Iterator[dict[str, int]]:
    """Widths of columns, in as many tables as the terminal needs; the first column heads each."""
    keys = list(least)
    at_most = max(free // 3, 1)
    band: list[str] = keys[:1]
    for key in keys[1:]:
        taken = sum(min(least[k], at_most) for k in band) + GAP * len(band) + EDGES
        if taken + min(least[key], at_most) > free and len(band) > 1:
            yield spread(band, least, wanted, free)
            band = keys[:1]
        band.append(key)
    if band:
        yield spread(band, least, wanted, free)


def spread(
    band: list[str], least: Mapping[str, int], wanted: Mapping[str, int], free: int
) -> dict[str, int]:
    """The least width for each column; what is left goes to those that want more."""
    widths = {key: min(least[key], max(free // 3, 1)) for key in band}
    left = free - sum(widths.values()) - GAP * (len(band) - 1) - EDGES
    for key in sorted(band, key=lambda key: wanted[key] - widths[key]):
        more = max(0, min(wanted[key] - widths[key], left))
        widths[key] += more
        left -= more
    return widths


def print_health(health: HealthRecord) -> None:
    """Print the verdict, the measurements with their reference values, and suggestions."""
    print_line("verdict", health.summary, style=verdict_style(health.verdict))
    if health.sureness:
        print_line("sure", health.sureness)
    if health.steadiness:
        print_line("steady", health.steadiness)
    rows = [
        {
            "measurement": words(finding.name),
            "value": finding.value,
            "interpretation": finding.reading,
            "reference values": ", ".join(f"{k} {cell(v)}" for k, v in finding.anchors.items()),
        }
        for finding in health.findings
    ]
    print_rows(
        rows, title=f"{counted(health.samples, 'sample')} × {counted(health.dim, 'dimension')}"
    )
    for named in health.named_samples:
        print_line("samples", named.sentence())
    for advice in health.advice:
        print_line("try", advice)
    print_notes(health.remarks)


def print_comparison(found: Comparison) -> None:
    """Print one line per run, then the ranking."""
    columns = [name for name in _COMPARED if any(name in row for row in found)]
    shown = [{name: dict(row).get(name) for name in columns} for row in found]
    print_rows(shown, ranked=_COMPARED, elsewhere="--json or --report")
    print_ranking(found.ranking)


def print_ranking(ranking: RankingRecord | None) -> None:
    """Print the places of runs, if there is a ranking, and the result in one sentence."""
    if ranking is None:
        return
    rows = [
        {
            "place": str(run.place),
            "run": run.name,
            "order": f"{run.order:.3f} [{run.low:.3f}, {run.high:.3f}]",
            "seeds": str(run.seeds),
            "verdict": run.verdict,
        }
        for run in ranking.runs
    ]
    if rows:
        held = f"{ranking.samples:,} held-out samples"
        print_rows(rows, title=f"order of retrieval by representations, {held}")
    print_line("ranking", ranking.sentence)
    print_notes(ranking.notes)


def print_probe(probe: ProbeRecord) -> None:
    """Print the scores, one line per representation, the baselines, and the comparisons."""
    print_line("data", probe.data)
    print_notes(probe.notes)
    print_line("protocol", probe.protocol)
    if probe.layer:
        print_line("features", probe.layer)
    always = (
        f"always {probe.majority_class} (majority class)"
        if probe.task == "classification"
        else "random order"
    )
    shown = [key for key in _PROBES if any(getattr(row, key) is not None for row in probe.rows)]
    rows = [_scores(row.representation, vars(row), shown) for row in probe.rows]
    if probe.majority is not None:
        rows.append(_scores(always, dict.fromkeys(_PROBES, probe.majority), shown))
    title = probe.measure
    if probe.task == "classification":
        title += f", {counted(probe.classes, 'class', plural='classes')}"
    elif probe.task == "multilabel":
        title += f", {counted(probe.classes, 'label')}"
    print_rows(rows, title=title)
    if probe.uneven:  # an accuracy of 0.94 means little if 94 % are of one class
        rows = [_scores(row.representation, row.balanced, shown) for row in probe.rows]
        rows.append(_scores(always, dict.fromkeys(_PROBES, probe.majority_balanced), shown))
        print_rows(rows, title="balanced accuracy (mean recall of the classes)")
    if probe.shares:
        print_rows(
            [
                {
                    "representation": row.representation,
                    "labels": f"{row.labels:,} ({100 * row.share:g} %)",
                }
                | {_PROBES[key]: _spread(getattr(row, key), row.spread.get(key)) for key in shown}
                for row in probe.shares
            ],
            title=f"{probe.measure} with few labels, mean ± deviation of"
            f" {probe.shares[0].seeds} subsets",
        )
    for sentence in probe.sentences:
        print_line("result", sentence)


def _scores(name: str, values: Mapping[str, Any], shown: Collection[str]) -> dict[str, str]:
    """A row of a table of scores."""
    return {"representation": name} | {
        _PROBES[key]: "–" if values.get(key) is None else minus(f"{values[key]:.4f}")
        for key in shown
    }


def _spread(mean: float, deviation: float | None) -> str:
    return minus(f"{mean:.4f}") + ("" if deviation is None else f" ± {deviation:.4f}")


def print_notes(notes: Iterable[str]) -> None:
    """Print one line per note; those on samples without a result say so."""
    from nearfar.data import omissions

    notes = tuple(notes)
    missing = omissions(notes)
    for note in notes:
        plain = note not in missing or "left out" in note
        print_line("note", note if plain else f"left out: {note}")

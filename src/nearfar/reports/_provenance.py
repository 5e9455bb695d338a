"""Where the numbers come from."""

from __future__ import annotations

from collections.abc import Iterable

from nearfar.records import HealthRecord, RunRecord
from nearfar.reports._html import Html, element
from nearfar.reports._numbers import count, duration, memory, number
from nearfar.reports._quantities import title
from nearfar.reports._section import missing, section_of

__all__ = ["section"]


def section(run: RunRecord | None, *, health: HealthRecord | None) -> Html:
    """The run in words, versions and machine, and every number that was measured."""
    numbers = health.measurements if health else {}
    return section_of(
        "provenance",
        "Provenance",
        _table(_facts(run)) if run else missing("run.json is missing: nobody wrote down this run."),
        element(
            "details",
            element("summary", f"All {len(numbers)} measurements"),
            _table((title(name), number(value, digits=5)) for name, value in numbers.items()),
        )
        if numbers
        else None,
        lead="What one must know to compare these numbers with others.",
    )


def _facts(run: RunRecord) -> Iterable[tuple[str, str]]:
    made = run.provenance
    yield "Data", run.data
    yield "Samples", f"{count(run.samples)} trained on, {count(run.watched)} watched"
    yield "Encoder", f"{run.encoder} ({count(run.parameters)} parameters)"
    yield "Objective", run.objective
    yield "Length", f"{count(run.epochs)} epochs, {count(run.steps)} updates"
    yield "Time", duration(run.seconds) if run.finished else f"{duration(run.seconds)}, unfinished"
    if run.peak_memory:
        yield "Peak memory", memory(run.peak_memory)
    yield "Versions", f"nearfar {made.nearfar}, torch {made.torch}, Python {made.python}"
    yield "Machine", f"{made.device}, {count(made.cores)} cores"
    yield "Date", made.date
    if made.commit:
        yield "Commit", made.commit


def _table(facts: Iterable[tuple[str, str]]) -> Html:
    return element(
        "dl", *(element("div", element("dt", name), element("dd", value)) for name, value in facts)
    )

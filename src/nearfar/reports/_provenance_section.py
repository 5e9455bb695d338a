"""Provenance of a report's numbers."""

from __future__ import annotations

from collections.abc import Iterable

from nearfar._signs import counted
from nearfar.records import HealthRecord, RunRecord
from nearfar.reports._formatting import count, duration, memory, number
from nearfar.reports._html import Html, element
from nearfar.reports._quantities import title
from nearfar.reports._section import missing, section_of

__all__ = ["section"]


def section(run: RunRecord | None, *, health: HealthRecord | None) -> Html:
    """The run's settings, versions and machine, and all of its measurements."""
    numbers = health.measurements if health else {}
    return section_of(
        "provenance",
        "Provenance",
        _table(_facts(run)) if run else missing("Not recorded: run.json is missing."),
        element(
            "details",
            element(
                "summary",
                f"All {counted(len(numbers), 'measurement')}"
                if len(numbers) > 1
                else "The measurement",
            ),
            _table((title(name), number(value, digits=5)) for name, value in numbers.items()),
        )
        if numbers
        else None,
        lead="The settings, versions and machine behind these numbers.",
    )


def _facts(run: RunRecord) -> Iterable[tuple[str, str]]:
    made = run.provenance
    yield "Data", run.data
    yield "Samples", f"{count(run.samples)} for training, {count(run.watched)} held out"
    yield "Encoder", f"{run.encoder} ({counted(run.parameters, 'parameter')})"
    yield "Objective", run.objective
    yield "Length", f"{counted(run.epochs, 'epoch')}, {counted(run.steps, 'update')}"
    yield "Time", duration(run.seconds) if run.finished else f"{duration(run.seconds)}, unfinished"
    if run.peak_memory:
        yield "Peak memory", memory(run.peak_memory)
    yield "Versions", f"nearfar {made.nearfar}, torch {made.torch}, Python {made.python}"
    yield "Machine", f"{made.device}, {counted(made.cores, 'core')}"
    yield "Date", made.date
    if made.commit:
        yield "Commit", made.commit


def _table(facts: Iterable[tuple[str, str]]) -> Html:
    return element(
        "dl", *(element("div", element("dt", name), element("dd", value)) for name, value in facts)
    )

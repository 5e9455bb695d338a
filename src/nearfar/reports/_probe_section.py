"""The last probe of a run, with labels."""

from __future__ import annotations

from nearfar._signs import minus
from nearfar.records import ProbeRecord
from nearfar.reports._html import Html, element
from nearfar.reports._section import section_of

__all__ = ["section"]

_PROBES = {"linear": "linear", "knn": "kNN", "mean_classifier": "mean classifier"}


def section(probe: ProbeRecord) -> Html:
    """The comparisons as sentences, and the scores of each representation."""
    shown = [key for key in _PROBES if any(getattr(row, key) is not None for row in probe.rows)]
    head = element(
        "tr",
        *(
            element("th", word, scope="col")
            for word in ("representation", *(_PROBES[key] for key in shown))
        ),
    )
    rows = [_row(row.representation, [getattr(row, key) for key in shown]) for row in probe.rows]
    if probe.majority is not None:
        name = f"always {probe.majority_class}" if probe.majority_class else "random order"
        rows.append(_row(name, [probe.majority for _ in shown]))
    for part in probe.shares:
        name = f"{part.representation}, {part.labels:,} labels"
        rows.append(_row(name, [getattr(part, key) for key in shown]))
    features = f" · features: {probe.layer}" if probe.layer else ""
    notes = [element("li", note) for note in probe.notes]
    return section_of(
        "probe",
        "Probe with labels",
        element("ul", *(element("li", sentence) for sentence in probe.sentences))
        if probe.sentences
        else None,
        element("table", element("thead", head), element("tbody", *rows), class_="words"),
        element("ul", *notes) if notes else None,
        lead=f"{probe.measure[0].upper()}{probe.measure[1:]} on {probe.data} · {probe.protocol} ·"
        f" {probe.samples:,} samples evaluated{features}. Intervals are 95 %.",
    )


def _row(name: str, scores: list[float | None]) -> Html:
    return element(
        "tr",
        element("th", name, scope="row"),
        *(element("td", "–" if score is None else minus(f"{score:.3f}")) for score in scores),
    )

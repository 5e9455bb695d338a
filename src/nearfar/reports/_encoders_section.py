"""Encoders of several runs side by side: neighbours in common, CKA, linked maps."""

from __future__ import annotations

import math

from nearfar.records import EncodersRecord
from nearfar.reports._formatting import count
from nearfar.reports._html import Html, element, shorten
from nearfar.reports._sample_map import map_figure
from nearfar.reports._section import missing, scrolling, section_of

__all__ = ["section"]

_MAPS = 4
_LONGEST = 48  # characters of a name


def section(encoders: EncodersRecord | None) -> Html | None:
    """A table of pairs of encoders, and their maps; None if no encoders were compared."""
    if encoders is None:
        return None
    notes = element("ul", *(element("li", note) for note in encoders.notes))
    if len(encoders.runs) < 2:
        return section_of(
            "encoders",
            "Encoders side by side",
            missing("Fewer than two runs embed the same samples."),
            notes if encoders.notes else None,
        )
    chance = encoders.neighbors / max(1, encoders.samples - 1)
    maps = [
        map_figure(drawn, encoders.pictures, place=f"run-{place}", title=shorten(name, _LONGEST))
        for place, (name, drawn) in enumerate(zip(encoders.runs, encoders.geometries, strict=True))
        if place < _MAPS
    ]
    return section_of(
        "encoders",
        "Encoders side by side",
        _table(encoders),
        element("div", *maps, class_="maps"),
        notes if encoders.notes else None,
        lead=f"The representations of {count(encoders.samples)} samples of {encoders.data}. Overlap"
        f" is the share of the {encoders.neighbors} nearest neighbours that both encoders have in"
        f" common ({chance:.1%} by chance); CKA is 1 for representations that are equal up to a"
        " rotation and a scale, and 0 for unrelated ones. The maps mark the same sample; the colour"
        " shows which samples have other neighbours in the other encoder.",
    )


def _table(encoders: EncodersRecord) -> Html:
    names = ("encoder", "compared with", "neighbours in common", "CKA")
    head = element("tr", *(element("th", name, scope="col") for name in names))
    rows = [
        element(
            "tr",
            element("th", element("bdi", shorten(one, _LONGEST)), scope="row"),
            element("td", element("bdi", shorten(other, _LONGEST)), data_column=names[1]),
            element("td", f"{encoders.overlap[i][j]:.0%}", data_column=names[2]),
            element("td", _cka(encoders.cka[i][j]), data_column=names[3]),
        )
        for i, one in enumerate(encoders.runs)
        for j, other in enumerate(encoders.runs)
        if i < j
    ]
    table = element("table", element("thead", head), element("tbody", *rows))
    return scrolling(table, "Encoders side by side")


def _cka(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}".replace("-", "−")

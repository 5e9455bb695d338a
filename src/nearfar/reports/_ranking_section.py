"""The ranking of several runs, or why there is none."""

from __future__ import annotations

from nearfar.records import RankedRun, RankingRecord
from nearfar.reports._formatting import number
from nearfar.reports._html import Html, element
from nearfar.reports._section import scrolling, section_of
from nearfar.reports._verdict import tone

__all__ = ["section"]

_COLUMNS = ("place", "run", "verdict", "order", "interval", "seeds")


def section(ranking: RankingRecord) -> Html:
    """The places with their intervals, and the result in one sentence."""
    head = element("tr", *(element("th", name, scope="col") for name in _COLUMNS))
    table = element(
        "table",
        element("thead", head),
        element("tbody", *map(_row, ranking.runs)),
        class_="runs",
    )
    return section_of(
        "ranking",
        "Ranking",
        element("p", ranking.sentence),
        scrolling(table, "Ranking") if ranking.runs else None,
        *(element("p", note) for note in ranking.notes),
        lead="How well the representations find the other view of samples that every run held out,"
        " with 95% intervals. Indistinguishable runs share a place.",
    )


def _row(run: RankedRun) -> Html:
    return element(
        "tr",
        element("td", str(run.place)),
        element("th", element("bdi", run.name), scope="row"),
        element("td", run.verdict, data_column="verdict", data_tone=tone(run.verdict)),
        element("td", number(run.order)),
        element("td", f"{number(run.low)} to {number(run.high)}"),
        element("td", str(run.seeds)),
    )

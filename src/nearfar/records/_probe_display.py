"""What a terminal and a notebook show of a probe."""

from __future__ import annotations

import dataclasses
from typing import Any

from nearfar.records._markup import Html, element, join
from nearfar.records._notebook import COLORS, figure, shown, table

__all__ = ["ProbeDisplay"]

_TITLES = {"knn": "kNN"}
_WIDE = 120


class ProbeDisplay:
    """Short ``repr`` and a table with bars for a record with ``rows`` of results.

    The results are the numbers among the fields of a row; those in [0, 1] have a bar.
    """

    data: str
    protocol: str
    rows: tuple[Any, ...]

    def __repr__(self) -> str:
        """The data and the results of the first row."""
        first = f"; {_line(self.rows[0])}" if self.rows else ""
        more = f", and {len(self.rows) - 1} more" if len(self.rows) > 1 else ""
        return f"<probe of {self.data}: {self.protocol}{first}{more}>"

    def _repr_html_(self) -> str:
        """For notebooks: one row per representation, with a bar per result."""
        rows = [
            {"representation": row.representation}
            | {_title(name): _bar(value) for name, value in _results(row).items()}
            for row in self.rows
        ]
        majority = getattr(self, "majority", None)
        if majority is not None and rows:
            names = [name for name in rows[0] if name != "representation"]
            always = f"always {getattr(self, 'majority_class', '')} (majority class)"
            rows.append({"representation": always} | dict.fromkeys(names, _bar(majority)))
        said = [each.sentence for each in getattr(self, "comparisons", ()) if each.sentence]
        notes = [element("li", note) for note in getattr(self, "notes", ())]
        return shown(
            f"{self.data}; {self.protocol}",
            table(rows),
            *(element("p", sentence) for sentence in said),
            element("ul", *notes) if notes else None,
        )


def _results(row: Any) -> dict[str, float]:
    held = {each.name: getattr(row, each.name) for each in dataclasses.fields(row)}
    return {
        name: float(value)
        for name, value in held.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }


def _line(row: Any) -> str:
    numbers = (f"{_title(name)} {figure(value)}" for name, value in _results(row).items())
    return f"{row.representation}: {', '.join(numbers)}"


def _title(name: str) -> str:
    return _TITLES.get(name, name.replace("_", " "))


def _bar(value: float) -> Html:
    """The value, with a bar from 0 to 1 if it is in that range."""
    if not 0 <= value <= 1:
        return join(figure(value))
    full = {"width": f"{_WIDE}", "height": "8", "fill": "#808080", "fill_opacity": "0.25"}
    part = {"width": f"{_WIDE * value:.1f}", "height": "8", "fill": COLORS[0]}
    bar = element(
        "svg",
        element("rect", **full),
        element("rect", **part),
        xmlns="http://www.w3.org/2000/svg",
        role="img",
        aria_label=figure(value),
        width=f"{_WIDE}",
        height="8",
    )
    return join(f"{value:.3f} ", bar)

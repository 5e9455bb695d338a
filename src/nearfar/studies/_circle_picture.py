"""The picture of projections on circles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from nearfar.records import CellRecord, StudyFigure, StudyRow, StudySeries

__all__ = ["CirclePicture"]

_INNER, _APART = 0.55, 2.4  # radius of the innermost ring, distance of two circles


@final
@dataclass(frozen=True, kw_only=True)
class CirclePicture:
    """A circle per row, with a ring per class, of the samples that the first seed has.

    Attributes:
        title: What the figure shows.
        rows: Names of the rows, from left to right.
    """

    title: str
    rows: tuple[str, ...]

    def draw(
        self, rows: Sequence[StudyRow], records: Mapping[str, Sequence[CellRecord]]
    ) -> StudyFigure:
        """One series per class, over all circles."""
        rings: dict[int, list[tuple[float, float, str]]] = {}
        for place, name in enumerate(self.rows):
            found = [record.words["angles"] for record in records.get(name, ())]
            classes = found[0].split(";") if found else []
            for label, text in enumerate(classes):
                radius = _INNER + (1 - _INNER) * label / max(1, len(classes) - 1)
                rings.setdefault(label, []).extend(
                    (
                        _APART * place + radius * math.cos(angle),
                        _APART * (place % 2) + radius * math.sin(angle),
                        f"{name}, class {label}",
                    )
                    for angle in map(float, text.split(","))
                )
        return StudyFigure(
            kind="points",
            title=self.title,
            x_title=", ".join(self.rows) + " (from left to right); a ring per class",
            y_title="",
            series=tuple(
                StudySeries(
                    name=f"class {label}",
                    x=tuple(round(x, 3) for x, _, _ in some),
                    y=tuple(round(y, 3) for _, y, _ in some),
                    labels=tuple(name for _, _, name in some),
                )
                for label, some in rings.items()
            ),
        )

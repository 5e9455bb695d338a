"""Projections on the circle: what they are worth, how they are spread, and their picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import torch

from nearfar.ops import to_sphere
from nearfar.probes import LinearProbe
from nearfar.records import CellRecord, StudyFigure, StudyRow, StudySeries
from nearfar.studies._embeddings_of_run import Embeddings
from nearfar.studies._test_samples import RIGHT, packed

__all__ = ["CirclePicture", "circle_values"]

_BINS = 72
_SHOWN = 30  # samples per class in the picture
_INNER, _APART = 0.55, 2.4  # radius of the innermost ring, distance of two circles


def circle_values(embeddings: Embeddings) -> dict[str, Any]:
    """Accuracy on unit projections, entropy of their angles in nats, angles of some samples."""
    fitted, tests = (
        to_sphere(z) for z in (embeddings.fitted_projections, embeddings.test_projections)
    )
    labels = embeddings.test_labels
    right = LinearProbe().fit(fitted, embeddings.fitted_labels).predict(tests) == labels
    angles = torch.atan2(tests[:, 1], tests[:, 0])
    counts = torch.histc(angles, _BINS, -math.pi, math.pi).double()
    shares = counts / counts.sum()
    width = 2 * math.pi / _BINS
    shown = [angles[labels == label][:_SHOWN] for label in range(int(labels.max()) + 1)]
    return {
        "circle_linear": float(right.double().mean()),
        f"circle_linear{RIGHT}": packed(right.tolist()),
        "angle_entropy": float(-torch.xlogy(shares, shares / width).sum()),
        "angles": ";".join(",".join(f"{angle:.2f}" for angle in some.tolist()) for some in shown),
    }


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

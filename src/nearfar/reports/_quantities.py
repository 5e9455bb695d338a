"""What each measurement is called, how its curve is read, and the known worlds beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from nearfar.records import Finding, HealthRecord, Metrics, WatchMetrics
from nearfar.reports._series import last

__all__ = [
    "ALIGNMENT",
    "CENTER",
    "LOSS",
    "QUANTITIES",
    "RANK",
    "RESIDUAL",
    "UNIFORMITY",
    "Quantity",
    "anchors",
    "findings",
    "title",
]


def _none(dim: int, samples: int) -> dict[str, float]:
    return {}


@dataclass(frozen=True)
class Quantity:
    """One measurement in words.

    Attributes:
        name: As a health record calls it.
        title: Its name for a reader.
        meaning: What it measures, half a sentence.
        reading: How to read its curve, what good and bad look like.
        better: Which way is better; empty where it depends on what stands beside it.
        unit: What it is counted in; empty for a plain number.
        watched: Where it stands among the readings of the watched samples; None where only a
            health record has it.
        anchors: Reference values, from the width of the embedding and the sample size; they are
            used where a health record brings none of its own.
    """

    name: str
    title: str
    meaning: str
    reading: str
    better: Literal["lower", "higher", ""] = ""
    unit: str = ""
    watched: Callable[[WatchMetrics], float | None] | None = None
    anchors: Callable[[int, int], Mapping[str, float]] = _none


LOSS = Quantity(
    "loss",
    "Loss",
    "what training minimises",
    "Good: well below the dashed chance line and still falling or flat. Bad: on the line,"
    " where views of one sample are no easier to match than strangers.",
    better="lower",
    watched=lambda line: line.loss,
)
ALIGNMENT = Quantity(
    "alignment",
    "Alignment",
    "squared distance between two views of one sample",
    "Low is good: two views of one sample land close together. It is low in a collapse too,"
    " so read it with uniformity.",
    better="lower",
    unit="squared distance",
    watched=lambda line: line.alignment,
    anchors=lambda dim, samples: {"identical": 0.0, "unrelated": 2.0},
)
UNIFORMITY = Quantity(
    "uniformity",
    "Uniformity",
    "how evenly samples cover the sphere",
    "Low is good: samples spread over the whole sphere. At 0 they all sit on one point.",
    better="lower",
    unit="log of the mean potential",
    watched=lambda line: line.uniformity,
    anchors=lambda dim, samples: {"collapsed": 0.0, "limit in high dimension": -4.0},
)
CENTER = Quantity(
    "m_o",
    "Centre m_o",
    "length of the mean embedding",
    "Good: m_o near 0 and m_r near 1, the cloud is centred on the sphere. Bad: m_o near 1,"
    " every embedding points the same way.",
    better="lower",
    unit="length",
    watched=lambda line: line.m_o,
    anchors=lambda dim, samples: {"collapsed": 1.0, "centred": 1 / math.sqrt(max(1, samples))},
)
RESIDUAL = Quantity(
    "m_r",
    "Residual m_r",
    "length of what is left beside the mean",
    "Good: near 1. Bad: near 0, nothing is left beside the common direction.",
    better="higher",
    unit="length",
    watched=lambda line: line.m_r,
    anchors=lambda dim, samples: {"collapsed": 0.0, "centred": 1.0},
)
RANK = Quantity(
    "effective_rank",
    "Effective rank",
    "directions in use",
    "High is good: that many directions carry information. A fall means directions are being"
    " lost, even while the loss improves.",
    better="higher",
    unit="directions",
    watched=lambda line: line.effective_rank,
    anchors=lambda dim, samples: {"collapsed": 1.0, "all": float(min(dim, samples) or dim)},
)
RELATIVE_ALIGNMENT = Quantity(
    "relative_alignment",
    "Relative alignment",
    "distance between views over distance between strangers",
    "Low is good: views of one sample are closer than strangers. At 1 they are no closer.",
    better="lower",
    unit="ratio",
    watched=lambda line: line.relative_alignment,
    anchors=lambda dim, samples: {"identical": 0.0, "unrelated": 1.0},
)
FEATURE_STD = Quantity(
    "feature_std",
    "Spread per feature",
    "standard deviation of a coordinate",
    "Good: near the isotropic value. Bad: near 0, the coordinates no longer vary.",
    better="higher",
    watched=lambda line: line.feature_std,
    anchors=lambda dim, samples: {"collapsed": 0.0, "isotropic": 1 / math.sqrt(max(1, dim))},
)
RECALL = Quantity(
    "recall_1",
    "Signals found",
    "inputs whose own signal is the nearest",
    "High is good: inputs find their own signals among all others.",
    better="higher",
    unit="share",
)
BACK_RECALL = Quantity(
    "back_recall_1",
    "Inputs found",
    "signals whose own input is the nearest",
    "High is good: signals find their own inputs among all others.",
    better="higher",
    unit="share",
)
MODALITY_GAP = Quantity(
    "modality_gap",
    "Modality gap",
    "distance between the centres of inputs and signals",
    "At 0 both sides live in the same place; high, each in a part of the sphere of its own.",
    unit="distance",
    anchors=lambda dim, samples: {"none": 0.0, "opposite poles": 2.0},
)
INFORMATION = Quantity(
    "information",
    "Information shared",
    "nats that input and signal tell of each other, at least",
    "High is good; near its ceiling, more pairs would show more.",
    better="higher",
    unit="nats",
)

QUANTITIES: Mapping[str, Quantity] = {
    quantity.name: quantity
    for quantity in (
        LOSS,
        ALIGNMENT,
        UNIFORMITY,
        CENTER,
        RESIDUAL,
        RANK,
        RELATIVE_ALIGNMENT,
        FEATURE_STD,
        RECALL,
        BACK_RECALL,
        MODALITY_GAP,
        INFORMATION,
    )
}
"""By name, in the order in which a report shows them."""


def title(name: str) -> str:
    """A measurement's name for a reader, also for one this table does not know.

    Example:
        >>> title("m_o"), title("power_law_exponent")
        ('Centre m_o', 'Power law exponent')
    """
    known = QUANTITIES.get(name)
    return known.title if known else name.replace("_", " ").capitalize()


def anchors(
    name: str, *, health: HealthRecord | None, dim: int, samples: int
) -> Mapping[str, float]:
    """The known worlds for a measurement: the health record's own, else the general ones."""
    for finding in health.findings if health else ():
        if finding.name == name and finding.anchors:
            return {world: v for world, v in finding.anchors.items() if math.isfinite(v)}
    quantity = QUANTITIES.get(name)
    return quantity.anchors(dim, samples) if quantity and dim > 0 else {}


def findings(
    health: HealthRecord | None, metrics: Metrics, *, chance: float | None = None
) -> list[Finding]:
    """The evidence, in the order of :data:`QUANTITIES`.

    Without a health record these are the last training loss and the last readings of the watched
    samples, unjudged.
    """
    if health:
        order = {name: place for place, name in enumerate(QUANTITIES)}
        return sorted(health.findings, key=lambda finding: order.get(finding.name, len(order)))
    dim = int(last(metrics.watch, lambda line: line.dim) or 0)
    samples = int(last(metrics.watch, lambda line: line.samples) or 0)
    found = []
    for quantity in QUANTITIES.values():
        if quantity is LOSS:
            value = last(metrics.train, lambda line: line.loss)
            known: Mapping[str, float] = {} if chance is None else {"chance": chance}
        else:
            value = last(metrics.watch, quantity.watched) if quantity.watched else None
            known = anchors(quantity.name, health=None, dim=dim, samples=samples)
        if value is not None:
            found.append(Finding(quantity.name, value, "", dict(known)))
    return found

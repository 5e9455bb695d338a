"""What each measurement is called, how its curve is read, and the known worlds beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nearfar.records import Finding, HealthRecord
from nearfar.reports._series import Metrics

__all__ = ["QUANTITIES", "Quantity", "anchors", "findings", "title"]


def _none(dim: int, samples: int) -> dict[str, float]:
    return {}


@dataclass(frozen=True)
class Quantity:
    """One measurement in words.

    Attributes:
        title: Its name for a reader.
        meaning: What it measures, half a sentence.
        reading: How to read its curve, what good and bad look like.
        anchors: Values in known worlds, from the width of the embedding and the sample size; they
            stand in where a health record brings none of its own.
    """

    title: str
    meaning: str
    reading: str
    anchors: Callable[[int, int], Mapping[str, float]] = _none


QUANTITIES: Mapping[str, Quantity] = {
    "loss": Quantity(
        "Loss",
        "what training minimises",
        "Good: well below the dashed chance line and still falling or flat. Bad: on the line,"
        " where views of one sample are no easier to match than strangers.",
    ),
    "alignment": Quantity(
        "Alignment",
        "squared distance between two views of one sample",
        "Low is good: two views of one sample land close together. It is low in a collapse too,"
        " so read it with uniformity.",
        lambda dim, samples: {"identical": 0.0, "unrelated": 2.0},
    ),
    "uniformity": Quantity(
        "Uniformity",
        "how evenly samples cover the sphere",
        "Low is good: samples spread over the whole sphere. At 0 they all sit on one point.",
        lambda dim, samples: {"collapsed": 0.0, "limit in high dimension": -4.0},
    ),
    "m_o": Quantity(
        "Centre m_o",
        "length of the mean embedding",
        "Good: m_o near 0 and m_r near 1, the cloud is centred on the sphere. Bad: m_o near 1,"
        " every embedding points the same way.",
        lambda dim, samples: {"collapsed": 1.0, "centred": 1 / math.sqrt(max(1, samples))},
    ),
    "m_r": Quantity(
        "Residual m_r",
        "length of what is left beside the mean",
        "Good: near 1. Bad: near 0, nothing is left beside the common direction.",
        lambda dim, samples: {"collapsed": 0.0, "centred": 1.0},
    ),
    "effective_rank": Quantity(
        "Effective rank",
        "directions in use",
        "High is good: that many directions carry information. A fall means directions are being"
        " lost, even while the loss improves.",
        lambda dim, samples: {"collapsed": 1.0, "all": float(min(dim, samples) or dim)},
    ),
    "relative_alignment": Quantity(
        "Relative alignment",
        "distance between views over distance between strangers",
        "Low is good: views of one sample are closer than strangers. At 1 they are no closer.",
        lambda dim, samples: {"identical": 0.0, "unrelated": 1.0},
    ),
    "feature_std": Quantity(
        "Spread per feature",
        "standard deviation of a coordinate",
        "Good: near the isotropic value. Bad: near 0, the coordinates no longer vary.",
        lambda dim, samples: {"collapsed": 0.0, "isotropic": 1 / math.sqrt(max(1, dim))},
    ),
    "recall_1": Quantity(
        "Signals found",
        "inputs whose own signal is the nearest",
        "High is good: inputs find their own signals among all others.",
    ),
    "back_recall_1": Quantity(
        "Inputs found",
        "signals whose own input is the nearest",
        "High is good: signals find their own inputs among all others.",
    ),
    "modality_gap": Quantity(
        "Modality gap",
        "distance between the centres of inputs and signals",
        "At 0 both sides live in the same place; high, each in a part of the sphere of its own.",
        lambda dim, samples: {"none": 0.0, "opposite poles": 2.0},
    ),
    "information": Quantity(
        "Information shared",
        "nats that input and signal tell of each other, at least",
        "High is good; near its ceiling, more pairs would show more.",
    ),
}


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

    Without a health record these are the last readings of the watched samples, unjudged.
    """
    order = {name: place for place, name in enumerate(QUANTITIES)}
    if health:
        return sorted(health.findings, key=lambda finding: order.get(finding.name, len(order)))
    dim, samples = int(metrics.last("dim") or 0), int(metrics.last("samples") or 0)
    known = {name: anchors(name, health=None, dim=dim, samples=samples) for name in QUANTITIES}
    if chance is not None:
        known["loss"] = {"chance": chance}
    last = {name: metrics.last(name) for name in QUANTITIES}
    return [
        Finding(name, value, "", dict(known[name]))
        for name, value in last.items()
        if value is not None
    ]

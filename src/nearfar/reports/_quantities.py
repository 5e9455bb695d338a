"""Titles, captions and reference values of measurements."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Literal

from nearfar.records import Finding, HealthRecord, Metrics, WatchMetrics
from nearfar.reports._series import last

__all__ = [
    "ALIGNMENT",
    "CENTER",
    "DIMENSION_CORRELATION",
    "LOSS",
    "ORDER",
    "QUANTITIES",
    "RANK",
    "REPRESENTATION_CENTER",
    "REPRESENTATION_ORDER",
    "REPRESENTATION_RANK",
    "REPRESENTATION_RESIDUAL",
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
    """Description of a measurement.

    Attributes:
        name: Name in a health record.
        title: Title in a report.
        meaning: What it measures, half a sentence.
        reading: Caption of its curve: what good and bad look like.
        better: Direction of improvement; empty if it depends on other measurements.
        unit: Unit; empty for a dimensionless number.
        watched: Function that finds it among the metrics of watched samples; None if only health
            records have it.
        anchors: Reference values as a function of the embedding's dimensions and the number of
            samples; used if a health record has none.
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
    "Good: well below the chance level (dashed), falling or flat. Bad: at the chance level, where"
    " a sample's views are no more similar than views of different samples.",
    better="lower",
    watched=lambda line: line.loss,
)
ALIGNMENT = Quantity(
    "alignment",
    "Alignment",
    "squared distance between two views of a sample",
    "Low is good: two views of a sample are close together. A collapse also lowers it, so"
    " consider it together with uniformity.",
    better="lower",
    unit="squared distance",
    watched=lambda line: line.alignment,
    anchors=lambda dim, samples: {"identical": 0.0, "unrelated": 2.0},
)
UNIFORMITY = Quantity(
    "uniformity",
    "Uniformity",
    "uniformity of the samples on the sphere",
    "Low is good: samples are spread over the whole sphere. At 0 they all coincide.",
    better="lower",
    unit="log mean potential",
    watched=lambda line: line.uniformity,
    anchors=lambda dim, samples: {"collapsed": 0.0, "limit in high dimension": -4.0},
)
CENTER = Quantity(
    "m_o",
    "Centre m_o",
    "length of the mean embedding",
    "Good: m_o near 0 and m_r near 1, the embeddings are centred. Bad: m_o near 1, all"
    " embeddings point in the same direction.",
    better="lower",
    unit="length",
    watched=lambda line: line.m_o,
    anchors=lambda dim, samples: {"collapsed": 1.0, "centred": 1 / math.sqrt(max(1, samples))},
)
RESIDUAL = Quantity(
    "m_r",
    "Residual m_r",
    "mean length of the residuals around the mean embedding",
    "Good: near 1. Bad: near 0, the embeddings hardly deviate from their mean.",
    better="higher",
    unit="length",
    watched=lambda line: line.m_r,
    anchors=lambda dim, samples: {"collapsed": 0.0, "centred": 1.0},
)
RANK = Quantity(
    "effective_rank",
    "Effective rank",
    "effective number of dimensions in use",
    "High is good: the effective number of dimensions in use. A fall means that dimensions are"
    " being lost, even if the loss improves.",
    better="higher",
    unit="dimensions",
    watched=lambda line: line.effective_rank,
    anchors=lambda dim, samples: {"collapsed": 1.0, "all": float(min(dim, samples) or dim)},
)
RELATIVE_ALIGNMENT = Quantity(
    "relative_alignment",
    "Relative alignment",
    "distance between views of a sample over distance between samples",
    "Low is good: views of a sample are closer than different samples. At 1 they are no closer.",
    better="lower",
    unit="ratio",
    watched=lambda line: line.relative_alignment,
    anchors=lambda dim, samples: {"identical": 0.0, "unrelated": 1.0},
)
FEATURE_STD = Quantity(
    "feature_std",
    "Feature std",
    "mean standard deviation of a coordinate",
    "Good: near the isotropic value. Bad: near 0, the coordinates no longer vary.",
    better="higher",
    watched=lambda line: line.feature_std,
    anchors=lambda dim, samples: {"collapsed": 0.0, "isotropic": 1 / math.sqrt(max(1, dim))},
)
RECALL = Quantity(
    "recall_1",
    "Recall of partners",
    "fraction of samples whose nearest second view, or signal, is their own",
    "High is good: samples retrieve their own second views or signals among all others.",
    better="higher",
    unit="fraction",
)
BACK_RECALL = Quantity(
    "back_recall_1",
    "Recall of inputs",
    "fraction of signals whose nearest input is their own",
    "High is good: signals retrieve their own inputs among all others.",
    better="higher",
    unit="fraction",
)
MODALITY_GAP = Quantity(
    "modality_gap",
    "Modality gap",
    "distance between the centres of inputs and signals",
    "At 0 inputs and signals occupy the same region of the sphere; if high, separate regions.",
    unit="distance",
    anchors=lambda dim, samples: {"none": 0.0, "opposite poles": 2.0},
)
ORDER = Quantity(
    "order",
    "Order of partners",
    "probability that the own second view is nearer than that of another sample",
    "High is good: at 1 every sample finds its own second view first, at 0.5 views are unrelated."
    " A projection that is trained to compare views is high by construction; the representation is"
    " not.",
    better="higher",
    unit="probability",
    watched=attrgetter("order"),
    anchors=lambda dim, samples: {"chance": 0.5, "always first": 1.0},
)
REPRESENTATION_ORDER = replace(
    ORDER,
    name="representation_order",
    title="Order of partners, representation",
    watched=attrgetter("representation_order"),
)
REPRESENTATION_RANK = Quantity(
    "representation_rank",
    "Effective rank, representation",
    "effective number of dimensions in use before the projector",
    RANK.reading,
    better="higher",
    unit="dimensions",
    watched=attrgetter("representation_rank"),
)
REPRESENTATION_CENTER = Quantity(
    "representation_m_o",
    "Centre m_o, representation",
    "length of the mean representation",
    "Representations after a ReLU have a common direction, so m_o is not near 0; near 1 all of them"
    " point in the same direction.",
    unit="length",
    watched=attrgetter("representation_m_o"),
)
REPRESENTATION_RESIDUAL = Quantity(
    "representation_m_r",
    "Residual m_r, representation",
    "mean length of the residuals around the mean representation",
    "Near 0, representations hardly deviate from their mean; after a ReLU it is below 1.",
    unit="length",
    watched=attrgetter("representation_m_r"),
)
DIMENSION_CORRELATION = Quantity(
    "dimension_correlation",
    "Correlation of dimensions",
    "root mean square correlation of two dimensions of the projection",
    "Low is good: dimensions vary independently of each other. A rise means that they repeat each"
    " other, long before the rank shows it.",
    better="lower",
    unit="correlation",
    watched=attrgetter("dimension_correlation"),
    anchors=lambda dim, samples: {"independent": 1 / math.sqrt(max(1, samples - 1)), "copies": 1.0},
)
INFORMATION = Quantity(
    "information",
    "Mutual information",
    "lower bound on the mutual information of input and signal",
    "High is good. Near its ceiling the estimate is limited by the number of pairs.",
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
        ORDER,
        REPRESENTATION_ORDER,
        REPRESENTATION_RANK,
        REPRESENTATION_CENTER,
        REPRESENTATION_RESIDUAL,
        DIMENSION_CORRELATION,
    )
}
"""All quantities by name, in the order of a report."""


def title(name: str) -> str:
    """A measurement's title; derived from its name if it is not in :data:`QUANTITIES`.

    Example:
        >>> title("m_o"), title("power_law_exponent")
        ('Centre m_o', 'Power law exponent')
    """
    known = QUANTITIES.get(name)
    return known.title if known else name.replace("_", " ").capitalize()


def anchors(
    name: str, *, health: HealthRecord | None, dim: int, samples: int
) -> Mapping[str, float]:
    """Reference values of a measurement: those of the health record, else the general ones."""
    for finding in health.findings if health else ():
        if finding.name == name and finding.anchors:
            return {world: v for world, v in finding.anchors.items() if math.isfinite(v)}
    quantity = QUANTITIES.get(name)
    return quantity.anchors(dim, samples) if quantity and dim > 0 else {}


def findings(
    health: HealthRecord | None, metrics: Metrics, *, chance: float | None = None
) -> list[Finding]:
    """The evidence, in the order of :data:`QUANTITIES`.

    Without a health record these are the last training loss and the last measurements of the
    watched samples, without interpretation.
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

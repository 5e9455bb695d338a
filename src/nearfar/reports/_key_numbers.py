"""Cards of key numbers, each on a scale between reference values."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nearfar.records import Finding
from nearfar.reports._formatting import number
from nearfar.reports._html import Html, element
from nearfar.reports._quantities import QUANTITIES, title
from nearfar.reports._section import missing, section_of

__all__ = ["section"]

_STATES = {True: ("good", "healthy"), False: ("bad", "unhealthy"), None: ("open", "")}

_FOURS = (4, 7, 8, 10, 11, 12)  # numbers of cards that fill rows of four better than of three


def section(findings: Sequence[Finding]) -> Html:
    """One card per measurement: value, interpretation, scale."""
    cards = [_card(finding) for finding in findings]
    body = (
        element(
            "div", *cards, class_="cards", style=f"--columns:{4 if len(cards) in _FOURS else 3}"
        )
        if cards
        else missing("No measurements: health.json is missing, metrics.jsonl has no watch lines.")
    )
    return section_of("numbers", "Key numbers", body)


def _card(finding: Finding) -> Html:
    tone, words = _STATES[finding.healthy]
    known = QUANTITIES.get(finding.name)
    return element(
        "div",
        element(
            "h3",
            title(finding.name),
            element("span", words, class_="chip", data_tone=tone) if words else None,
        ),
        element("p", number(finding.value), class_="value"),
        element("p", finding.reading or (known.meaning if known else ""), class_="reading"),
        _scale(finding),
        class_="card",
        data_tone=tone,
    )


def _scale(finding: Finding) -> Html | None:
    """A scale with a tick at every reference value and a dot at the measured value."""
    worlds = sorted(((v, world) for world, v in finding.anchors.items() if math.isfinite(v)))
    if not worlds or not math.isfinite(finding.value):
        return None
    values = [v for v, _ in worlds]
    ends = [*values, finding.value, *([0.0] if len(values) == 1 else [])]
    low, high = min(ends), max(ends)
    if not 0 < high - low < math.inf:
        low, high = low - 0.5, low + 0.5

    def place(value: float) -> str:
        return f"left:{(value - low) / (high - low):.1%}"

    return element(
        "div",
        element(
            "div",
            *(element("i", style=place(v)) for v in values),
            element("b", style=place(finding.value)),
            class_="track",
            aria_hidden="true",
        ),
        element(
            "p",
            *(
                element("span", f"{world.replace('_', ' ')} ", element("b", number(v)))
                for v, world in worlds
            ),
            class_="worlds",
        ),
        class_="scale",
    )

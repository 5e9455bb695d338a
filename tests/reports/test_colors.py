from __future__ import annotations

import re
from importlib import resources

import pytest

STYLE = resources.files("nearfar.reports").joinpath("page.css").read_text(encoding="utf-8")


def colors(scheme: str) -> dict[str, str]:
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    if scheme == "dark":
        found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark))
    return found


def luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_of_wcag_aa(scheme: str) -> None:
    known = colors(scheme)
    pairs = [
        *((text, ground) for text in ("ink", "muted") for ground in ("paper", "surface")),
        *((text, "open-tint") for text in ("ink", "muted")),
        ("anchor", "surface"),
        ("near", "paper"),
        *((tone, f"{tone}-tint") for tone in ("good", "bad", "open")),
        *(("ink", f"{tone}-tint") for tone in ("good", "bad", "open")),
        *((tone, "surface") for tone in ("good", "bad", "open")),
    ]
    low = {pair: contrast(known[pair[0]], known[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_stand_out_from_the_ground_they_are_drawn_on(scheme: str) -> None:
    known = colors(scheme)
    marks = ["near", "far", "middle", "point", *(f"run{place}" for place in range(8))]
    low = {mark: contrast(known[mark], known["surface"]) for mark in marks}
    assert {mark: ratio for mark, ratio in low.items() if ratio < 3} == {}

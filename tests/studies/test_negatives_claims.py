"""The claims of the studies on alignment, uniformity and negatives on made-up records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from nearfar.studies import find_study
from nearfar.studies._negatives_sweep import QUANTILES
from tests.studies.test_study_claims import the, verdicts

Rows = dict[str, dict[str, Sequence[float]]]
STEADY = (0.0, 0.001, -0.001)
NOISY = (0.0, 0.4, -0.4)


def near(value: float, noise: Sequence[float] = STEADY) -> list[float]:
    return [value + n for n in noise]


def changed(rows: Rows, name: str, **columns: Sequence[float]) -> Rows:
    return rows | {name: {**rows[name], **columns}}


ALIGN = find_study("align_or_uniform").config(ratios=(0.125, 1, 32))
ALONE: Rows = {
    "untrained": {"knn": near(0.3), "linear": near(0.35)},
    "alignment only": {"knn": near(0.1), "uniformity": near(-0.01)},
    "uniformity only": {
        "linear": near(0.3), "uniformity": near(-3.93), "alignment": near(1.5)
    },
    "ratio 0.125": {"linear": near(0.33), "ratio": [0.125] * 3},
    "ratio 1": {"linear": near(0.45), "ratio": [1.0] * 3},
    "ratio 32": {"linear": near(0.2), "ratio": [32.0] * 3, "uniformity": near(-0.1)},
}  # fmt: skip


def test_align_or_uniform() -> None:
    assert set(verdicts("align_or_uniform", ALIGN, ALONE).values()) == {"held"}
    assert set(verdicts("align_or_uniform", ALIGN, {}).values()) == {"undecided"}


@pytest.mark.parametrize(
    ("row", "column", "value", "word"),
    [
        ("alignment only", "uniformity", -1.0, "collapses"),
        ("alignment only", "knn", 0.4, "no better than the untrained encoder by kNN"),
        ("uniformity only", "uniformity", -3.0, "within 0.15"),
        ("uniformity only", "alignment", 0.2, "views apart"),
        ("uniformity only", "linear", 0.45, "equal weights"),
        ("ratio 32", "linear", 0.5, "32 is no better"),
        ("ratio 32", "linear", 0.9, "inside the sweep"),
        ("ratio 32", "uniformity", -3.0, "above a half"),
    ],
)
def test_align_or_uniform_fails(row: str, column: str, value: float, word: str) -> None:
    found = verdicts("align_or_uniform", ALIGN, changed(ALONE, row, **{column: near(value)}))
    assert the(found, word) == "not held"
    wide = changed(ALONE, row, **{column: near(value, [-3.0, 3.0, 0.1])})
    assert the(verdicts("align_or_uniform", ALIGN, wide), word) == "undecided"


CONTRAST = find_study("align_or_contrast").config(weights=("1:1:2", "3:1:3"), temperatures=(0.1, 1))
QUEUES = ("queue, τ = 0.2", "queue, 3 : 1, t = 3")


def contrast(best: Sequence[float], queue: Sequence[float]) -> dict[str, str]:
    """Verdicts where these are the accuracies of the chosen weights and of the queue's."""
    rows = {
        "1 : 1, t = 2": {"linear": near(0.9), "validation_linear": near(0.2)},  # not chosen
        "3 : 1, t = 3": {"linear": best, "validation_linear": near(0.5)},
        "τ = 0.1": {"linear": near(0.5), "validation_linear": near(0.5)},
        "τ = 1": {"linear": near(0.1), "validation_linear": near(0.4)},
        QUEUES[0]: {"linear": near(0.5)},
        QUEUES[1]: {"linear": queue},
    }
    return verdicts("align_or_contrast", CONTRAST, rows)


def test_align_or_contrast() -> None:
    assert set(contrast(near(0.5), near(0.51)).values()) == {"held"}
    assert set(contrast(near(0.6), near(0.4)).values()) == {"not held"}
    assert set(contrast(near(0.5, NOISY), near(0.5, NOISY)).values()) == {"undecided"}
    assert set(verdicts("align_or_contrast", CONTRAST, {}).values()) == {"undecided"}


SWEEP = find_study("negatives").config(batches=(64, 128, 256), limits=(64, 128, 256))


def negatives(
    rise: float = 0.02, by_batch: float = 0.02, noise: Sequence[float] = STEADY, **other: float
) -> dict[str, str]:
    """Verdicts where accuracy rises by this with each doubling of negatives and of the batch."""
    rows: Rows = {}
    for place, size in enumerate((64, 128, 256)):
        some = [n * (1 + place) for n in noise]
        known = {"head": 0.05, "excess": 0.0, "deviation": 0.0, "spread": 0.0} | other
        usual = {
            "candidates": [size] * 3,
            "linear": near(0.5 + known["head"], some),
            "projection_linear": near(0.5),
            "excess": near(-2 + known["excess"] * place, some),
            "deviation": near(0.6 + known["deviation"] * place, some),
            **{name: near(known["spread"] * place, some) for name in QUANTILES},
        }
        for name, step in ((f"batch {size}", by_batch), (f"{2 * size - 2} negatives", rise)):
            rows[name] = usual | {
                "projection_mean_classifier": near(
                    0.4 + step * place, [n * (1 + place) for n in noise]
                )
            }
    return verdicts("negatives", SWEEP, rows)


def test_negatives() -> None:
    assert set(negatives().values()) == {"held"}
    assert set(verdicts("negatives", SWEEP, {}).values()) == {"undecided"}
    assert set(negatives(noise=NOISY).values()) <= {"undecided", "not held"}
    found = negatives(0.0, -0.02, excess=0.3, head=0.0, deviation=0.2, spread=0.2)
    assert set(found.values()) == {"not held"}
    assert the(negatives(rise=0.0), "each doubling of the negatives") == "not held"
    assert the(negatives(rise=0.0), "doubling of the batch") == "held"


BOUNDS = find_study("bounds").config(batches=(32, 64, 128))


def bounds(noise: Sequence[float] = STEADY, **steps: float) -> dict[str, str]:
    """Verdicts where each quantity changes by this with each doubling."""
    known = {"gap": 0.0, "coupon_log": 0.05, "curl_log": 2.0, "supervised_share": 0.0} | steps
    rows = {
        f"batch {size}": {
            name: near(step * place, [n * (1 + place) for n in noise])
            for name, step in known.items()
        }
        for place, size in enumerate((32, 64, 128))
    }
    return verdicts("bounds", BOUNDS, rows)


def test_bounds() -> None:
    assert set(bounds().values()) == {"held"}
    found = bounds(gap=0.5, coupon_log=0.9, curl_log=0.5, supervised_share=0.5)
    assert set(found.values()) == {"not held"}
    assert set(bounds((0.0, 5.0, -5.0)).values()) == {"undecided"}
    assert set(verdicts("bounds", BOUNDS, {}).values()) == {"undecided"}


CIRCLE = find_study("circle").config()


def circle(trained: Sequence[float], entropy: Sequence[float]) -> dict[str, str]:
    rows = {
        "random": {"circle_linear": near(0.13)},
        "contrastive": {"circle_linear": trained, "angle_entropy": entropy},
        "supervised": {"circle_linear": near(0.5), "angle_entropy": near(1.6)},
    }
    return verdicts("circle", CIRCLE, rows)


def test_circle() -> None:
    assert set(circle(near(0.28), near(1.83)).values()) == {"held"}
    refuted = circle(near(0.49), near(1.0))
    assert list(refuted.values()) == ["held", "not held", "not held", "not held"]
    assert the(circle(near(0.14), near(1.83)), "random") == "not held"
    assert set(circle(near(0.3, NOISY), near(1.8, (-3.0, 3.0, 0.1))).values()) == {"undecided"}


TUNED = find_study("fine_tune").config()


def tuned(gain: Sequence[float], alone: Sequence[float]) -> dict[str, str]:
    rows = {
        "start, τ = 2.5": {"linear": near(0.4)},
        "both": {"linear": gain},
        "alignment only": {"linear": alone},
        "uniformity only": {"linear": alone},
    }
    return verdicts("fine_tune", TUNED, rows)


def test_fine_tune() -> None:
    assert set(tuned(near(0.45), near(0.35)).values()) == {"held"}
    assert set(tuned(near(0.40), near(0.42)).values()) == {"not held"}
    assert set(tuned(near(0.45, NOISY), near(0.35, NOISY)).values()) == {"undecided"}


MANY = find_study("many_encoders").config()


def many(slope: float, noise: float, encoders: int = 60) -> dict[str, str]:
    """Verdicts where accuracy falls with alignment and uniformity, or is noise."""
    rows: dict[str, Any] = {}
    for place, name in enumerate(list(MANY.settings)[:encoders]):
        x, y, z = (math.sin(place * factor) for factor in (1.1, 2.3, 3.7))
        accuracy = 0.4 - slope * (x + y) + noise * z
        rows[name] = {"alignment": [x], "uniformity": [y], "linear": [accuracy]}
    return verdicts("many_encoders", MANY, rows)


def test_many_encoders() -> None:
    assert len(MANY.settings) >= 60
    assert set(many(0.1, 0.01).values()) == {"held"}
    assert set(many(-0.1, 0.5).values()) == {"not held"}
    assert set(many(0.1, 0.1, encoders=10).values()) == {"undecided"}


CLASSES = find_study("many_classes").config()


def classes(gain: float, covered: float, noise: Sequence[float] = STEADY) -> dict[str, str]:
    accuracy = "projection_mean_classifier"
    rows = {
        name: {accuracy: near(0.1, noise), "coverage": near(covered, noise)}
        for name in ("batch 32", "batch 64", "62 negatives")
    }
    best = {accuracy: near(0.1 + gain), "coverage": near(covered, noise)}
    rows |= {"batch 128": best, "254 negatives": best}
    return verdicts("many_classes", CLASSES, rows)


def test_many_classes() -> None:
    assert set(classes(0.05, 0.01).values()) == {"held"}
    assert set(classes(0.0, 0.5).values()) == {"not held"}
    assert set(classes(0.05, 0.01, NOISY).values()) == {"undecided"}
    assert set(verdicts("many_classes", CLASSES, {}).values()) == {"undecided"}

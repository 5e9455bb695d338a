from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from nearfar.reports._series import POINTS, Metrics, Series, smooth, thin


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=5_000))
def test_a_thin_curve_keeps_extremes_ends_and_order(values: list[float]) -> None:
    curve = Series([float(i) for i in range(len(values))], values)
    thinned = thin(curve, points=100)
    assert len(thinned.y) <= 100
    assert (min(thinned.y), max(thinned.y)) == (min(values), max(values))
    assert (thinned.y[0], thinned.y[-1]) == (values[0], values[-1])
    assert thinned.x == sorted(set(thinned.x))


def test_curves_of_long_runs_have_at_most_a_thousand_points() -> None:
    generator = random.Random(0)
    curve = Series([float(i) for i in range(50_000)], [generator.random() for _ in range(50_000)])
    assert len(thin(curve).y) <= POINTS == 1_000
    assert len(smooth(curve).y) <= POINTS
    assert smooth(curve).x[-1] == curve.x[-1]


def test_a_running_mean_of_a_constant_is_the_constant_even_beside_a_huge_spike() -> None:
    values = [2.0] * 400 + [1e30] + [2.0] * 400
    mean = smooth(Series([float(i) for i in range(801)], values))
    assert mean.y[0] == mean.y[-1] == 2.0


def test_lines_of_any_shape_give_finite_curves() -> None:
    metrics = Metrics.of(
        [
            {"kind": "train", "step": 1, "epoch": 0.5, "loss": float("nan")},
            {"kind": "train", "step": 2, "epoch": 1.0, "loss": 10**400},
            {"kind": "train", "step": 3, "epoch": 1.5, "loss": 5.0, "terms": None},
            {"kind": "train", "step": 4, "epoch": 2.0, "loss": None, "terms": {"a": 1.0}},
            {"kind": "train", "step": 5, "epoch": 2.5, "loss": True},
            {"kind": "watch", "step": 5, "epoch": 2.5},
            {"kind": "other"},
            {"kind": ["train"]},
            [1, 2],
            None,
            "text",
        ]
    )
    assert metrics.curve("train", "loss").y == [5.0]
    assert metrics.terms() == ["a"]
    assert metrics.term("a").x == [2.0]
    assert metrics.last("alignment") is None
    assert metrics.unit == "epoch"


def test_curves_run_over_steps_where_an_epoch_is_missing() -> None:
    metrics = Metrics.of([{"kind": "train", "step": 7, "loss": 1.0}])
    assert metrics.unit == "step"
    assert metrics.curve("train", "loss").x == [7.0]

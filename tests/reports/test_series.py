from __future__ import annotations

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from nearfar.records import Metrics, TrainMetrics, WatchMetrics
from nearfar.reports._series import POINTS, Series, curve, last, smooth, thin, unit_of


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


def test_values_that_cannot_be_drawn_are_left_out_of_a_curve() -> None:
    losses = [math.nan, 1e300, 5.0, -math.inf]
    lines = [TrainMetrics(step=i, epoch=i / 2, loss=loss) for i, loss in enumerate(losses)]
    assert curve(lines, lambda line: line.loss) == Series([1.0], [5.0])
    assert last(lines, lambda line: line.loss) == 5.0
    assert last([WatchMetrics(step=1)], lambda line: line.alignment) is None


def test_curves_run_over_steps_where_an_epoch_is_missing() -> None:
    known = TrainMetrics(step=7, epoch=0.5, loss=1.0)
    assert unit_of(Metrics((known,))) == "epoch"
    assert unit_of(Metrics((known,), (WatchMetrics(step=7),))) == "step"
    assert curve([known], lambda line: line.loss, unit="step").x == [7.0]

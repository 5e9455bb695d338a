"""The course of training: trends, peaks, and how much longer."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nearfar.diagnostics import course, trend
from nearfar.records import Metrics, TrainMetrics, WatchMetrics


def noisy(values: np.ndarray, *, sigma: float, seed: int = 0) -> list[float]:
    return (values + sigma * np.random.default_rng(seed).normal(size=len(values))).tolist()


def test_few_values_have_no_trend() -> None:
    assert trend([1.0, 2.0, 3.0, 4.0, 5.0]) is None
    assert trend([1.0] * 6) is not None


def test_the_recent_change_is_that_of_the_last_fifth() -> None:
    found = trend([*([0.0] * 15), *([1.0] * 5), *([3.0] * 5)])
    assert found is not None
    assert (found.first, found.last, found.recent) == (0.0, 3.0, 2.0)


def test_the_peak_is_found_where_it_is() -> None:
    steps = np.arange(101)
    found = trend((-np.abs(steps - 40.0)).tolist())
    assert found is not None
    assert found.peak_at == pytest.approx(0.4, abs=0.01)
    assert found.peak > found.last > found.first - 21  # both ends are lower


def test_noise_is_the_standard_error_of_a_change_whatever_the_trend() -> None:
    sigma, width = 0.3, 40
    for slope in (0.0, 0.01):
        errors = []
        for seed in range(300):
            found = trend(noisy(slope * np.arange(200), sigma=sigma, seed=seed))
            assert found is not None
            errors.append(found.recent)
        assert found.noise == pytest.approx(sigma * math.sqrt(2 / width), rel=0.25)
        assert np.std(errors) == pytest.approx(sigma * math.sqrt(2 / width), rel=0.15)


def metrics(losses: list[float], orders: list[float] | None = None) -> Metrics:
    return Metrics(
        tuple(TrainMetrics(step=10 * k, loss=loss) for k, loss in enumerate(losses, 1)),
        tuple(
            WatchMetrics(step=10 * k, m_r=0.9, representation_order=order)
            for k, order in enumerate(orders or [], 1)
        ),
    )


def test_readings_that_were_not_taken_are_left_out() -> None:
    assert course(Metrics()) == {"updates": 0.0}
    found = course(metrics([5.0] * 10))
    assert found["updates"] == 100
    assert not [name for name in found if name.startswith(("m_r", "representation"))]
    broken = course(metrics([math.nan, 5.0, 5.0, 5.0, 5.0, 5.0]))
    assert broken == {"updates": 60.0}  # five values are left


@pytest.mark.parametrize("fifths", [1.0, 2.0, 3.0])
def test_how_much_longer_follows_from_how_the_fall_slows_down(fifths: float) -> None:
    """A loss that falls by an exponential has settled after a known time."""
    count = 1_000
    losses = [math.exp(-fifths * k / (count / 5)) for k in range(count)]
    found = course(metrics(losses))
    whole = np.mean(losses[:200]) - np.mean(losses[-200:])
    fall = np.mean(losses[-400:-200]) - np.mean(losses[-200:])
    expected = 1 + max(0.0, math.log(fall / (0.02 * whole)) / fifths / 5)
    assert found["longer"] == pytest.approx(expected, rel=1e-6)


def test_a_loss_that_rises_says_nothing_on_how_much_longer() -> None:
    assert "longer" not in course(metrics([float(k) for k in range(50)]))

"""Student's t against scipy, intervals against scipy's paired test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from nearfar._student_t import student_quantile
from nearfar.studies._seed_intervals import paired_interval


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 10, 29, 100, 200, 201, 5000])
def test_quantiles_are_those_of_scipy(freedom: int) -> None:
    for probability in (0.5, 0.6, 0.9, 0.975, 0.995):
        expected = stats.t.ppf(probability, freedom)
        assert student_quantile(freedom, confidence=2 * probability - 1) == pytest.approx(
            expected, rel=1e-6, abs=1e-12
        )


@pytest.mark.parametrize("seeds", [2, 3, 5, 12])
def test_intervals_are_those_of_the_paired_t_test(seeds: int) -> None:
    draw = np.random.default_rng(seeds)
    values, others = draw.normal(size=(2, seeds)).tolist()
    expected = stats.ttest_rel(values, others).confidence_interval(0.9)
    found = paired_interval(values, others, confidence=0.9)
    assert found is not None
    assert found.low == pytest.approx(expected.low)
    assert found.high == pytest.approx(expected.high)
    assert found.mean == pytest.approx(np.mean(values) - np.mean(others))


def test_what_cannot_be_paired_has_no_interval() -> None:
    assert paired_interval([1.0], [0.5]) is None
    assert paired_interval([1.0, 2.0], [0.5]) is None

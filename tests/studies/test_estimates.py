"""Student's t, intervals and sign flips against scipy; the number of seeds that decides."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from nearfar._student_t import student_quantile, student_tail
from nearfar.studies._estimates import NormalEstimate, SignFlips, of_seeds, seeds_to_decide


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 10, 29, 100, 200, 201, 5000])
def test_quantiles_are_those_of_scipy(freedom: int) -> None:
    for probability in (0.5, 0.6, 0.9, 0.975, 0.995):
        expected = stats.t.ppf(probability, freedom)
        assert student_quantile(freedom, confidence=2 * probability - 1) == pytest.approx(
            expected, rel=1e-6, abs=1e-12
        )


@pytest.mark.parametrize(
    ("freedom", "error"), [(1, 1e-9), (2, 1e-9), (5, 1e-9), (200, 1e-9), (201, 1e-3), (5000, 1e-4)]
)
def test_tails_are_those_of_scipy(freedom: int, error: float) -> None:
    for value in (-3.0, -0.5, 0.0, 0.7, 2.0, 6.0):
        expected = stats.t.sf(value, freedom)
        assert student_tail(value, freedom) == pytest.approx(expected, rel=error, abs=1e-12)


def test_tails_without_a_limit_of_freedom_are_normal() -> None:
    assert student_tail(1.3, math.inf) == pytest.approx(stats.norm.sf(1.3))
    assert student_quantile(math.inf) == pytest.approx(stats.norm.ppf(0.975))
    assert [student_tail(value, 4) for value in (math.inf, -math.inf)] == [0.0, 1.0]


@pytest.mark.parametrize("seeds", [2, 3, 5, 12])
def test_intervals_are_those_of_the_paired_t_test(seeds: int) -> None:
    draw = np.random.default_rng(seeds)
    values, others = draw.normal(size=(2, seeds))
    found = of_seeds((values - others).tolist())
    test = stats.ttest_rel(values, others)
    expected = test.confidence_interval(0.9)
    assert found.interval(0.9) == pytest.approx((expected.low, expected.high))
    greater = stats.ttest_rel(values - 0.3, others, alternative="greater").pvalue
    less = stats.ttest_rel(values - 0.3, others, alternative="less").pvalue
    assert (found.exceeds(0.3), found.falls_below(0.3)) == pytest.approx((greater, less))


def test_one_seed_has_no_interval_and_decides_nothing() -> None:
    found = of_seeds([3.0])
    assert found.interval(0.95) is None
    assert found.exceeds(0.0) == found.falls_below(9.0) == 1.0
    assert found.needed(1.0, confidence=0.95) is None


def test_an_exact_value_has_an_interval_of_one_point() -> None:
    exact = NormalEstimate(2.0, 0.0, math.inf)
    assert exact.interval(0.95) == (2.0, 2.0)
    assert (exact.exceeds(1.9), exact.exceeds(2.0), exact.falls_below(2.1)) == (0.0, 1.0, 0.0)


@pytest.mark.parametrize("seeds", [3, 6, 9])
def test_sign_flips_are_the_permutation_test_of_scipy(seeds: int) -> None:
    values = np.random.default_rng(seeds).normal(0.5, 1, size=seeds)
    expected = stats.permutation_test(
        (values - 0.1,), np.mean, permutation_type="samples", alternative="greater",
        n_resamples=np.inf, vectorized=False,
    )  # fmt: skip
    assert SignFlips(tuple(values)).exceeds(0.1) == pytest.approx(expected.pvalue)


def test_the_interval_of_sign_flips_is_what_the_test_does_not_reject() -> None:
    found = SignFlips((1.0, 1.5, 2.0, 2.2, 3.0, 3.1, 4.0))
    ends = found.interval(0.95)
    assert ends is not None
    low, high = ends
    assert low < found.value < high
    for inside, outside, test in ((low, -1e-6, found.exceeds), (high, 1e-6, found.falls_below)):
        assert test(inside) > 0.025
        assert test(inside + outside) <= 0.025


def test_five_seeds_are_too_few_for_sign_flips_at_95_percent() -> None:
    assert SignFlips((1.0, 1.1, 1.2, 1.3, 1.4)).interval(0.95) is None
    assert SignFlips((1.0, 1.1, 1.2, 1.3, 1.4, 1.5)).interval(0.95) is not None


def test_many_seeds_draw_their_sign_patterns_reproducibly() -> None:
    values = tuple(np.random.default_rng(0).normal(0.6, 1, size=20).tolist())
    first, second = SignFlips(values).exceeds(0.0), SignFlips(values).exceeds(0.0)
    assert first == second
    assert first == pytest.approx(
        stats.ttest_1samp(values, 0, alternative="greater").pvalue, abs=0.01
    )


@pytest.mark.parametrize(("spread", "distance"), [(1.0, 2.0), (1.0, 1.0), (1.0, 0.4), (3.0, 1.0)])
def test_so_many_seeds_have_a_power_of_80_percent(spread: float, distance: float) -> None:
    count = seeds_to_decide(spread, distance)
    assert count is not None

    def power(seeds: int) -> float:
        shift = distance / spread * math.sqrt(seeds)
        return float(stats.nct.sf(stats.t.ppf(0.975, seeds - 1), seeds - 1, shift))

    assert power(count) > 0.79
    assert power(count - 2) < 0.83


def test_no_number_of_seeds_decides_what_is_not_there() -> None:
    assert seeds_to_decide(1.0, 0.0) is None
    assert seeds_to_decide(1.0, 1e-4) is None

"""PAC-Bayes certificates, against the published ones and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearfar.theory import pac_bayes_bound, pac_bayes_dependent_bound

# CIFAR-100: risk of the Gibbs network, divergence, samples, λ at the optimum, bound
PUBLISHED = [
    (0.172, 32756, 47_500, 122_781, 0.733),
    (0.170, 30894, 47_500, 119_687, 0.718),
    (0.323, 1333, 50_000, 24_295, 0.437),
]


def price(divergence: float, samples: int, prior_index: int = 1) -> float:
    union = math.log(math.pi**2 * prior_index**2 / (6 * 0.05))
    return (divergence + union + math.log(2 * math.sqrt(samples))) / samples


def catoni(scale: float, risk: float, price: float) -> float:
    return -math.expm1(-scale * risk - price) / -math.expm1(-scale)


@pytest.mark.parametrize(("risk", "divergence", "samples", "scale", "published"), PUBLISHED)
def test_published_certificates_are_met(
    risk: float, divergence: int, samples: int, scale: int, published: float
) -> None:
    bound = pac_bayes_bound(risk, divergence=divergence, samples=samples, prior_index=100)
    assert bound == pytest.approx(published, abs=0.002)  # the risks are printed to three digits
    best = math.log(bound * (1 - risk) / (risk * (1 - bound)))  # the λ / m it belongs to
    assert best * samples == pytest.approx(scale, rel=0.01)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(
    risk=st.floats(0, 1),
    divergence=st.floats(0, 1e5),
    samples=st.integers(1, 10**6),
    prior_index=st.integers(1, 500),
)
def test_the_infimum_is_below_every_catoni_bound_and_reached_by_one(
    risk: float, divergence: float, samples: int, prior_index: int
) -> None:
    bound = pac_bayes_bound(risk, divergence=divergence, samples=samples, prior_index=prior_index)
    allowed = price(divergence, samples, prior_index)
    grid = [catoni(scale, risk, allowed) for scale in np.geomspace(1e-4, 50, 2000)]
    assert risk <= bound <= 1
    assert bound <= min(grid) + 1e-9
    assert bound == pytest.approx(min(1.0, *grid), abs=2e-3)


def test_certificates_loosen_with_divergence_and_tighten_with_samples() -> None:
    few, many = (pac_bayes_bound(0.2, divergence=100, samples=m) for m in (1_000, 100_000))
    far = pac_bayes_bound(0.2, divergence=1_000, samples=100_000)
    assert 0.2 < many < far
    assert many < few < 1
    assert pac_bayes_bound(0.2, divergence=1e9, samples=100) == pytest.approx(1)
    assert pac_bayes_bound(1, divergence=0, samples=100) == 1
    assert 0 < pac_bayes_bound(0, divergence=0, samples=10**6) < 1e-4


def test_the_certificate_fails_no_more_often_than_it_says() -> None:
    rng = np.random.default_rng(0)
    for truth in (0.05, 0.3, 0.5):
        risks = rng.binomial(100, truth, size=2_000) / 100
        known = {
            risk: pac_bayes_bound(float(risk), divergence=0, samples=100)
            for risk in np.unique(risks)
        }
        assert np.mean([known[risk] < truth for risk in risks]) <= 0.05


def test_dependent_samples_cost_more() -> None:
    given = {"divergence": 3.0, "samples": 10_000}
    alone = pac_bayes_dependent_bound(0.2, dependence=0, **given)
    assert alone == pytest.approx(0.2 + math.pi * math.sqrt(4 / (24 * 10_000 * 0.05)), rel=1e-12)
    near = pac_bayes_dependent_bound(0.2, dependence=2, **given)
    assert near - 0.2 == pytest.approx(3 * (alone - 0.2), rel=1e-12)
    later = pac_bayes_dependent_bound(0.2, dependence=0, prior_index=7, **given)
    assert later - 0.2 == pytest.approx(7 * (alone - 0.2), rel=1e-12)


def test_the_certificate_of_dependent_samples_holds_for_copies_in_a_row() -> None:
    rng = np.random.default_rng(0)
    means = rng.binomial(1, 0.3, size=(2_000, 250)).mean(axis=1)  # each shown for 5 samples
    bounds = [
        pac_bayes_dependent_bound(float(m), divergence=0, samples=1250, dependence=4) for m in means
    ]
    assert np.mean(np.array(bounds) < 0.3) <= 0.05


@pytest.mark.usefixtures("as_users_run_it")
def test_what_makes_no_sense_is_refused() -> None:
    good = {"divergence": 1.0, "samples": 10}
    with pytest.raises(ValueError, match=r"`risk` must lie between 0 and 1, got 1\.5"):
        pac_bayes_bound(1.5, **good)
    with pytest.raises(ValueError, match="`divergence` must be a finite number of 0 or above"):
        pac_bayes_bound(0.5, divergence=-1.0, samples=10)
    with pytest.raises(ValueError, match="`samples` must be a whole number of 1 or more, got 0"):
        pac_bayes_bound(0.5, divergence=1.0, samples=0)
    with pytest.raises(ValueError, match="`prior_index` must be a whole number of 1 or more"):
        pac_bayes_bound(0.5, prior_index=0, **good)
    for failure in (0, -0.1, 1.5):
        with pytest.raises(ValueError, match="`failure_probability` must"):
            pac_bayes_bound(0.5, failure_probability=failure, **good)
        with pytest.raises(ValueError, match="`failure_probability` must"):
            pac_bayes_dependent_bound(0.5, dependence=1, failure_probability=failure, **good)
    with pytest.raises(ValueError, match="`dependence` must be a whole number of 0 or more"):
        pac_bayes_dependent_bound(0.5, dependence=-1, **good)

"""Collisions, against exact arithmetic and the published rows."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nearfar.theory import collision_probability, expected_log_collisions, log_no_collision
from references import negatives as exact

SKEWED = [Fraction(1, 2), Fraction(3, 10), Fraction(19, 100), Fraction(1, 100)]

# classes, candidates K + 1: τ_K and the expected logarithm, to the digits printed
TABLE = {
    (2, 2): (0.5, 0.3466),
    (2, 4): (0.875, 0.8452),
    (4, 16): (0.986637, 1.4870),
    (4, 32): (0.999866, 2.1277),
    (4, 512): (1.0, 4.8550),
    (10, 16): (0.794109, 0.8013),
    (10, 32): (0.961848, 1.3169),
    (10, 63): (0.998544, 1.9146),
    (10, 64): (0.998690, 1.9291),
    (10, 128): (0.999998, 2.5851),
    (10, 256): (1.0, 3.2603),
    (10, 512): (1.0, 3.9446),
    (20, 32): (0.796093, 0.8164),
    (20, 64): (0.960501, 1.3250),
    (20, 128): (0.998518, 1.9330),
    (20, 256): (0.999998, 2.5871),
    (100, 128): (0.720958, 0.6966),
    (100, 256): (0.922914, 1.1554),
    (100, 384): (0.978705, 1.4832),
    (100, 512): (0.994117, 1.7342),
    (100, 640): (0.998375, 1.9362),
    (100, 768): (0.999551, 2.1048),
    (100, 896): (0.999876, 2.2492),
    (100, 1024): (0.999966, 2.3755),
    (1000, 4096): (0.983378, 1.5396),
    (1000, 8192): (0.999724, 2.1656),
    (1000, 65537): (1.0, 4.1903),
}

PUBLISHED_ROWS = {
    10: {32: 1.32, 64: 1.93, 128: 2.58, 256: 3.26, 512: 3.94},
    100: {
        128: 0.69,
        256: 1.15,
        384: 1.48,
        512: 1.73,
        640: 1.93,
        768: 2.10,
        896: 2.24,
        1024: 2.37,
    },
    4: {16: 1.49, 32: 2.13, 64: 2.80, 128: 3.48, 256: 4.16, 512: 4.85},
}


@pytest.mark.parametrize(("classes", "candidates"), TABLE)
def test_the_reference_table_is_met_to_its_digits(classes: int, candidates: int) -> None:
    tau, collisions = TABLE[classes, candidates]
    assert collision_probability(candidates - 1, classes) == pytest.approx(tau, abs=5.1e-7)
    assert expected_log_collisions(candidates - 1, classes) == pytest.approx(collisions, abs=5.1e-5)


@pytest.mark.parametrize("classes", PUBLISHED_ROWS)
def test_the_papers_collision_rows_are_met(classes: int) -> None:
    for candidates, published in PUBLISHED_ROWS[classes].items():
        found = expected_log_collisions(candidates - 1, classes)
        assert found == pytest.approx(published, abs=0.01)  # means over batches of distinct images


@pytest.mark.parametrize("prior", [exact.equal(2), exact.equal(7), SKEWED], ids=str)
@pytest.mark.parametrize("negatives", [1, 2, 5, 40, 250])
def test_exact_arithmetic_agrees(prior: list[Fraction], negatives: int) -> None:
    floats = [float(p) for p in prior]
    tau = exact.collision_probability(negatives, prior)
    assert collision_probability(negatives, floats) == pytest.approx(float(tau), rel=1e-13)
    assert log_no_collision(negatives, floats) == pytest.approx(exact.log(1 - tau), rel=1e-13)
    logs = exact.expected_log_collisions(negatives, prior)
    assert expected_log_collisions(negatives, floats) == pytest.approx(logs, rel=1e-12)


def test_rare_collisions_keep_their_digits() -> None:
    assert collision_probability(1, 10**9) == pytest.approx(1e-9, rel=1e-12)
    assert expected_log_collisions(1, 10**9) == pytest.approx(1e-9 * math.log(2), rel=1e-12)


def test_no_collision_is_told_from_one_far_below_rounding() -> None:
    assert collision_probability(65_536, 10) == 1
    assert log_no_collision(65_536, 10) == pytest.approx(65_536 * math.log(0.9), rel=1e-13)


def test_many_negatives_cost_the_logarithm_of_their_share() -> None:
    found = expected_log_collisions(10**8, [0.25, 0.75])
    assert found == pytest.approx(0.25 * math.log(0.25e8) + 0.75 * math.log(0.75e8), abs=1e-6)


def test_simulated_collisions_agree() -> None:
    prior = torch.tensor([float(p) for p in SKEWED])
    labels = torch.multinomial(prior, 20_000 * 13, replacement=True).view(20_000, 13)
    counts = (labels[:, 1:] == labels[:, :1]).sum(dim=1).double()
    assert float((counts > 0).double().mean()) == pytest.approx(
        collision_probability(12, prior), abs=0.012
    )
    assert float(counts.log1p().mean()) == pytest.approx(
        expected_log_collisions(12, prior), abs=0.02
    )


def test_a_single_class_always_collides_and_no_negative_never_does() -> None:
    assert collision_probability(3, 1) == 1
    assert log_no_collision(3, 1) == -math.inf
    assert expected_log_collisions(3, 1) == pytest.approx(math.log(4), rel=1e-14)
    for prior in (1, 5, [0.5, 0.5]):
        assert collision_probability(0, prior) == 0
        assert log_no_collision(0, prior) == 0
        assert expected_log_collisions(0, prior) == 0


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    weights=st.lists(st.floats(0.01, 1), min_size=1, max_size=12),
    negatives=st.integers(1, 3000),
)
def test_any_prior_gives_probabilities_that_rise(weights: list[float], negatives: int) -> None:
    prior = [w / math.fsum(weights) for w in weights]
    tau, more = (collision_probability(k, prior) for k in (negatives, 2 * negatives))
    assert 0 < tau <= more <= 1
    logs, more_logs = (expected_log_collisions(k, prior) for k in (negatives, 2 * negatives))
    assert 0 < logs < more_logs
    assert logs <= math.log1p(negatives) * (1 + 1e-13)
    assert logs >= math.log(2) * tau * (1 - 1e-12)  # a collision costs ln 2 or more
    assert tau >= collision_probability(1, len(prior)) - 1e-12  # equal classes collide least once
    assert collision_probability(negatives, prior[::-1]) == pytest.approx(tau, rel=1e-12)
    assert expected_log_collisions(negatives, prior[::-1]) == pytest.approx(logs, rel=1e-12)
    assert log_no_collision(negatives, prior) <= 0


def test_nearly_equal_classes_read_as_equal_ones() -> None:
    uneven = torch.full((50,), 1 / 50, dtype=torch.float64)
    uneven += 1e-9 * torch.linspace(-1, 1, 50, dtype=torch.float64)
    for quantity in (collision_probability, log_no_collision, expected_log_collisions):
        assert quantity(100, uneven) == pytest.approx(quantity(100, 50), rel=1e-7)


@pytest.mark.usefixtures("as_users_run_it")
@pytest.mark.parametrize(
    "quantity", [collision_probability, log_no_collision, expected_log_collisions]
)
def test_what_makes_no_sense_is_refused(quantity) -> None:
    with pytest.raises(ValueError, match="`num_negatives` must be a whole number of 0 or more"):
        quantity(-1, 10)
    with pytest.raises(ValueError, match=r"`num_negatives` must be a whole number.*got 1\.5"):
        quantity(1.5, 10)
    with pytest.raises(ValueError, match="`prior` must be a whole number of 1 or more, got 0"):
        quantity(5, 0)
    with pytest.raises(ValueError, match=r"`prior` must sum to 1, got a sum of 0\.9"):
        quantity(5, [0.5, 0.4])
    with pytest.raises(ValueError, match=r"probabilities above 0, got -0\.5 for class 1"):
        quantity(5, [1.5, -0.5])
    with pytest.raises(ValueError, match="probabilities above 0, got 0 for class 2"):
        quantity(5, torch.tensor([0.5, 0.5, 0.0]))
    with pytest.raises(ValueError, match="probabilities above 0, got nan for class 0"):
        quantity(5, [math.nan, 1.0])
    with pytest.raises(ValueError, match=r"`prior` must be a number of classes or .* shape \(0,\)"):
        quantity(5, [])
    with pytest.raises(ValueError, match=r"shape \(2, 2\)"):
        quantity(5, torch.full((2, 2), 0.25))

"""What colliding negatives cost, at least and at most."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nearfar.data.worlds import GaussianClasses
from nearfar.ops import to_sphere
from nearfar.theory import CollisionTerm, collision_term_bound, expected_log_collisions
from references import negatives as exact


@settings(max_examples=30, deadline=None, derandomize=True, database=None)
@given(
    seed=st.integers(0, 10**6),
    noise=st.floats(0, 2),
    num_negatives=st.integers(1, 100),
    temperature=st.floats(0.05, 3),
)
def test_the_cost_of_collisions_stays_below_its_bound(
    seed: int, noise: float, num_negatives: int, temperature: float
) -> None:
    world = GaussianClasses(3, 4, instance_noise=noise, augmentation_noise=noise, seed=seed)
    drawn = world.draw(torch.arange(60) % 3)
    found = collision_term_bound(
        drawn.embeddings,
        drawn.labels,
        num_negatives=num_negatives,
        temperature=temperature,
        draws=1000,
    )
    slack = 0.1 * (1 + 1 / temperature)
    assert 0 <= found.term <= found.bound + slack
    assert 0 <= found.deviation <= 2
    assert found.collisions == pytest.approx(expected_log_collisions(num_negatives, 3))


def test_classes_that_are_points_cost_the_logarithm_and_no_more() -> None:
    embeddings, labels = torch.eye(4).repeat(2, 10, 1), torch.arange(4).repeat(10)
    found = collision_term_bound(
        embeddings, labels, num_negatives=31, temperature=0.5, draws=20_000
    )
    assert found.deviation == 0
    assert found.bound == pytest.approx(found.collisions)
    assert found.term == pytest.approx(found.collisions, abs=5 * found.standard_error)


def test_many_negatives_are_looked_at_as_few_are() -> None:
    drawn = GaussianClasses(4, 6).draw(400)
    few, many = (
        collision_term_bound(
            drawn.embeddings, drawn.labels, num_negatives=k, temperature=0.5, draws=2000
        )
        for k in (1023, 1024)
    )
    assert many.term == pytest.approx(few.term, abs=5 * few.standard_error)
    assert many.bound == pytest.approx(few.bound, abs=0.05)


def test_the_tabled_deviation_is_the_mean_over_pairs() -> None:
    drawn = GaussianClasses(3, 4).draw(60)
    truth = exact.same_class_deviation(*drawn.embeddings.tolist(), drawn.labels.tolist())
    found = collision_term_bound(
        drawn.embeddings, drawn.labels, num_negatives=1, temperature=0.5, draws=60_000
    )
    assert found.deviation == pytest.approx(truth, abs=0.01)


def test_the_cost_is_that_of_one_negative_gone_through_by_hand() -> None:
    z = to_sphere(torch.randn(2, 6, 3, dtype=torch.float64))
    labels = torch.tensor([0, 0, 0, 1, 1, 1])
    total = 0.0
    for a in range(2):
        for i in range(6):
            for b in range(2):
                for k in range(6):
                    if labels[i] == labels[k]:
                        lead = float(z[a, i] @ (z[b, k] - z[1 - a, i])) / 0.3
                        total += math.log1p(math.exp(lead)) / 144
    found = collision_term_bound(z, labels, num_negatives=1, temperature=0.3, draws=100_000)
    assert found.term == pytest.approx(total, abs=5 * found.standard_error)


def test_a_seed_decides_and_the_record_survives_json() -> None:
    drawn = GaussianClasses(3, 4).draw(60)
    first, second = (
        collision_term_bound(
            drawn.embeddings, drawn.labels, num_negatives=9, temperature=0.5, seed=7
        )
        for _ in range(2)
    )
    assert first == second == CollisionTerm.from_json(first.to_json())


def test_classes_of_one_sample_have_no_deviation() -> None:
    found = collision_term_bound(
        torch.randn(2, 5, 3), torch.arange(5), num_negatives=9, temperature=0.5
    )
    assert found.deviation == 0


@pytest.mark.usefixtures("as_users_run_it")
def test_what_makes_no_sense_is_refused() -> None:
    z, y = torch.randn(2, 6, 3), torch.tensor([0, 0, 0, 1, 1, 1])
    with pytest.raises(ValueError, match="`temperature` must be a finite number above 0, got 0"):
        collision_term_bound(z, y, num_negatives=3, temperature=0)
    with pytest.raises(ValueError, match="`num_negatives` must be a whole number of 1 or more"):
        collision_term_bound(z, y, num_negatives=0, temperature=1)
    with pytest.raises(ValueError, match="got 2 classes and the label 5"):
        collision_term_bound(z, 5 * y, num_negatives=3, temperature=1, prior=2)

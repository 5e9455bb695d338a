"""Advice: every number is that of the function behind it, every bound bounds."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nearfar.objectives import InfoNCELoss, NTXentLoss, nt_xent_loss
from nearfar.records import AdviceLine, AdviceRecord
from nearfar.theory import (
    advise,
    bound_curves,
    coupon_collector_probability,
    expected_log_collisions,
    perfect_contrastive_loss,
    uniformity_minimum,
)


def lines_of(advice: AdviceRecord, about: str) -> list[AdviceLine]:
    return [line for line in advice.lines if line.about == about]


def test_a_batch_is_its_own_negatives_and_a_queue_is_not() -> None:
    batch = advise(batch_size=64, dim=32, temperature=0.3)
    queue = advise(batch_size=64, dim=32, temperature=0.3, num_negatives=1_000)
    for advice, objective, negatives in (
        (batch, NTXentLoss(temperature=0.3), 126),
        (queue, InfoNCELoss(temperature=0.3), 1_000),
    ):
        (chance,), (best,) = lines_of(advice, "chance"), lines_of(advice, "best")
        bank = {} if negatives == 126 else {"num_negatives": negatives}
        assert chance.value == pytest.approx(objective.chance(batch_size=64, **bank))
        assert best.value == perfect_contrastive_loss(32, temperature=0.3, num_negatives=negatives)
        assert lines_of(advice, "ceiling")[0].value == pytest.approx(chance.value)


def test_an_aligned_and_uniform_batch_has_the_best_loss() -> None:
    z = torch.nn.functional.normalize(torch.randn(2_000, 16, dtype=torch.float64))
    loss = nt_xent_loss(z, z, temperature=0.5).item()
    advice = advise(batch_size=2_000, dim=16, temperature=0.5, loss=loss)
    assert loss == pytest.approx(lines_of(advice, "best")[0].value, abs=2e-3)
    assert lines_of(advice, "loss")[0].value == pytest.approx(1.0, abs=2e-3)


def test_without_a_temperature_only_the_sphere_speaks() -> None:
    advice = advise(batch_size=64, dim=8, uniformity=-3.0, watched=180, samples=640)
    assert [line.about for line in advice.lines] == ["uniform", "spread", "data"]
    assert lines_of(advice, "uniform")[0].value == uniformity_minimum(8)
    assert lines_of(advice, "data")[0].value == 10


def test_a_uniformity_at_its_floor_is_recognized() -> None:
    low = advise(batch_size=64, dim=8, uniformity=uniformity_minimum(8))
    high = advise(batch_size=64, dim=8, uniformity=-1.0)
    assert "is at its minimum" in lines_of(low, "spread")[0].statement
    assert "above the minimum" in lines_of(high, "spread")[0].statement


def test_a_cold_loss_is_said_to_show_nothing() -> None:
    assert lines_of(advise(batch_size=256, dim=128, temperature=0.05), "vacuous")
    assert not lines_of(advise(batch_size=256, dim=128, temperature=0.5), "vacuous")


def test_what_key_lines_a_training_prints() -> None:
    advice = advise(batch_size=256, dim=128, temperature=0.2, prior=10)
    assert [line.about for line in advice.lines if line.matters] == [
        "chance",
        "best",
        "ceiling",
        "uniform",
    ]


def test_classes_come_as_a_number_or_as_frequencies() -> None:
    equal = advise(batch_size=64, dim=32, temperature=0.2, prior=4)
    given_ones = advise(batch_size=64, dim=32, temperature=0.2, prior=[0.25] * 4)
    assert [line.value for line in equal.lines] == pytest.approx(
        [line.value for line in given_ones.lines]
    )
    assert lines_of(equal, "coverage")[0].value == coupon_collector_probability(64, 4)
    assert lines_of(equal, "cost")[0].value == expected_log_collisions(63, 4)


def test_one_class_has_nothing_to_bound() -> None:
    advice = advise(batch_size=64, dim=32, temperature=0.2, prior=1)
    assert not lines_of(advice, "bound")
    assert advice.curves == ()


@settings(max_examples=20, deadline=None, derandomize=True, database=None)
@given(
    classes=st.integers(2, 40),
    draws=st.integers(2, 400),
    temperature=st.floats(0.05, 2.0),
)
def test_bounds_are_never_below_what_they_bound(
    classes: int, draws: int, temperature: float
) -> None:
    potential = math.exp(-classes / (classes - 1) / temperature)
    truth = math.log1p((classes - 1) * potential)
    advice = advise(batch_size=draws, dim=64, temperature=temperature, prior=classes)
    for line in lines_of(advice, "bound"):
        assert line.value >= truth - 1e-9


def test_one_bound_explodes_and_the_other_does_not() -> None:
    arora, coupon, collapsed = bound_curves(10, temperature=0.5, most=512)
    assert arora.candidates == coupon.candidates == collapsed.candidates
    covered = [coupon_collector_probability(n, 10) > 0.8 for n in arora.candidates]
    large = [value for value, shown in zip(coupon.values, covered, strict=True) if shown]
    assert max(large) - min(large) < math.log(2)
    assert arora.values[-1] - min(arora.values) > 45
    assert set(collapsed.values) == {math.log(math.log(10))}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 1}, "`batch_size` must be a whole number of 2 or more, got 1"),
        ({"dim": 0}, "`dim` must be a whole number of 1 or more, got 0"),
        ({"temperature": -1.0}, "`temperature` must be a finite number above 0, got -1.0"),
        ({"num_negatives": 0}, "`num_negatives` must be a whole number of 1 or more, got 0"),
        ({"prior": [0.5, 0.4]}, "`prior` must sum to 1"),
        ({"samples": 10}, "`batch_size` must be at most the 10 samples of the data, got 64"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        advise(**({"batch_size": 64, "dim": 32, "temperature": 0.2} | arguments))  # type: ignore[arg-type]


def test_curves_need_two_classes() -> None:
    with pytest.raises(ValueError, match="`prior` must have at least 2 classes, got 1"):
        bound_curves(1, temperature=0.5)


def test_the_record_comes_back_from_json() -> None:
    advice = advise(batch_size=8, dim=32, temperature=0.2, prior=100)
    assert AdviceRecord.from_json(advice.to_json()) == advice

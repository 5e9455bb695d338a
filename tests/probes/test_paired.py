"""Paired differences: values by hand, agreement with bootstraps, coverage by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, balanced_accuracy_score
from sklearn.metrics import r2_score as theirs_r2

from nearfar._student_t import student_quantile
from nearfar.probes import (
    PairedDifference,
    paired_accuracy,
    paired_average_precision,
    paired_r2,
)


def test_the_interval_of_accuracies_is_that_of_bonett_and_price() -> None:
    labels = torch.zeros(200, dtype=torch.long)
    first = torch.tensor([0] * 150 + [0] * 20 + [1] * 8 + [1] * 22)
    second = torch.tensor([0] * 150 + [1] * 20 + [0] * 8 + [1] * 22)
    found = paired_accuracy(first, second, labels)
    p12, p21 = 21 / 202, 9 / 202
    error = math.sqrt((p12 + p21 - (p12 - p21) ** 2) / 202)
    assert found.difference == pytest.approx(0.06)
    assert found.low == pytest.approx(p12 - p21 - 1.96 * error, abs=1e-3)
    assert found.high == pytest.approx(p12 - p21 + 1.96 * error, abs=1e-3)
    assert found.samples == 200
    same = paired_accuracy(first, first, labels)
    assert same.difference == 0
    assert same.low < 0 < same.high  # agreement is no proof
    assert not same.conclusive


def test_balanced_differences_weigh_classes_equally() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = (torch.rand(300, generator=generator) < 0.1).long()
    first, second = (
        torch.where(torch.rand(300, generator=generator) < p, labels, 1 - labels)
        for p in (0.9, 0.7)
    )
    found = paired_accuracy(first, second, labels, balanced=True)
    expected = balanced_accuracy_score(labels, first) - balanced_accuracy_score(labels, second)
    assert found.difference == pytest.approx(expected)
    plain = paired_accuracy(first, second, labels)
    assert found.high - found.low > plain.high - plain.low  # 30 samples of the rare class


def test_the_interval_of_r2_is_near_the_bootstrap() -> None:
    generator = np.random.default_rng(0)
    y = generator.normal(size=400)
    first, second = y + 0.5 * generator.normal(size=400), y + 0.7 * generator.normal(size=400)
    found = paired_r2(*map(torch.tensor, (first, second, y)))
    assert found.difference == pytest.approx(theirs_r2(y, first) - theirs_r2(y, second))
    drawn = []
    for _ in range(500):
        rows = generator.integers(400, size=400)
        drawn.append(theirs_r2(y[rows], first[rows]) - theirs_r2(y[rows], second[rows]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert found.low == pytest.approx(low, abs=0.03)
    assert found.high == pytest.approx(high, abs=0.03)


def test_draws_of_average_precision_are_those_of_a_loop() -> None:
    generator = np.random.default_rng(0)
    labels = (generator.random((60, 3)) < 0.4).astype(int)
    first = labels + generator.normal(size=labels.shape).round(1)
    second = generator.normal(size=labels.shape).round(1)
    found = paired_average_precision(*map(torch.tensor, (first, second, labels)))
    expected = average_precision_score(labels, first) - average_precision_score(labels, second)
    assert found.difference == pytest.approx(expected)
    drawn = []
    for _ in range(300):
        rows = generator.integers(60, size=60)
        one, other = (average_precision_score(labels[rows], s[rows]) for s in (first, second))
        drawn.append(one - other)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert found.low == pytest.approx(low, abs=0.04)
    assert found.high == pytest.approx(high, abs=0.04)
    again = paired_average_precision(*map(torch.tensor, (first, second, labels)))
    assert found == again


def test_copies_of_a_sample_are_one_when_grouped() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.zeros(40, dtype=torch.long)
    first, second = (torch.rand(40, generator=generator) < p for p in (0.2, 0.6))
    one = paired_accuracy(first.long(), second.long(), labels)
    copied = [part.repeat_interleave(10) for part in (first.long(), second.long(), labels)]
    grouped = paired_accuracy(*copied, groups=torch.arange(40).repeat_interleave(10))
    assert (grouped.low, grouped.high) == pytest.approx((one.low, one.high))
    assert (grouped.difference, grouped.samples) == (pytest.approx(one.difference), 400)
    naive = paired_accuracy(*copied)
    assert naive.high - naive.low < grouped.high - grouped.low


@pytest.mark.parametrize("samples", [40, 300])
@pytest.mark.parametrize("balanced", [False, True])
def test_intervals_cover_the_true_difference(samples: int, balanced: bool) -> None:
    generator = np.random.default_rng(samples)
    covered = 0
    for _ in range(300):
        labels = (generator.random(samples) < (0.2 if balanced else 0.5)).astype(int)
        labels[:2] = 0, 1
        shared = generator.random(samples)
        own = np.where(generator.random(samples) < 0.5, shared, generator.random(samples))
        right = shared < 0.85, own < 0.75
        given = [torch.tensor(np.where(r, labels, 1 - labels)) for r in right]
        found = paired_accuracy(*given, torch.tensor(labels), balanced=balanced)
        covered += found.low <= 0.1 <= found.high
    assert 0.92 <= covered / 300 <= 1


def test_what_cannot_be_compared_is_refused() -> None:
    labels = torch.tensor([0, 1, 1])
    with pytest.raises(ValueError, match="`groups` must be of at least 2 independent units"):
        paired_accuracy(labels, labels, labels, groups=torch.zeros(3, dtype=torch.long))
    with pytest.raises(ValueError, match="`targets` must not all be equal"):
        paired_r2(torch.rand(3), torch.rand(3), torch.ones(3))
    with pytest.raises(ValueError, match="positive sample"):
        paired_average_precision(torch.rand(3, 2), torch.rand(3, 2), torch.zeros(3, 2))


def test_quantiles_of_student_are_those_of_tables() -> None:
    known = {1: 12.706, 2: 4.303, 3: 3.182, 5: 2.571, 10: 2.228, 30: 2.042, 1000: 1.962}
    for freedom, expected in known.items():
        assert student_quantile(freedom) == pytest.approx(expected, abs=5e-3)
    assert PairedDifference(0.2, 0.1, 0.3, 9).conclusive

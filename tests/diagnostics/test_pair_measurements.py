"""What is measured of pairs: ties, ceilings, gaps, and how they are named."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from nearfar.data import CorrelatedGaussians
from nearfar.diagnostics import (
    PAIR_READINGS,
    Information,
    Retrieval,
    alignment,
    information,
    modality_gap,
    pair_measurements,
    relative_alignment,
    retrieval,
)
from tests.every import every


def test_every_measurement_is_described_and_none_is_missing() -> None:
    z = torch.randn(40, 6)
    measured = pair_measurements(z, z + 0.1 * torch.randn(40, 6))
    assert list(measured) == list(PAIR_READINGS)
    assert every(math.isfinite(value) for value in measured.values())
    assert measured["candidates"] == 40


def test_ties_share_their_places() -> None:
    point = torch.ones(20, 3)
    found = retrieval(point, point)
    assert [round(float(v), 6) for v in found[:4]] == [0.05, 0.25, 0.5, 10.5]
    assert found[:4] == found[4:]
    z1 = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert float(retrieval(z1, z1).recall_1) == pytest.approx(2 / 3)


def test_the_ways_differ_where_a_point_is_near_to_all() -> None:
    z1 = torch.tensor([[1.0, 0.1], [0.0, 1.0], [-1.0, 0.1]])
    z2 = torch.tensor([[0.3, 1.0], [0.0, 1.0], [-0.3, 1.0]])
    found = retrieval(z1, z2)
    assert float(found.recall_1) == 1.0
    assert float(found.back_recall_1) == pytest.approx(1 / 3)


def test_recall_of_noisy_copies_falls_with_the_noise() -> None:
    z, noise = torch.randn(2, 300, 16)
    recalls = [float(retrieval(z, z + s * noise).recall_1) for s in (0.0, 0.5, 1.0, 2.0)]
    assert recalls[0] == 1.0
    assert recalls == sorted(recalls, reverse=True)
    assert recalls[-1] < 0.3


def test_the_estimate_is_below_the_truth_and_rises_with_it() -> None:
    truths, found = (0.25, 1.0, 2.0), []
    for truth in truths:
        x, y = CorrelatedGaussians(8, information=truth).draw(1500)
        reading = information(x, y)
        assert float(reading.ceiling) == pytest.approx(math.log(1500))
        found.append(float(reading.estimate))
    assert found == sorted(found)
    assert every(value < truth for value, truth in zip(found, truths, strict=True))
    assert found[-1] > 0.5 * truths[-1]


def test_identical_views_reach_the_ceiling_and_strangers_read_nothing() -> None:
    z, other = torch.randn(2, 500, 64)
    assert float(information(z, z).estimate) == pytest.approx(math.log(500), abs=0.01)
    assert float(information(z, other).estimate) < 0.01


def test_the_gap_sees_an_offset_that_retrieval_does_not() -> None:
    z = torch.nn.functional.normalize(torch.randn(400, 32), dim=1)
    apart = torch.zeros(33)
    apart[-1] = 1.0
    x = torch.cat([z, torch.zeros(400, 1)], dim=1)
    near, far = x + apart, x - apart
    assert float(modality_gap(near, far)) == pytest.approx(math.sqrt(2), abs=0.05)
    assert float(modality_gap(near, near)) == 0.0
    assert float(retrieval(near, far).recall_1) == 1.0


@pytest.mark.parametrize("kind", [Retrieval, Information])
def test_a_stream_longer_than_its_room_keeps_whole_pairs(
    kind: type[Retrieval] | type[Information],
) -> None:
    stream = kind(capacity=50)
    for _ in range(4):
        z = torch.randn(40, 8)
        stream.update(z, z)
    reading = stream.compute()
    assert float(reading[0]) == pytest.approx(1.0 if kind is Retrieval else math.log(50), abs=0.2)


@pytest.mark.parametrize("function", [retrieval, information])
def test_one_pair_is_refused(function: object) -> None:
    with pytest.raises(ValueError, match="`z1` needs at least 2 rows"):
        function(torch.ones(1, 3), torch.ones(1, 3))  # type: ignore[operator]


@pytest.mark.usefixtures("as_users_run_it")
@pytest.mark.parametrize("measure", [alignment, relative_alignment, retrieval, information])
def test_views_of_different_shapes_are_refused_and_not_broadcast(
    measure: Callable[[Tensor, Tensor], object],
) -> None:
    for other in (torch.randn(1, 3), torch.randn(4, 1)):
        with pytest.raises(ValueError, match=r"`z2` must have the shape of `z1`, \(4, 3\), got"):
            measure(torch.randn(4, 3), other)

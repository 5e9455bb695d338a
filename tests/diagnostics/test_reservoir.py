"""The sample of a stream is fair, bounded, and independent of how the stream was cut."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nearfar.diagnostics import Reservoir, Uniformity, uniformity


def filled(rows: Tensor, *, capacity: int = 100, cuts: int = 10_000) -> Reservoir:
    reservoir = Reservoir(capacity)
    for part in rows.split(cuts):
        reservoir.update(part)
    return reservoir


def test_the_choice_does_not_depend_on_chunks() -> None:
    rows = torch.randn(1000, 4)
    whole = filled(rows)
    assert whole.rows.shape == (100, 4)
    assert whole.seen == 1000
    for cuts in (1, 7, 99, 500):
        assert torch.equal(filled(rows, cuts=cuts).rows, whole.rows)


def test_merge_is_a_union_in_any_order() -> None:
    a, b, c = (filled(part) for part in torch.randn(900, 4).split(300))
    merged = a.merge(b).merge(c)
    for other in (c.merge(a).merge(b), b.merge(c.merge(a)), c.merge(b).merge(a)):
        assert torch.equal(other.rows, merged.rows)
        assert other.seen == 900


def test_every_position_is_as_likely_as_another() -> None:
    rows = torch.arange(100_000).float().unsqueeze(1)
    kept = filled(rows, capacity=5000).rows.flatten()
    counts = torch.histc(kept, bins=20, min=0, max=100_000)
    assert counts.sum() == 5000
    assert ((counts - 250).abs() < 5 * 250**0.5).all()


def test_equal_rows_are_kept_in_proportion() -> None:
    rows = torch.cat([torch.ones(20_000, 3), torch.randn(20_000, 3)])[torch.randperm(40_000)]
    kept = filled(rows, capacity=2000).rows
    share = (kept == 1).all(dim=1).double().mean()
    assert share == pytest.approx(0.5, abs=0.06)


def test_uniformity_of_a_long_stream_is_that_of_a_fair_sample() -> None:
    rows = torch.randn(20_000, 8) + 0.5
    stream = Uniformity(capacity=1000)
    for part in rows.split(512):
        stream.update(part)
    assert stream.compute() == pytest.approx(float(uniformity(rows[:4000])), abs=0.05)

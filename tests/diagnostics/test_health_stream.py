"""The verdict over a stream is that on the whole, however the stream is cut."""

from __future__ import annotations

import itertools
import re

import pytest
import torch
from torch import Tensor

from nearfar.diagnostics import HealthStream, health
from tests.diagnostics.embedding_worlds import FAULTY, SOUND, drawn, views
from tests.every import every

EXACT = (
    *("m_o", "feature_std", "effective_rank", "spherical_rank", "isotropic_rank", "lost_share"),
    *("alignment", "random_distance", "relative_alignment", "free_dimensions"),
    *("representation_rank", "representation_spherical_rank", "representation_m_o", "longest"),
)


def streamed(
    z1: Tensor,
    z2: Tensor | None = None,
    *,
    h: Tensor | None = None,
    first: int = 0,
    chunk: int = 100,
    capacity: int | None = None,
) -> HealthStream:
    made = HealthStream(first=first, capacity=capacity)
    for start in range(0, len(z1), chunk):
        rows = slice(start, start + chunk)
        made.update(
            z1[rows],
            None if z2 is None else z2[rows],
            representations=None if h is None else h[rows],
        )
    return made


@pytest.mark.parametrize("world", [*FAULTY, *SOUND])
def test_few_rows_have_the_verdict_of_the_whole(world: str) -> None:
    z1, z2 = {**FAULTY, **SOUND}[world](500, 32)
    expected, found = health(z1, z2), streamed(z1, z2).compute()
    assert found.verdicts == expected.verdicts
    assert (found.samples, found.dim) == tuple(z1.shape)
    assert found.measurements.keys() == expected.measurements.keys()
    for name in EXACT:
        if name in expected.measurements:
            assert found.measurements[name] == pytest.approx(
                expected.measurements[name], rel=1e-4, abs=1e-6
            ), name


def test_merged_parts_are_the_whole_in_any_order() -> None:
    z1, z2 = views(drawn(1_000, 24) + 0.5)
    h = drawn(1_000, 40, seed=5)
    whole = streamed(z1, z2, h=h, capacity=200)
    parts = [
        streamed(
            z1[s : s + 100], z2[s : s + 100], h=h[s : s + 100], first=s, chunk=37, capacity=200
        )
        for s in range(0, 1_000, 100)
    ]
    expected = whole.compute().measurements
    for order in (parts, parts[::-1], parts[5:] + parts[:5]):
        merged = order[0]
        for part in order[1:]:
            merged = merged.merge(part)
        assert torch.equal(merged.positions, whole.positions)
        assert every(torch.equal(merged.sample[n], whole.sample[n]) for n in whole.sample)
        found = merged.compute().measurements
        assert found == pytest.approx(expected, rel=1e-9)
    assert parts[0].seen == 100


def test_the_sample_is_that_of_the_positions_and_not_of_the_content() -> None:
    one = streamed(drawn(500, 8), capacity=50).positions
    other = streamed(drawn(500, 8, seed=3), capacity=50, chunk=499).positions
    assert torch.equal(one, other)
    assert len(set(one.tolist())) == 50


def test_a_sample_reads_as_the_whole_within_its_error() -> None:
    z1, z2 = views(drawn(6_000, 32) * torch.arange(1, 33).float().pow(-0.5))
    expected, found = health(z1, z2), streamed(z1, z2, capacity=2_048, chunk=1_000).compute()
    assert found.verdicts == expected.verdicts
    for name in ("uniformity", "m_r", "intrinsic_dimension", "recall_1", "order"):
        assert found.measurements[name] == pytest.approx(expected.measurements[name], rel=0.1), name
    readings = {finding.name: finding.reading for finding in found.findings}
    assert "(of 2,048 of 6,000 rows)" in readings["intrinsic_dimension"]
    assert "rows)" not in readings["spherical_rank"]


def test_few_points_in_a_long_stream_are_counted_once() -> None:
    points = drawn(100, 32)[torch.arange(5_000) % 100] + 0.01 * drawn(5_000, 32, seed=1)
    found = streamed(points, capacity=1_000, chunk=1_000).compute()
    assert found.verdict == "few points"
    assert re.search(r"about (9\d|10\d) different points", found.summary)


def test_long_rows_are_counted_wherever_they_are() -> None:
    z = drawn(5_000, 16)
    z[[17, 4_000]] *= 1e4
    found = streamed(z, capacity=100, chunk=1_000).compute()
    assert found.measurements["long_rows"] == 2
    assert found.measurements["longest"] > 1_000


@pytest.mark.parametrize("rows", [torch.ones(60, 8), torch.zeros(60, 8)])
def test_equal_rows_are_a_complete_collapse(rows: Tensor) -> None:
    assert streamed(rows).compute().verdict == "complete collapse"


def test_one_dimension_integers_and_halves() -> None:
    assert streamed(drawn(60, 1)).compute().dim == 1
    assert streamed(drawn(60, 8).half()).compute().verdict == "no collapse seen"
    with pytest.raises(TypeError, match="`z1` must be floating point"):
        HealthStream().update(torch.ones(5, 3, dtype=torch.int64))


def test_rows_that_do_not_continue_the_stream_are_refused() -> None:
    z = drawn(10, 4)
    with pytest.raises(ValueError, match="at least 2 rows, got 0"):
        HealthStream().compute()
    with pytest.raises(ValueError, match="at least 2 rows, got 1"):
        streamed(z[:1]).compute()
    with pytest.raises(ValueError, match="`z2` must have 10 rows, as `z1`, got 9"):
        streamed(z).update(z, z[:9])
    with pytest.raises(ValueError, match="must have the widths"):
        streamed(z).update(z, z)
    with pytest.raises(ValueError, match="must have the widths"):
        streamed(z).update(z[:, :3])
    bad = z.clone()
    bad[3, 1] = torch.nan
    with pytest.raises(ValueError, match=r"`z1` must contain only finite numbers.*row 3"):
        streamed(z).update(bad)


def test_only_parts_of_one_matrix_are_merged() -> None:
    z = drawn(10, 4)
    with pytest.raises(ValueError, match="the widths"):
        streamed(z).merge(streamed(z[:, :3]))
    with pytest.raises(ValueError, match="`capacity`, None, got 5"):
        streamed(z).merge(streamed(z, capacity=5))
    for empty, part in itertools.permutations([HealthStream(), streamed(z)]):
        assert empty.merge(part).compute() == streamed(z).compute()


def test_a_refused_update_leaves_the_stream_as_it_was() -> None:
    z = drawn(30, 4)
    made = streamed(z)
    with pytest.raises(ValueError, match="`z2` must have"):
        made.update(z, z[:9])
    assert made.compute() == streamed(z).compute()

"""Ranks of clouds without structure, and the least uniformity, against closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from nearfar.diagnostics import EffectiveRank, effective_rank, uniformity
from nearfar.ops import (
    entropy_rank,
    isotropic_rank,
    lost_share,
    singular_values,
    uniformity_floor,
    uniformity_minimum,
)

TABLE = {
    2: (-1.17601, -1.57503, -1.79181, -2.05703),
    3: (-1.40478, -2.07978, -2.48491, -2.99573),
    64: (-1.96876, -3.87524, -5.71994, -9.22773),
    128: (-1.98438, -3.93753, -5.85953, -9.61054),
    512: (-1.99609, -3.98438, -5.96485, -9.90236),
}


@pytest.mark.parametrize("dim", TABLE)
def test_least_uniformity_is_the_published_closed_form(dim: int) -> None:
    found = [uniformity_minimum(dim, t) for t in (1.0, 2.0, 3.0, 5.0)]
    assert found == pytest.approx(TABLE[dim], abs=6e-6)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(t=st.floats(0.01, 300))
def test_least_uniformity_in_two_and_three_dimensions(t: float) -> None:
    circle = math.log(special.ive(0, 2 * t))
    sphere = math.log(-math.expm1(-4 * t) / (4 * t))
    assert uniformity_minimum(2, t) == pytest.approx(circle, abs=1e-9)
    assert uniformity_minimum(3, t) == pytest.approx(sphere, abs=1e-9)


@pytest.mark.parametrize("dim", [1, 5, 100, 10_000])
@pytest.mark.parametrize("t", [0.5, 2.0, 20.0, 1000.0])
def test_least_uniformity_falls_with_dimension_and_ends_at_its_limit(dim: int, t: float) -> None:
    here, there = uniformity_minimum(dim, t), uniformity_minimum(2 * dim, t)
    assert -2 * t < there < here < 0
    assert uniformity_minimum(10**7, 2.0) == pytest.approx(-4, abs=1e-6)


@pytest.mark.parametrize(("dim", "samples"), [(2, 12), (3, 50), (64, 300)])
def test_no_cloud_is_below_the_floor_and_random_ones_meet_the_minimum(
    dim: int, samples: int
) -> None:
    clouds = [float(uniformity(torch.randn(samples, dim))) for _ in range(20)]
    assert min(clouds) >= uniformity_floor(dim, samples)
    mean = math.log(sum(map(math.exp, clouds)) / 20)
    assert mean == pytest.approx(uniformity_minimum(dim), abs=0.15)


@pytest.mark.parametrize(("samples", "t"), [(5, 2.0), (8, 2.0), (200, 2.0), (12, 7.0)])
def test_the_floor_on_the_circle_is_the_larger_of_both_bounds(samples: int, t: float) -> None:
    # B·I₀(2t)·e^(−2t) − 1 is 0.04, 0.66, 40 and 0.29
    pairs = (samples * special.ive(0, 2 * t) - 1) / (samples - 1)
    assert pairs > 0
    assert uniformity_floor(2, samples, t) == pytest.approx(
        max(math.log(pairs), -2 * t * samples / (samples - 1)), rel=1e-9
    )
    assert uniformity_floor(2, 4) == pytest.approx(-16 / 3)  # the first bound does not exist


def test_the_floor_is_reached_by_antipodes_and_respected_by_a_regular_polygon() -> None:
    assert uniformity_floor(64, 2) == -8
    for t in (0.5, 4.0, 9.0, 50.0):  # two points on a line, where the difference nearly vanishes
        assert -4 * t * (1 + 1e-6) <= uniformity_floor(1, 2, t) <= -4 * t
    angles = torch.arange(20, dtype=torch.float64) * (2 * math.pi / 20)
    polygon = torch.stack([angles.cos(), angles.sin()], dim=1)
    assert float(uniformity(polygon)) == pytest.approx(uniformity_floor(2, 20), abs=1e-9)


@pytest.mark.parametrize(("samples", "dim"), [(2000, 64), (180, 128), (64, 64), (40, 300)])
def test_rank_of_an_isotropic_cloud_is_predicted(samples: int, dim: int) -> None:
    ranks = [float(entropy_rank(singular_values(torch.randn(samples, dim)))) for _ in range(5)]
    assert sum(ranks) / 5 == pytest.approx(isotropic_rank(samples, dim), rel=0.02)


@pytest.mark.parametrize(("samples", "dim"), [(1, 1), (1, 50), (50, 1)])
def test_one_row_or_column_has_rank_one(samples: int, dim: int) -> None:
    assert isotropic_rank(samples, dim) == 1.0


@pytest.mark.parametrize("shape", [(30, 8), (8, 30), (8, 8), (1, 5), (5, 1)])
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_singular_values_equal_a_decomposition(shape: tuple[int, int], scale: float) -> None:
    matrix = scale * torch.randn(*shape, dtype=torch.float64)
    expected = torch.linalg.svdvals(matrix)
    torch.testing.assert_close(singular_values(matrix), expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_the_rank_of_a_stream_does_not_depend_on_its_scale(scale: float) -> None:
    z = scale * torch.randn(50, 6, dtype=torch.float64) * torch.arange(1, 7)
    stream = EffectiveRank()
    for part in z.split(20):
        stream.update(part)
    assert float(stream.compute()) == pytest.approx(float(effective_rank(z)), rel=1e-5)


def test_a_cliff_is_seen_and_a_power_law_has_none() -> None:
    power = torch.arange(1, 513).double().reciprocal()
    assert lost_share(power) == 0
    cliff = torch.cat([torch.ones(8), torch.full((56,), 1e-3)])
    assert lost_share(cliff) == 56 / 64


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="`dim` must be a whole number of 1 or more, got 0"):
        uniformity_minimum(0)
    with pytest.raises(ValueError, match="`t` must be a finite number above 0"):
        uniformity_minimum(3, 0.0)
    with pytest.raises(ValueError, match="`samples` must be a whole number of 2 or more"):
        uniformity_floor(3, 1)

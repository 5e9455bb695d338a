"""Limits, minima and few points on the sphere: tables, Monte Carlo, inequalities, refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special
from torch import Tensor
from torch.nn import functional as F

from nearfar.objectives import alignment_loss, contrastive_loss, nt_xent_loss, uniformity_loss
from nearfar.theory import (
    ContrastiveLimit,
    batch_contrastive_minimum,
    contrastive_deviation,
    contrastive_deviation_bound,
    contrastive_limit,
    cross_polytope,
    few_point_minimum,
    gaussian_potential,
    kernel_entropy,
    perfect_contrastive_loss,
    regular_polygon,
    simplex,
    single_negative_minimum,
    sphere_log_area,
    uniformity_floor,
    uniformity_minimum,
    von_mises_fisher_log_normalizer,
    with_self_pairs,
    without_self_pairs,
)
from references import hypersphere as reference

close = torch.testing.assert_close
unhurried = settings(deadline=None, max_examples=50)
some_points = st.tuples(st.integers(2, 20), st.integers(1, 6), st.integers(0, 2**31))


def rows(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


def on_sphere(*shape: int) -> Tensor:
    return F.normalize(rows(*shape), dim=-1)


def points_of(shape: tuple[int, int, int]) -> Tensor:
    """Seeded points between a tight cluster and an even spread."""
    samples, dim, seed = shape
    generator = torch.Generator().manual_seed(seed)
    scatter = torch.randn(samples, dim, generator=generator, dtype=torch.float64)
    return scatter + 3 * torch.rand((), generator=generator) * torch.ones(dim)


# --- the potential and its minimum ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("dim", "table"),
    [
        (2, (-1.17601, -1.57503, -1.79181, -2.05703)),
        (3, (-1.40478, -2.07978, -2.48491, -2.99573)),
        (64, (-1.96876, -3.87524, -5.71994, -9.22773)),
        (128, (-1.98438, -3.93753, -5.85953, -9.61054)),
        (512, (-1.99609, -3.98438, -5.96485, -9.90236)),
    ],
    ids=str,
)
def test_the_uniformity_minimum_has_the_tabulated_values(dim: int, table: tuple[float]) -> None:
    for t, expected in zip((1, 2, 3, 5), table, strict=True):
        assert uniformity_minimum(dim, t) == pytest.approx(expected, abs=5.1e-6)


@pytest.mark.parametrize("t", [1e-3, 0.5, 2, 30, 1e4], ids=str)
def test_the_uniformity_minimum_has_its_closed_forms_on_line_circle_and_sphere(t: float) -> None:
    line = math.log1p(math.exp(-4 * t)) - math.log(2)
    circle = math.log(special.i0e(2 * t))
    sphere = math.log(-math.expm1(-4 * t) / (4 * t))
    found = [uniformity_minimum(dim, t) for dim in (1, 2, 3)]
    assert found == pytest.approx([line, circle, sphere], rel=1e-9)


@pytest.mark.parametrize("dim", [2, 5, 1_000, 10_000])
def test_the_uniformity_minimum_is_the_integral_over_angles(dim: int) -> None:
    def weight(angle: float) -> float:
        return math.sin(angle) ** (dim - 2)

    def integral(t: float) -> float:
        reach = min(math.pi / 2, 14 / math.sqrt(dim))  # where the weight is
        value, _ = integrate.quad(
            lambda x: math.exp(-t * (2 * math.sin(x / 2)) ** 2) * weight(x),
            math.pi / 2 - reach,
            math.pi / 2 + reach,
            epsabs=0,
            epsrel=1e-10,
        )
        return float(value)

    for t in (0.5, 2, 8):
        expected = math.log(integral(t) / integral(0))
        assert uniformity_minimum(dim, t) == pytest.approx(expected, abs=1e-7)


@unhurried
@given(st.integers(1, 10_000), st.floats(1e-6, 1e5))
def test_the_uniformity_minimum_lies_between_its_ends_and_falls_with_the_dimension(
    dim: int, t: float
) -> None:
    value = uniformity_minimum(dim, t)
    assert -2 * t < value < 0
    assert uniformity_minimum(dim + 1, t) <= value + 1e-12 * (1 + t)


def test_the_gaussian_potential_equals_its_definition_and_averages_to_uniformity() -> None:
    u, v = rows(5, 3), rows(5, 3)
    expected = reference.gaussian_potential(u.numpy(), v.numpy(), t=1.5)
    close(gaussian_potential(u, v, t=1.5), torch.tensor(expected, dtype=torch.float64))
    first, second = torch.triu_indices(5, 5, offset=1)
    mean = gaussian_potential(u[first], u[second], t=2).mean()
    close(mean.log(), uniformity_loss(u, t=2))


def test_the_potential_of_uniform_points_tends_to_its_minimum_from_above() -> None:
    minimum = uniformity_minimum(3, 2)
    gaps = []
    for samples in (50, 500, 5_000):
        values = [uniformity_loss(on_sphere(samples, 3), include_self=True) for _ in range(4)]
        gaps.append(torch.stack(values).mean().item() - minimum)
        expected = with_self_pairs(minimum, samples=samples) - minimum
        assert gaps[-1] == pytest.approx(expected, rel=0.7)  # about four standard errors
    assert gaps[0] > gaps[1] > gaps[2] > 0


def test_uniformity_of_a_collapse_is_0_with_and_without_self_pairs() -> None:
    points = torch.ones(7, 3, dtype=torch.float64)
    for include_self in (True, False):
        assert uniformity_loss(points, include_self=include_self).item() == pytest.approx(0)
    assert with_self_pairs(0, samples=7) == pytest.approx(0)
    assert without_self_pairs(0, samples=7) == pytest.approx(0)


@unhurried
@given(some_points, st.floats(0.05, 4))
def test_both_estimators_tell_each_other_and_obey_their_bounds(
    shape: tuple[int, int, int], t: float
) -> None:
    points = points_of(shape)
    samples, dim = points.shape
    inner = uniformity_loss(points, t=t, include_self=True).item()
    outer = uniformity_loss(points, t=t).item()
    assert without_self_pairs(min(inner, 0), samples=samples) == pytest.approx(outer, abs=1e-7)
    assert with_self_pairs(min(outer, 0), samples=samples) == pytest.approx(inner, abs=1e-9)
    assert inner >= uniformity_minimum(dim, t) - 1e-9
    assert outer >= uniformity_floor(dim, samples, t) - 1e-9


def test_without_self_pairs_the_population_minimum_can_be_undercut() -> None:
    points = simplex(4, 3)
    assert uniformity_loss(points).item() < uniformity_minimum(3) - 0.5
    assert uniformity_loss(points, include_self=True).item() > uniformity_minimum(3)


# --- the perfect encoder --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dim", "table"),
    [
        (2, (-2.23949, -2.05703, -1.69532, -1.17601, -0.76409)),
        (128, (-13.49333, -9.61054, -4.90242, -1.98438, -0.99609)),
    ],
    ids=str,
)
def test_the_limit_of_the_perfect_encoder_has_the_tabulated_values(
    dim: int, table: tuple[float]
) -> None:
    for temperature, expected in zip((0.07, 0.1, 0.2, 0.5, 1), table, strict=True):
        limit = perfect_contrastive_loss(dim, temperature=temperature)
        assert limit == pytest.approx(expected, abs=5.1e-6)


@pytest.mark.parametrize(
    ("dim", "temperature", "table"),
    [
        (2, 0.5, {1: 0.2395, 4: -0.6281, 16: -1.0182, 64: -1.1352, 256: -1.1694, 1024: -1.1723}),
        (128, 0.5, {1: 0.1286, 4: -0.9486, 16: -1.6099, 64: -1.8768, 256: -1.9563, 1024: -1.9776}),
        (128, 0.5, {4096: -1.9827}),
        (128, 0.1, {1: 0.0001, 4: -1.386, 16: -2.7715, 64: -4.1546, 256: -5.5282, 1024: -6.8651}),
        (128, 0.1, {4096: -8.0753}),
    ],
    ids=str,
)
def test_the_perfect_loss_for_m_negatives_is_within_the_tabulated_simulation(
    dim: int, temperature: float, table: dict[int, float]
) -> None:
    """The table's standard error is up to 0.002."""
    for negatives, expected in table.items():
        loss = perfect_contrastive_loss(dim, temperature=temperature, num_negatives=negatives)
        assert loss - math.log(negatives) == pytest.approx(expected, abs=0.004)


@pytest.mark.parametrize(
    ("dim", "temperature", "negatives"), [(2, 0.5, 256), (2, 0.1, 16), (3, 0.07, 64), (128, 0.2, 9)]
)
def test_the_perfect_loss_is_within_four_standard_errors_of_a_simulation(
    dim: int, temperature: float, negatives: int
) -> None:
    cosines = on_sphere(20_000, negatives, dim)[..., 0]
    losses = ((cosines - 1) / temperature).exp().sum(dim=1).log1p()
    error = losses.std().item() / math.sqrt(len(losses))
    exact = perfect_contrastive_loss(dim, temperature=temperature, num_negatives=negatives)
    assert losses.mean().item() == pytest.approx(exact, abs=4 * error)


@pytest.mark.parametrize(
    ("dim", "table"),
    [(2, (0.09799, 0.23937, 0.36184)), (3, (0.04112, 0.20106, 0.34573))],
    ids=str,
)
def test_the_minimum_for_one_negative_has_the_tabulated_values(
    dim: int, table: tuple[float]
) -> None:
    for temperature, expected in zip((0.1, 0.5, 1), table, strict=True):
        found = single_negative_minimum(dim, temperature=temperature)
        assert found == pytest.approx(expected, abs=5.1e-6)


def test_the_minimum_for_one_negative_has_the_tabulated_values_in_128_dimensions() -> None:
    found = [single_negative_minimum(128, temperature=tau) for tau in (0.1, 0.5, 1)]
    assert found[0] == pytest.approx(7e-5, abs=5e-6)
    assert found[1:] == pytest.approx([0.12857, 0.31403], abs=5.1e-6)


@unhurried
@given(st.integers(1, 10_000), st.floats(0.02, 20))
def test_the_perfect_loss_for_one_negative_is_the_direct_integral(
    dim: int, temperature: float
) -> None:
    direct = single_negative_minimum(dim, temperature=temperature)
    found = perfect_contrastive_loss(dim, temperature=temperature, num_negatives=1)
    assert found == pytest.approx(direct, rel=1e-10)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 3])
@pytest.mark.parametrize("negatives", [1, 2, 40])
def test_on_the_line_the_perfect_loss_is_a_binomial_sum(temperature: float, negatives: int) -> None:
    total = 0.0
    for same in range(negatives + 1):
        odds = math.comb(negatives, same) / 2**negatives
        total += odds * math.log1p(same + (negatives - same) * math.exp(-2 / temperature))
    found = perfect_contrastive_loss(1, temperature=temperature, num_negatives=negatives)
    assert found == pytest.approx(total, rel=1e-12)


def test_on_the_sphere_two_negatives_are_a_double_integral() -> None:
    """The cosine to a uniform direction is uniform on [−1, 1] in three dimensions."""
    value, _ = integrate.dblquad(
        lambda c, d: math.log1p(math.exp((c - 1) / 0.3) + math.exp((d - 1) / 0.3)) / 4,
        *(-1, 1, -1, 1),
        epsabs=1e-11,
    )
    found = perfect_contrastive_loss(3, temperature=0.3, num_negatives=2)
    assert found == pytest.approx(value, rel=1e-9)


@unhurried
@given(st.integers(1, 10_000), st.floats(0.05, 5), st.integers(1, 10**6))
def test_the_perfect_loss_falls_to_its_limit_within_the_deviation_bound(
    dim: int, temperature: float, negatives: int
) -> None:
    limit = perfect_contrastive_loss(dim, temperature=temperature)
    deviations = [
        perfect_contrastive_loss(dim, temperature=temperature, num_negatives=m)
        - math.log(m)
        - limit
        for m in (negatives, 2 * negatives)
    ]
    bound = contrastive_deviation_bound(temperature=temperature, num_negatives=negatives)
    assert -1e-9 < deviations[1] <= deviations[0] + 1e-9 <= bound.upper + 2e-9


@pytest.mark.parametrize("temperature", [1e-4, 0.003, 1e4])
@pytest.mark.parametrize("dim", [1, 2, 10_000])
def test_the_perfect_loss_stays_finite_at_extreme_temperatures(
    dim: int, temperature: float
) -> None:
    for negatives in (1, 10**12):
        loss = perfect_contrastive_loss(dim, temperature=temperature, num_negatives=negatives)
        assert 0 <= loss <= math.log1p(negatives) + 1e-9


# --- the limit and the way to it ------------------------------------------------------------------


def test_the_limit_equals_its_definition_in_loops() -> None:
    z1, z2, bank = rows(6, 3), rows(6, 3), rows(4, 3)
    for negatives in (None, bank):
        found = contrastive_limit(z1, z2, negatives, temperature=0.3)
        others = None if negatives is None else negatives.numpy()
        expected = reference.contrastive_limit(z1.numpy(), z2.numpy(), others, temperature=0.3)
        assert (found.alignment, found.uniformity) == pytest.approx(expected, rel=1e-12)
        assert found.total == pytest.approx(sum(expected), rel=1e-12)


def test_the_limit_survives_a_file() -> None:
    limit = contrastive_limit(rows(3, 2), rows(3, 2), temperature=0.5)
    assert ContrastiveLimit.from_json(limit.to_json()) == limit


def test_the_limit_s_first_term_is_the_alignment() -> None:
    z1, z2 = rows(9, 4), rows(9, 4)
    limit = contrastive_limit(z1, z2, temperature=0.2)
    expected = -(1 - alignment_loss(z1, z2).item() / 2) / 0.2
    assert limit.alignment == pytest.approx(expected)


def test_the_limit_s_second_term_is_the_potential_of_matching_width() -> None:
    z, bank, tau = rows(9, 4), rows(30, 4), 0.4
    limit = contrastive_limit(z, z, bank, temperature=tau)
    potentials = [gaussian_potential(row.expand_as(bank), bank, t=1 / (2 * tau)) for row in z]
    expected = torch.stack(potentials).mean(dim=1).log().mean().item() + 1 / tau
    assert limit.uniformity == pytest.approx(expected)


def test_the_limit_of_many_uniform_aligned_points_is_that_of_the_perfect_encoder() -> None:
    z = on_sphere(4_000, 5)
    found = contrastive_limit(z, z, temperature=0.5).total
    assert found == pytest.approx(perfect_contrastive_loss(5, temperature=0.5), abs=2e-3)


def test_no_points_have_a_lower_limit_than_the_perfect_encoder_against_themselves() -> None:
    for shape in ((40, 2, 1), (9, 3, 2), (20, 6, 3)):
        z = points_of(shape)
        limit = contrastive_limit(z, z, z, temperature=0.5).total
        assert limit > perfect_contrastive_loss(z.shape[1], temperature=0.5)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 2])
def test_the_loss_deviates_from_its_limit_within_both_bounds(temperature: float) -> None:
    for seed in range(5):
        world, partners = points_of((4, 3, seed)), points_of((4, 3, seed)) + 0.5 * rows(4, 3)
        limit = contrastive_limit(world, partners, world, temperature=temperature).total
        for negatives in (1, 2, 5):
            loss = reference.expected_contrastive_loss(
                *(world.numpy(), partners.numpy(), world.numpy()),
                temperature=temperature,
                num_negatives=negatives,
            )
            deviation = loss - math.log(negatives) - limit
            options: dict[str, Any] = {"temperature": temperature, "num_negatives": negatives}
            near = contrastive_deviation(world, partners, world, **options)
            far = contrastive_deviation_bound(**options)
            assert near.lower - 1e-9 <= deviation <= near.upper + 1e-9
            assert far.lower - 1e-9 <= deviation <= far.upper + 1e-9


def test_with_many_negatives_the_bounds_of_given_embeddings_are_close() -> None:
    world = points_of((50, 4, 7))
    limit = contrastive_limit(world, world, world, temperature=0.3).total
    found = contrastive_deviation(world, world, world, temperature=0.3, num_negatives=2_000)
    assert 0 < found.upper - found.lower < 0.3 * found.upper
    losses = [
        contrastive_loss(
            world, world, world[torch.randint(50, (50, 2_000))], temperature=0.3
        ).item()
        for _ in range(20)
    ]
    deviation = float(np.mean(losses)) - math.log(2_000) - limit
    error = float(np.std(losses)) / math.sqrt(len(losses))
    assert found.lower - 4 * error <= deviation <= found.upper + 4 * error


def test_one_set_against_itself_reads_as_against_its_copy() -> None:
    z1, z2 = rows(8, 3), rows(8, 3)
    options: dict[str, Any] = {"temperature": 0.2, "num_negatives": 30}
    alone, copied = (contrastive_deviation(z1, z2, bank, **options) for bank in (z1, z1.clone()))
    assert (alone.lower, alone.upper) == pytest.approx((copied.lower, copied.upper), rel=1e-9)
    limits = [contrastive_limit(z1, z2, bank, temperature=0.2).total for bank in (z1, z1.clone())]
    assert limits[0] == pytest.approx(limits[1], rel=1e-9)


def test_the_deviation_of_given_embeddings_is_finite_at_extreme_temperatures() -> None:
    z1, z2 = rows(8, 3), rows(8, 3)
    for temperature in (1e-3, 1e3):
        found = contrastive_deviation(z1, z2, z1, temperature=temperature, num_negatives=9)
        assert -2 / temperature <= found.lower <= found.upper <= 2 / temperature + 1


def test_the_deviation_falls_at_least_like_the_square_root() -> None:
    world = points_of((5, 3, 11))
    limit = contrastive_limit(world, world, world, temperature=0.5).total
    deviations = [
        reference.expected_contrastive_loss(
            *(world.numpy(),) * 3, temperature=0.5, num_negatives=negatives
        )
        - math.log(negatives)
        - limit
        for negatives in (1, 2, 4, 6)
    ]
    assert deviations[0] > deviations[1] > deviations[2] > deviations[3] > 0
    slope = math.log(deviations[3] / deviations[1]) / math.log(6 / 2)
    assert slope < -0.5


@unhurried
@given(st.floats(0.02, 50), st.integers(1, 10**9))
def test_the_deviation_bound_is_finite_and_of_order_1_over_m(
    temperature: float, negatives: int
) -> None:
    bound = contrastive_deviation_bound(temperature=temperature, num_negatives=negatives)
    rate = 2 / temperature - math.log(negatives)
    assert -2 / temperature - 1e-9 <= bound.lower <= 0 <= bound.upper
    assert bound.upper <= math.exp(rate) * (1 + 1e-12)
    slower = math.expm1(1 / temperature) ** 2 / negatives
    assert -bound.lower <= slower * (1 + 1e-12)


def test_for_one_negative_the_lower_bound_is_kantorovich_s() -> None:
    for temperature in (0.1, 0.5, 4):
        bound = contrastive_deviation_bound(temperature=temperature, num_negatives=1)
        expected = -2 * math.log(math.cosh(1 / temperature))
        assert bound.lower == pytest.approx(expected, rel=1e-9)


def test_the_deviation_bound_survives_temperatures_whose_exponential_overflows() -> None:
    bound = contrastive_deviation_bound(temperature=1e-3, num_negatives=100)
    assert bound.upper == pytest.approx(2_000 - math.log(100))
    assert -2_000 <= bound.lower < -1_900


# --- few points -----------------------------------------------------------------------------------


@unhurried
@given(st.integers(2, 40), st.integers(0, 5))
def test_a_simplex_has_unit_corners_at_equal_angles(points: int, spare: int) -> None:
    corners = simplex(points, points - 1 + spare)
    gram = torch.full((points, points), -1 / (points - 1), dtype=torch.float64)
    close(corners @ corners.T, gram.fill_diagonal_(1), atol=1e-12, rtol=0)


@pytest.mark.parametrize("t", [0.5, 2.0, 9.0])
def test_few_point_minima_are_those_of_their_configurations(t: float) -> None:
    worlds = [simplex(5, 7), simplex(2, 1), regular_polygon(9), cross_polytope(4)]
    for points in worlds:
        found = few_point_minimum(*points.shape, t=t)
        assert found == pytest.approx(uniformity_loss(points, t=t).item(), rel=1e-12)


@pytest.mark.parametrize(("points", "dim"), [(3, 2), (7, 2), (4, 3), (6, 3), (5, 8)])
def test_points_that_repel_each_other_reach_the_few_point_minimum(points: int, dim: int) -> None:
    z = rows(points, dim).requires_grad_()
    optimizer = torch.optim.LBFGS([z], max_iter=300, tolerance_grad=1e-12, tolerance_change=1e-14)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = uniformity_loss(z)
        loss.backward()
        return loss

    optimizer.step(closure)
    least = few_point_minimum(points, dim)
    assert uniformity_loss(z).item() == pytest.approx(least, abs=1e-6)
    if dim == 2:
        angles = torch.atan2(*F.normalize(z.detach()).T).sort().values
        gaps = torch.cat([angles.diff(), angles[:1] + 2 * math.pi - angles[-1:]])
        close(gaps, torch.full_like(gaps, 2 * math.pi / points), atol=1e-3, rtol=0)


@unhurried
@given(some_points)
def test_no_points_undercut_the_few_point_minimum(shape: tuple[int, int, int]) -> None:
    points = points_of(shape)
    samples, dim = points.shape
    if samples <= dim + 1 or dim == 2 or samples == 2 * dim:
        assert uniformity_loss(points).item() >= few_point_minimum(samples, dim) - 1e-9


@pytest.mark.parametrize("temperature", [0.1, 0.5, 2])
def test_a_batch_on_a_simplex_has_the_least_loss(temperature: float) -> None:
    corners = simplex(6, 5)
    one = batch_contrastive_minimum(6, temperature=temperature)
    both = batch_contrastive_minimum(6, temperature=temperature, both_views=True)
    found = contrastive_loss(corners, corners, temperature=temperature).item()
    assert found == pytest.approx(one, rel=1e-12)
    found = nt_xent_loss(corners, corners, temperature=temperature).item()
    assert found == pytest.approx(both, rel=1e-12)


@unhurried
@given(some_points, st.floats(0.1, 3), st.floats(0, 1))
def test_no_batch_undercuts_the_least_loss(
    shape: tuple[int, int, int], temperature: float, share: float
) -> None:
    z1 = points_of(shape)
    z2 = z1 + share * points_of((*shape[:2], shape[2] + 1))
    one = batch_contrastive_minimum(len(z1), temperature=temperature)
    both = batch_contrastive_minimum(len(z1), temperature=temperature, both_views=True)
    assert contrastive_loss(z1, z2, temperature=temperature).item() >= one - 1e-9
    assert nt_xent_loss(z1, z2, temperature=temperature).item() >= both - 1e-9


# --- entropy --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [2, 3, 10, 128])
@pytest.mark.parametrize("concentration", [0.01, 1, 14.3, 200])
def test_the_von_mises_fisher_normalizer_is_that_of_bessel_functions(
    dim: int, concentration: float
) -> None:
    order = dim / 2 - 1
    bessel = math.log(special.ive(order, concentration)) + concentration
    expected = dim / 2 * math.log(2 * math.pi) + bessel - order * math.log(concentration)
    found = von_mises_fisher_log_normalizer(dim, concentration=concentration)
    assert found == pytest.approx(expected, rel=1e-9)


def test_kernel_entropy_equals_its_definition_in_loops() -> None:
    z = rows(7, 3)
    constant = von_mises_fisher_log_normalizer(3, concentration=1 / 0.3)
    expected = reference.kernel_entropy(z.numpy(), temperature=0.3, log_normalizer=constant)
    assert kernel_entropy(z, temperature=0.3).item() == pytest.approx(expected, rel=1e-12)


def test_kernel_entropy_of_uniform_points_is_the_logarithm_of_the_area() -> None:
    found = kernel_entropy(on_sphere(4_000, 3), temperature=0.5, include_self=False)
    assert found.item() == pytest.approx(sphere_log_area(3), abs=2e-3)


def test_kernel_entropy_is_minus_the_limit_s_uniformity_plus_a_constant() -> None:
    z = rows(30, 4)
    limit = contrastive_limit(z, z, temperature=0.25)
    constant = von_mises_fisher_log_normalizer(4, concentration=4.0)
    found = kernel_entropy(z, temperature=0.25, include_self=False)
    assert found.item() == pytest.approx(constant - limit.uniformity)


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: uniformity_minimum(0), "`dim` must be a whole number of 1 or more, got 0"),
        (lambda: uniformity_minimum(2, t=0), "`t` must be a finite number above 0"),
        (lambda: perfect_contrastive_loss(0, temperature=0.5), "`dim` must be .* got 0"),
        (lambda: perfect_contrastive_loss(2, temperature=0), "`temperature` must be .* above 0"),
        (
            lambda: perfect_contrastive_loss(2, temperature=1, num_negatives=0),
            "`num_negatives` must be a whole number of 1 or more, got 0",
        ),
        (lambda: single_negative_minimum(0, temperature=1), "`dim` must be"),
        (lambda: single_negative_minimum(2, temperature=-1), "`temperature` must be .* got -1"),
        (
            lambda: contrastive_deviation_bound(temperature=1, num_negatives=-1),
            "`num_negatives` must be .* got -1",
        ),
        (
            lambda: contrastive_deviation_bound(temperature=math.inf, num_negatives=1),
            "`temperature` must be a finite number above 0, got inf",
        ),
        (lambda: contrastive_limit(rows(1, 2), rows(1, 2), temperature=1), "`z1` .* 2 rows .* got"),
        (
            lambda: contrastive_limit(rows(3, 2), rows(3, 2), temperature=0),
            "`temperature` must be .* above 0, got 0",
        ),
        (
            lambda: contrastive_limit(rows(3, 2), rows(3, 2), rows(3, 4), temperature=1),
            "`negatives` must have the columns of `z1`, 2, got 4",
        ),
        (
            lambda: contrastive_deviation(
                rows(3, 2), rows(3, 2), rows(3, 4), temperature=1, num_negatives=2
            ),
            "`negatives` must have the columns of `z1`, 2, got 4",
        ),
        (lambda: simplex(4, 2), "`points` must be at most 3 .* got 4"),
        (lambda: simplex(1, 2), "`points` must be a whole number of 2 or more, got 1"),
        (lambda: regular_polygon(1), "`points` must be a whole number of 2 or more, got 1"),
        (lambda: cross_polytope(0), "`dim` must be .* 1 or more, got 0"),
        (lambda: few_point_minimum(9, 3), r"`points` must be at most 4 .* equal to 6 .* got 9"),
        (lambda: batch_contrastive_minimum(1, temperature=1), "`batch_size` must be .* got 1"),
        (lambda: with_self_pairs(0.1, samples=3), "`uniformity` must be 0 or less, got 0.1"),
        (lambda: without_self_pairs(-2.0, samples=3), "`uniformity` must be above −ln 3"),
        (lambda: without_self_pairs(-0.1, samples=1), "`samples` must be .* got 1"),
        (lambda: sphere_log_area(0), "`dim` must be .* 1 or more, got 0"),
        (
            lambda: von_mises_fisher_log_normalizer(2, concentration=0),
            "`concentration` must be .* above 0, got 0",
        ),
        (lambda: kernel_entropy(rows(3, 2), temperature=-1), "`temperature` must be .* 0, got -1"),
        (
            lambda: gaussian_potential(rows(3, 2), rows(3, 2), t=-1),
            "`t` must be .* above 0, got -1",
        ),
    ],
)
@pytest.mark.usefixtures("as_users_run_it")
def test_what_makes_no_sense_is_refused_in_words(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()

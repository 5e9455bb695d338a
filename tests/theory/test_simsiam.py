"""Why SimSiam does not collapse: gradient identities, components, curves, rates, refusals."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from nearfar.objectives import (
    center_loss,
    cosine_triplet_loss,
    covariance_term,
    decorrelation_loss,
    extra_gradient_loss,
    info_nce_loss,
    negative_cosine_loss,
    nt_xent_loss,
    residual_loss,
    uniformity_loss,
    vicreg_loss,
)
from nearfar.theory import (
    DecenteringCurve,
    center_and_residual,
    center_rates,
    collapse_rates,
    decentering_curve,
    decorrelation_cosines,
    decorrelation_curve,
    decorrelation_rates,
    gradient_components,
    info_nce_extra_gradient,
    info_nce_negative_gradient,
    loss_components,
    residual_rates,
    simsiam_extra_gradient,
    simsiam_negative_gradient,
    tangent,
    triplet_extra_gradient,
    triplet_negative_gradient,
)
from references import gradient_components as reference

BATCH, DIM = 9, 4
close = torch.testing.assert_close
unhurried = settings(deadline=None, max_examples=60)
batches = st.tuples(st.integers(2, 24), st.integers(1, 7), st.integers(0, 2**31))


def rows(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


def units(*shape: int) -> Tensor:
    return F.normalize(rows(*shape), dim=-1)


def batch_of(shape: tuple[int, int, int]) -> Tensor:
    """Seeded vectors between a narrow cone and an even spread."""
    samples, dim, seed = shape
    generator = torch.Generator().manual_seed(seed)
    scatter = torch.randn(samples, dim, generator=generator, dtype=torch.float64)
    return scatter + 5 * torch.rand((), generator=generator) * torch.ones(dim)


def pull(loss: Callable[[Tensor], Tensor], vectors: Tensor) -> Tensor:
    """A mean loss's negative gradient for each sample's own term, by autograd."""
    leaf = vectors.clone().requires_grad_()
    return -len(leaf) * torch.autograd.grad(loss(leaf), leaf)[0]


# --- gradient identities --------------------------------------------------------------------------


def test_simsiam_s_negative_gradient_is_the_other_view_s_projection() -> None:
    predictions1, predictions2, z2 = units(BATCH, DIM), rows(BATCH, DIM), rows(BATCH, DIM)
    closed = simsiam_negative_gradient(z2, predictions2)
    close(closed, F.normalize(z2))
    free = pull(lambda p: -(p * F.normalize(z2)).sum(dim=1).mean(), predictions1)
    close(closed, free)
    on_sphere = pull(lambda p: negative_cosine_loss(p, z2), predictions1)
    close(tangent(closed, predictions1), on_sphere)


def test_a_triplet_s_negative_gradient_is_positive_less_negative() -> None:
    anchors, positives, negatives = units(BATCH, DIM), rows(BATCH, DIM), rows(BATCH, DIM)
    closed = triplet_negative_gradient(positives, negatives)
    found = pull(
        lambda a: cosine_triplet_loss(a, positives, negatives, margin=3.0),  # always violated
        anchors,
    )
    close(tangent(closed, anchors), found)


@pytest.mark.parametrize("temperature", [0.05, 0.5, 5.0])
@pytest.mark.parametrize("with_bank", [False, True])
def test_info_nce_s_negative_gradient_is_its_closed_form(
    temperature: float, with_bank: bool
) -> None:
    queries, keys = units(BATCH, DIM), rows(BATCH, DIM)
    bank = rows(5, DIM) if with_bank else None
    closed = info_nce_negative_gradient(queries, keys, bank, temperature=temperature)
    found = pull(lambda q: info_nce_loss(q, keys, bank, temperature=temperature), queries)
    close(tangent(closed, queries), found)


def test_info_nce_s_pull_is_along_the_key_and_its_extra_gradient_scaled_for_each_sample() -> None:
    queries, keys = rows(BATCH, DIM), rows(BATCH, DIM)
    extra = info_nce_extra_gradient(queries, keys, temperature=0.3)
    found = info_nce_negative_gradient(queries, keys, temperature=0.3)
    cosines = F.cosine_similarity(found, F.normalize(keys) + extra)
    close(cosines, torch.ones_like(cosines))


@pytest.mark.parametrize("temperature", [0.03, 0.3, 30.0])
def test_info_nce_s_extra_gradient_equals_its_definition_in_loops(temperature: float) -> None:
    queries, keys = rows(BATCH, DIM), rows(BATCH, DIM)
    found = info_nce_extra_gradient(queries, keys, temperature=temperature)
    expected = reference.info_nce_extra_gradient(
        queries.numpy(), keys.numpy(), temperature=temperature
    )
    close(found, torch.from_numpy(expected))


def test_info_nce_s_extra_gradient_tends_to_the_center_or_the_nearest_negative() -> None:
    queries, keys = units(BATCH, DIM), units(BATCH, DIM)
    hot = info_nce_extra_gradient(queries, keys, temperature=1e6)
    others = (keys.sum(dim=0) - keys) / (BATCH - 1)
    close(hot, -others, atol=1e-5, rtol=0)
    cold = info_nce_extra_gradient(queries, keys, temperature=1e-3)
    nearest = (queries @ keys.T).fill_diagonal_(-2).argmax(dim=1)
    close(cold, -keys[nearest], atol=1e-2, rtol=0)


def test_extra_gradients_rebuild_the_losses_they_come_from() -> None:
    z1, z2, predictions = rows(BATCH, DIM), rows(BATCH, DIM), rows(BATCH, DIM)
    others = z2.roll(1, dims=0)
    simsiam = extra_gradient_loss(z1, predictions, simsiam_extra_gradient(z2, predictions))
    triplet = extra_gradient_loss(z1, z2, triplet_extra_gradient(others))
    found = (
        (simsiam_negative_gradient(z2, predictions), simsiam),
        (triplet_negative_gradient(z2, others), triplet),
    )
    for direction, loss in found:
        close(-(F.normalize(z1) * direction).sum(dim=1).mean(), loss)


def test_centers_of_the_extra_gradients_are_those_of_the_paper() -> None:
    z, predictions = rows(BATCH, DIM), rows(BATCH, DIM)
    o_z = center_and_residual(F.normalize(z)).center
    o_p = center_and_residual(F.normalize(predictions)).center
    triplet = triplet_extra_gradient(z.roll(2, dims=0))
    close(center_and_residual(triplet).center, -o_z)
    close(center_and_residual(simsiam_extra_gradient(z, predictions)).center, o_z - o_p)


def test_the_dummy_term_moves_nothing() -> None:
    z1, z2 = units(BATCH, DIM), units(BATCH, DIM)
    close(tangent(z2 - z1, z1), tangent(z2, z1))
    close(tangent(z1, z1), torch.zeros_like(z1))


# --- components -----------------------------------------------------------------------------------


def test_center_and_residual_add_up_and_share_the_length() -> None:
    vectors = units(BATCH, DIM)
    center, residual = center_and_residual(vectors)
    close(center + residual, vectors)
    close(residual.sum(dim=0), torch.zeros(DIM, dtype=torch.float64))
    close(center.square().sum() + residual.square().sum() / BATCH, torch.tensor(1.0).double())


def test_naive_siamese_pulls_along_center_and_residual_alike() -> None:
    z = rows(BATCH, DIM)
    found = loss_components(lambda free: -(free * F.normalize(z)).sum(dim=1).mean(), z)
    assert (found.on_center, found.on_residual) == pytest.approx((1, 1))
    close(found.center, F.normalize(z).mean(dim=0))
    close(found.center + found.residual, F.normalize(z))


LOSSES: list[Callable[[Tensor], Tensor]] = [
    center_loss,
    residual_loss,
    decorrelation_loss,
    uniformity_loss,
    lambda z: info_nce_loss(z, z.detach(), temperature=0.2),
    lambda z: nt_xent_loss(z, z.roll(1, dims=0), temperature=0.5),
    lambda z: negative_cosine_loss(z, z.detach().flip(0)),
]


@pytest.mark.parametrize("loss", LOSSES)
def test_on_the_sphere_center_and_residual_hold_each_other_in_balance(
    loss: Callable[[Tensor], Tensor],
) -> None:
    z = batch_of((BATCH, DIM, 3))
    found = loss_components(loss, z)
    center, residual = center_and_residual(F.normalize(z))
    gained = found.on_center * center.square().sum()
    lost = found.on_residual * residual.square().sum() / BATCH
    assert (gained + lost).item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_center_s_coefficient_is_its_rate_of_growth(loss: Callable[[Tensor], Tensor]) -> None:
    z = batch_of((BATCH, DIM, 4))
    found = loss_components(loss, z)
    rates = collapse_rates(found.center + found.residual, z)
    m_o = center_and_residual(F.normalize(z)).center.norm().item()
    assert rates.center == pytest.approx(found.on_center * m_o, rel=1e-9, abs=1e-15)


def test_any_method_s_gradient_can_be_taken_apart() -> None:
    """VICReg does not normalise; its gradient by unit vectors is made tangent first."""
    z1, z2 = units(BATCH, DIM), units(BATCH, DIM)
    leaf = z1.clone().requires_grad_()
    loss = vicreg_loss(
        leaf, z2, invariance_weight=25.0, variance_weight=25.0, covariance_weight=1.0
    )
    (gradient,) = torch.autograd.grad(loss, leaf)
    found = gradient_components(tangent(gradient, z1), z1)
    close(found.center + found.residual, -BATCH * tangent(gradient, z1))


def test_components_without_a_center_have_no_coefficient_on_it() -> None:
    z = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64)
    assert math.isnan(gradient_components(z, z).on_center)
    assert gradient_components(z, z).on_residual == pytest.approx(-2)


# --- curves ---------------------------------------------------------------------------------------


@unhurried
@given(batches)
def test_the_decentering_curve_falls_through_its_crossing(shape: tuple[int, int, int]) -> None:
    vectors = batch_of((shape[0], shape[1] + 1, shape[2]))
    extra = batch_of((shape[0], shape[1] + 1, shape[2] + 1)) - 1.0
    crossing = decentering_curve(extra, vectors).crossing
    around = tuple(crossing + step for step in (-0.3, -0.1, 0.1, 0.3))
    curve = decentering_curve(extra, vectors, etas=around)
    assert list(curve.cosines) == sorted(curve.cosines, reverse=True)
    assert curve.cosines[1] > 0 > curve.cosines[2]
    center, own = extra.mean(dim=0), F.normalize(vectors).mean(dim=0)
    expected = F.cosine_similarity(center - around[0] * own, own, dim=0)
    assert curve.cosines[0] == pytest.approx(expected.item(), abs=1e-9)


def test_a_triplet_takes_the_whole_center_away() -> None:
    z = batch_of((BATCH, DIM, 5))
    curve = decentering_curve(triplet_extra_gradient(z.roll(1, dims=0)), z)
    assert curve.crossing == pytest.approx(-1)
    assert len(curve.etas) == len(curve.cosines) == 41


def test_simsiam_de_centers_by_the_share_its_predictor_adds_to_the_center() -> None:
    """Predictions with a longer centre than projections: o_p = 2 o_z makes o_e = −o_p / 2."""
    z = torch.tensor([[0.5, 3**0.5 / 2], [0.5, -(3**0.5) / 2]], dtype=torch.float64)
    predictions = torch.tensor([[1.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    extra = simsiam_extra_gradient(z, predictions)
    assert decentering_curve(extra, predictions).crossing == pytest.approx(-0.5)
    assert decentering_curve(extra, z).crossing == pytest.approx(-1)


def test_the_decentering_curve_survives_a_file() -> None:
    curve = decentering_curve(rows(4, 3), rows(4, 3), etas=(0.0, 0.5))
    assert DecenteringCurve.from_json(curve.to_json()) == curve


def test_decorrelation_cosines_equal_their_definition_in_loops() -> None:
    z, extra = batch_of((BATCH, DIM, 6)), rows(BATCH, DIM)
    direction = torch.from_numpy(reference.decorrelation_pull(z.numpy()))
    center = extra.mean(dim=0)
    residual, shared = decorrelation_cosines(extra, z)
    expected = F.cosine_similarity(extra - center, direction).mean().item()
    assert residual == pytest.approx(expected, rel=1e-9)
    expected = F.cosine_similarity(center.expand_as(direction), direction).mean().item()
    assert shared == pytest.approx(expected, rel=1e-9)


def test_the_decorrelation_pull_is_the_regularizer_s_gradient_on_the_sphere() -> None:
    z = units(BATCH, DIM)
    direction = torch.from_numpy(reference.decorrelation_pull(z.numpy()))
    leaf = z.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(covariance_term(leaf), leaf)
    close(direction, -gradient)
    (gradient,) = torch.autograd.grad(decorrelation_loss(leaf), leaf)
    close(tangent(direction, z), -gradient)


def test_info_nce_decorrelates_in_a_correlated_batch_and_its_center_part_does_not() -> None:
    """Spectrum 1/√k in as many dimensions as samples: a peak between cold and hot."""
    dim = samples = 256
    spread = torch.arange(1, dim + 1).double() ** -0.25
    turn, _ = torch.linalg.qr(rows(dim, dim))
    z1 = (rows(samples, dim) * spread) @ turn
    z2 = z1 + 0.05 * rows(samples, dim)
    curve = decorrelation_curve(z1, z2, temperatures=(0.02, 0.25, 2.0))
    cold, between, hot = curve.residual
    assert between > 0.8
    assert between > cold + 0.2
    assert between > hot + 0.2
    assert max(map(abs, curve.center)) < 0.05


# --- rates ----------------------------------------------------------------------------------------


@unhurried
@given(batches)
def test_rates_are_the_derivatives_of_the_two_lengths(shape: tuple[int, int, int]) -> None:
    vectors = batch_of((shape[0], shape[1] + 1, shape[2]))
    directions = batch_of((shape[0], shape[1] + 1, shape[2] + 1)) - 2.0
    found = collapse_rates(directions, vectors)
    expected = reference.rates(directions.numpy(), vectors.numpy())
    assert (found.center, found.residual) == pytest.approx(expected, rel=1e-4, abs=1e-6)


@unhurried
@given(batches)
def test_the_center_part_never_shortens_the_center_and_the_residual_part_undoes_it(
    shape: tuple[int, int, int],
) -> None:
    vectors = batch_of(shape)
    forth, back = center_rates(vectors), residual_rates(vectors)
    assert forth.center >= -1e-15
    assert (back.center, back.residual) == pytest.approx(
        (-forth.center, -forth.residual), abs=1e-12
    )


def test_rates_of_conjecture_1_are_those_of_its_two_losses() -> None:
    vectors = units(BATCH, DIM)
    for loss, rates in ((center_loss, center_rates), (residual_loss, residual_rates)):
        found, expected = rates(vectors), collapse_rates(pull(loss, vectors), vectors)
        assert (found.center, found.residual) == pytest.approx((expected.center, expected.residual))


def test_following_a_part_moves_both_lengths_all_the_way() -> None:
    z = batch_of((40, 8, 9))
    for loss, m_o, m_r in ((center_loss, 1.0, 0.0), (residual_loss, 0.0, 1.0)):
        moved = z.clone()
        for _ in range(400):
            moved = F.normalize(F.normalize(moved) + 0.5 * pull(loss, F.normalize(moved)))
        center, residual = center_and_residual(moved)
        assert center.norm().item() == pytest.approx(m_o, abs=0.01)
        assert residual.norm(dim=1).mean().item() == pytest.approx(m_r, abs=0.05)


def test_at_balance_and_at_collapse_rates_are_the_ones_forward_in_time() -> None:
    poles = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64)
    up = torch.tensor([[0.0, 1.0], [0.0, 1.0]], dtype=torch.float64)
    assert collapse_rates(up, poles).center == pytest.approx(1)
    apart = torch.tensor([[0.0, 1.0], [0.0, -1.0]], dtype=torch.float64)
    together = poles[:1].expand(2, 2)
    rates = collapse_rates(apart, together)
    assert (rates.center, rates.residual) == pytest.approx((0, 1))
    assert center_rates(together).center == center_rates(poles).center == 0


@unhurried
@given(st.integers(3, 30), st.integers(2, 8), st.integers(0, 2**31))
def test_near_collapse_decorrelation_lengthens_the_center(
    samples: int, dim: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    scatter = torch.randn(samples, dim, generator=generator, dtype=torch.float64)
    cone = torch.ones(dim) + 1e-3 * scatter
    assert decorrelation_rates(cone).center > 0


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: collapse_rates(rows(1, 2), rows(1, 2)), "at least 2 rows"),
        (lambda: collapse_rates(rows(3, 2), rows(4, 2)), "`vectors` must have the shape of"),
        (lambda: decorrelation_rates(rows(1, 2)), "at least 2 rows"),
        (lambda: tangent(rows(3, 2), rows(3, 3)), "`vectors` must have the shape of"),
        (lambda: gradient_components(rows(3, 2), rows(2, 2)), "`vectors` must have the shape"),
        (
            lambda: loss_components(lambda z: z.sum(dim=1), rows(3, 2)),
            r"`loss` must return a scalar, got shape \(3,\)",
        ),
        (lambda: decentering_curve(rows(2, 2), rows(2, 2), etas=()), "`etas` must contain"),
        (
            lambda: decentering_curve(rows(2, 1), torch.tensor([[1.0], [-1.0]])),
            "`vectors` must have a non-zero mean",
        ),
        (
            lambda: decorrelation_curve(rows(3, 2), rows(3, 2), temperatures=()),
            "`temperatures` must contain at least one number, got none",
        ),
        (
            lambda: decorrelation_curve(rows(3, 2), rows(3, 2), temperatures=(0.1, 0)),
            "`temperature` must be a finite number above 0, got 0",
        ),
        (
            lambda: info_nce_extra_gradient(rows(3, 2), rows(3, 2), temperature=-1),
            "`temperature` must be a finite number above 0, got -1",
        ),
        (
            lambda: info_nce_extra_gradient(rows(1, 2), rows(1, 2), temperature=1),
            "`queries` .* 2 rows",
        ),
        (
            lambda: simsiam_negative_gradient(rows(3, 2), rows(2, 2)),
            "`predictions2` must have .* got",
        ),
        (lambda: triplet_negative_gradient(rows(3, 2), rows(2, 2)), "`negatives` must have .* got"),
    ],
)
@pytest.mark.usefixtures("as_users_run_it")
def test_what_makes_no_sense_is_refused_in_words(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()

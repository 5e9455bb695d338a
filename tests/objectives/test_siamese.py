"""What the docstrings of the siamese objectives claim, and what is peculiar to each."""

from __future__ import annotations

import math
from importlib.util import find_spec

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from nearfar.objectives import (
    AlignmentUniformityLoss,
    alignment_loss,
    alignment_uniformity_loss,
    barlow_twins_loss,
    byol_loss,
    center_loss,
    contrastive_loss,
    covariance_term,
    decorrelation_loss,
    extra_gradient_loss,
    forward_predictive_loss,
    info_nce_loss,
    inverse_predictive_loss,
    multi_view_loss,
    negative_cosine_loss,
    residual_loss,
    simsiam_extra_gradient,
    swapped_prediction_loss,
    triplet_extra_gradient,
    uniformity_loss,
)
from nearfar.ops import sinkhorn, to_sphere

BATCH, DIM = 12, 4
beside_lightly = pytest.mark.skipif(find_spec("lightly") is None, reason="lightly is not installed")
close = torch.testing.assert_close


def rows(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


def views(batch: int = BATCH, dim: int = DIM) -> tuple[Tensor, Tensor]:
    first = rows(batch, dim)
    return first, first + 0.3 * rows(batch, dim)


def gradient(loss: Tensor, by: Tensor) -> Tensor:
    return torch.autograd.grad(loss, by, retain_graph=True)[0]


def uniform_circle(*shape: int) -> Tensor:
    return F.normalize(rows(*shape, 2), dim=-1)


# --- contrastive, alignment and uniformity --------------------------------------------------------


def test_contrastive_in_the_batch_is_the_mean_of_both_directions_of_info_nce() -> None:
    z1, z2 = views()
    there, back = (info_nce_loss(*pair, temperature=0.2) for pair in ((z1, z2), (z2, z1)))
    close(contrastive_loss(z1, z2, temperature=0.2), (there + back) / 2)


def test_contrastive_in_a_batch_of_one_is_refused_by_the_name_of_its_argument() -> None:
    with pytest.raises(ValueError, match="`z1` needs at least 2 rows"):
        contrastive_loss(rows(1, DIM), rows(1, DIM), temperature=0.2)


def test_contrastive_takes_one_bank_or_a_bank_for_each_anchor() -> None:
    z1, z2 = views()
    bank, own = rows(7, DIM), rows(BATCH, 7, DIM)
    shared = contrastive_loss(z1, z2, bank, temperature=0.2)
    close(shared, info_nce_loss(z1, z2, bank, temperature=0.2))
    close(shared, contrastive_loss(z1, z2, bank.repeat(BATCH, 1, 1), temperature=0.2))
    one_by_one = [contrastive_loss(z1[[i]], z2[[i]], own[i], temperature=0.2) for i in range(BATCH)]
    close(contrastive_loss(z1, z2, own, temperature=0.2), torch.stack(one_by_one).mean())


@pytest.mark.parametrize(
    ("negatives", "expected"), [(1, 0.2395), (16, -1.0182), (256, -1.1694)], ids=str
)
def test_contrastive_of_aligned_uniform_points_nears_its_limit(
    negatives: int, expected: float
) -> None:
    """On the circle at temperature 0.5 the limit is −2 + ln 0F1(; 1; 1) = −1.1760."""
    anchors = 4096
    z = uniform_circle(anchors)
    loss = contrastive_loss(z, z, uniform_circle(anchors, negatives), temperature=0.5)
    assert loss.item() - math.log(negatives) == pytest.approx(expected, abs=0.02)
    assert loss.item() - math.log(negatives) > -1.1760 - 0.005


def test_the_limit_of_many_negatives_splits_into_alignment_and_uniformity() -> None:
    tau, (z1, z2), bank = 0.5, views(), rows(100_000, DIM)
    loss = contrastive_loss(z1, z2, bank, temperature=tau) - math.log(len(bank))
    spread = (F.normalize(z1) @ F.normalize(bank).T / tau).exp().mean(dim=1).log().mean()
    close(loss, alignment_loss(z1, z2) / (2 * tau) - 1 / tau + spread, rtol=0, atol=1e-4)
    gaussian = (-(torch.cdist(F.normalize(z1), F.normalize(bank)) ** 2) / (2 * tau)).exp()
    close(spread, gaussian.mean(dim=1).log().mean() + 1 / tau)


def test_alignment_uniformity_is_the_weighted_sum_of_its_parts() -> None:
    z1, z2 = views()
    uniformity = (uniformity_loss(z1, t=3.0) + uniformity_loss(z2, t=3.0)) / 2
    loss = alignment_uniformity_loss(
        z1, z2, alpha=1.0, t=3.0, alignment_weight=0.75, uniformity_weight=0.5
    )
    alignment = alignment_loss(z1, z2, alpha=1.0)
    close(loss, 0.75 * alignment + 0.5 * uniformity)
    stored = AlignmentUniformityLoss(alpha=1.0, t=3.0, alignment_weight=0.75, uniformity_weight=0.5)
    terms = stored.terms(z1, z2)
    assert set(terms) == {"alignment", "uniformity"}
    close(terms["alignment"], 0.75 * alignment)
    close(terms["uniformity"], 0.5 * uniformity)


# --- multi-view -----------------------------------------------------------------------------------


def test_multi_view_is_the_constant_minus_what_the_paper_maximizes() -> None:
    (z1, z2), signals = views(), rows(BATCH, 3, 5)
    reconstructions = signals + 0.1 * rows(BATCH, 3, 5)
    weights = {"contrastive_weight": 0.5, "forward_weight": 0.3, "inverse_weight": 0.2}
    scores = (F.normalize(z1) @ F.normalize(z2).T / 0.2).exp()
    contrast = (scores.diagonal() / scores.mean(dim=1)).log().mean()
    forward = -(signals - reconstructions).square().sum(dim=(1, 2)).mean()
    inverse = -(z1 - z2).square().sum(dim=1).mean()
    maximized = 0.5 * contrast + 0.3 * forward + 0.2 * inverse
    assert contrast <= math.log(BATCH)
    loss = multi_view_loss(z1, z2, reconstructions, signals, temperature=0.2, **weights)
    close(loss, 0.5 * math.log(BATCH) - maximized)


def test_the_inverse_term_acts_on_the_representations_when_they_are_given() -> None:
    (z1, z2), (h1, h2) = views(), views(dim=9)
    contrast = multi_view_loss(z1, z2, temperature=0.2)
    loss = multi_view_loss(z1, z2, h1=h1, h2=h2, temperature=0.2, inverse_weight=0.03)
    close(loss, contrast + 0.03 * inverse_predictive_loss(h1, h2))
    on_projections = multi_view_loss(z1, z2, temperature=0.2, inverse_weight=0.03)
    close(on_projections, contrast + 0.03 * inverse_predictive_loss(z1, z2))


def test_the_inverse_term_on_projections_shortens_them_unless_they_are_normalized() -> None:
    z1, z2 = (z.requires_grad_() for z in views())
    radial = (gradient(multi_view_loss(z1, z2, temperature=0.2), z1) * z1).sum(dim=1)
    close(radial, torch.zeros_like(radial), rtol=0, atol=1e-12)
    raw = multi_view_loss(z1, z2, temperature=0.2, inverse_weight=1.0)
    assert ((gradient(raw, z1) * z1).sum() + (gradient(raw, z2) * z2).sum()) > 0.1
    unit = multi_view_loss(
        z1, z2, h1=to_sphere(z1), h2=to_sphere(z2), temperature=0.2, inverse_weight=1.0
    )
    assert (gradient(unit, z1) * z1).sum().abs() < 1e-12


def test_a_forward_weight_without_reconstructions_is_refused() -> None:
    z1, z2 = views()
    with pytest.raises(ValueError, match=r"`reconstructions` and `signals` must be given .* 0\.5"):
        multi_view_loss(z1, z2, temperature=0.2, forward_weight=0.5)


def test_the_predictive_losses_are_squared_errors_summed_over_a_sample() -> None:
    signals, guesses = rows(BATCH, 3, 5), rows(BATCH, 3, 5)
    close(forward_predictive_loss(guesses, signals), 15 * F.mse_loss(guesses, signals))
    close(
        forward_predictive_loss(signals[:, 0, 0], signals[:, 0, 1]),
        F.mse_loss(signals[:, 0, 0], signals[:, 0, 1]),
    )
    z1, z2 = views()
    close(inverse_predictive_loss(z1, z2), DIM * F.mse_loss(z1, z2))
    close(inverse_predictive_loss(to_sphere(z1), to_sphere(z2)), alignment_loss(z1, z2))
    assert inverse_predictive_loss(torch.ones(5, 3), torch.ones(5, 3)) == 0


# --- negative cosine ------------------------------------------------------------------------------


def test_negative_cosine_is_half_of_byol_and_of_alignment_minus_one() -> None:
    z1, z2 = views()
    close(negative_cosine_loss(z1, z2), byol_loss(z1, z2) / 2 - 1)
    close(negative_cosine_loss(z1, z2), alignment_loss(z1, z2) / 2 - 1)


def test_negative_cosine_lets_the_caller_decide_what_is_detached() -> None:
    p1, z2 = (view.requires_grad_() for view in views())
    negative_cosine_loss(p1, z2.detach()).backward()
    assert z2.grad is None
    negative_cosine_loss(p1, z2).backward()
    assert z2.grad is not None


def test_the_squared_distance_differs_from_the_cosine_by_a_dummy_term() -> None:
    """½‖Z_a − Z_b‖² − 1 has one value and one gradient with −Z_a·Z_b."""
    z1, z2 = views()
    z1.requires_grad_()
    squares = (to_sphere(z1) - to_sphere(z2)).square().sum(dim=1).mean() / 2
    close(squares - 1, negative_cosine_loss(z1, z2))
    close(gradient(squares, z1), gradient(negative_cosine_loss(z1, z2), z1))


@beside_lightly
def test_negative_cosine_is_that_of_lightly() -> None:
    from lightly.loss import NegativeCosineSimilarity

    z1, z2 = views()
    close(negative_cosine_loss(z1, z2), NegativeCosineSimilarity()(z1, z2))


# --- Barlow Twins ---------------------------------------------------------------------------------


def cross_correlation(z1: Tensor, z2: Tensor) -> Tensor:
    first, second = (F.batch_norm(z, None, None, training=True, eps=1e-5) for z in (z1, z2))
    return first.T @ second / len(z1)


@pytest.mark.parametrize("shape", [(9, 30), (30, 9), (16, 16)], ids=str)
def test_barlow_twins_of_either_shape_is_that_of_the_correlation_matrix(
    shape: tuple[int, int],
) -> None:
    z1, z2 = (z.requires_grad_() for z in views(*shape))
    c = cross_correlation(z1, z2)
    off_diagonal = c.square().sum() - c.diagonal().square().sum()
    expected = (1 - c.diagonal()).square().sum() + 0.1 * off_diagonal
    ours = barlow_twins_loss(z1, z2, off_diagonal_weight=0.1)
    close(ours, expected)
    for z in (z1, z2):
        close(gradient(ours, z), gradient(expected, z))


def test_barlow_twins_of_unrelated_views_reads_what_the_scale_line_says() -> None:
    samples, dim, weight = 64, 48, 0.05
    readings = [
        barlow_twins_loss(rows(samples, dim), rows(samples, dim), off_diagonal_weight=weight)
        for _ in range(50)
    ]
    expected = dim * (1 + 1 / (samples - 1)) + weight * dim * (dim - 1) / (samples - 1)
    assert torch.stack(readings).mean().item() == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1000.1], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_constant_dimensions_are_not_taken_for_correlated_ones(
    constant: float, dtype: torch.dtype
) -> None:
    z = torch.full((100, 8), constant, dtype=dtype, requires_grad=True)
    loss = barlow_twins_loss(z, z)
    assert loss.item() == pytest.approx(8, rel=1e-2)
    assert gradient(loss, z).isfinite().all()


def test_the_scale_of_a_dimension_matters_only_near_the_epsilon() -> None:
    z1, z2 = views(64)
    close(barlow_twins_loss(100 * z1, z2), barlow_twins_loss(z1, 10 * z2), rtol=1e-3, atol=0)
    faint = barlow_twins_loss(1e-4 * z1, 1e-4 * z1)
    assert faint.item() == pytest.approx(DIM, rel=0.01)


@beside_lightly
@pytest.mark.parametrize("shape", [(32, 16), (8, 16)], ids=str)
def test_barlow_twins_is_that_of_lightly(shape: tuple[int, int]) -> None:
    from lightly.loss import BarlowTwinsLoss

    z1, z2 = (z.requires_grad_() for z in views(*shape))
    ours = barlow_twins_loss(z1, z2, off_diagonal_weight=0.0051)
    theirs = BarlowTwinsLoss(lambda_param=0.0051)(z1, z2)
    close(ours, theirs)
    close(gradient(ours, z1), gradient(theirs, z1))


# --- Sinkhorn and swapped prediction --------------------------------------------------------------


def test_sinkhorn_shares_out_the_samples_and_more_evenly_with_more_iterations() -> None:
    scores = F.normalize(rows(64, 16)) @ F.normalize(rows(10, 16)).T
    uneven = []
    for iterations in (1, 3, 500):
        codes = sinkhorn(scores, epsilon=0.05, iterations=iterations)
        close(codes.sum(dim=1), torch.ones(64, dtype=torch.float64))
        assert codes.min() >= 0
        uneven.append((codes.sum(dim=0) - 6.4).abs().max().item())
    assert uneven[0] > uneven[1] > uneven[2]
    assert uneven[2] < 1e-6


def test_sinkhorn_without_iteration_is_the_softmax_of_each_row() -> None:
    scores = rows(5, 3)
    close(sinkhorn(scores, epsilon=0.5, iterations=0), (scores / 0.5).softmax(dim=1))


def test_sinkhorn_multiplies_the_potentials_by_one_number_per_row_and_column() -> None:
    scores = rows(5, 3)
    ratio = (sinkhorn(scores, epsilon=0.5, iterations=2).log() - scores / 0.5).double()
    mixed = ratio - ratio.mean(dim=0) - ratio.mean(dim=1, keepdim=True) + ratio.mean()
    close(mixed, torch.zeros_like(mixed), rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
@pytest.mark.parametrize("epsilon", [0.01, 0.0005], ids=str)
def test_sinkhorn_neither_over_nor_underflows(dtype: torch.dtype, epsilon: float) -> None:
    """exp(1 / 0.01) is beyond float32, and a prototype may be far from every sample."""
    scores = torch.tensor([[1.0, -1.0, 0.9], [0.99, -1.0, 1.0], [1.0, -1.0, -0.5]]).to(dtype)
    codes = sinkhorn(scores, epsilon=epsilon, iterations=3)
    assert codes.dtype == torch.float32
    assert codes.isfinite().all()
    close(codes.sum(dim=1), torch.ones(3))


def test_equal_samples_get_uniform_codes_and_the_loss_reads_ln_k_at_least() -> None:
    z, prototypes = rows(1, DIM).repeat(BATCH, 1), rows(7, DIM)
    scores = to_sphere(z) @ to_sphere(prototypes).T
    codes = sinkhorn(scores, epsilon=0.05, iterations=1)
    close(codes, torch.full_like(codes, 1 / 7))
    assert swapped_prediction_loss(z, z, prototypes) >= math.log(7)
    even = torch.eye(DIM, dtype=torch.float64)
    loss = swapped_prediction_loss(torch.ones_like(z), torch.ones_like(z), even)
    assert loss.item() == pytest.approx(math.log(DIM))


def test_training_a_collapsed_batch_leads_to_ln_k_and_no_further() -> None:
    z = rows(1, DIM).requires_grad_()
    prototypes = torch.eye(DIM, dtype=torch.float64)
    for _ in range(300):
        loss = swapped_prediction_loss(*[z.expand(BATCH, -1)] * 2, prototypes, temperature=0.5)
        z = (z - gradient(loss, z)).detach().requires_grad_()
    assert loss.item() == pytest.approx(math.log(DIM), abs=1e-6)


def test_swapped_prediction_is_cross_entropy_of_each_view_to_the_other_views_code() -> None:
    (z1, z2), prototypes = views(), rows(5, DIM)
    scores = [to_sphere(z) @ to_sphere(prototypes).T for z in (z1, z2)]
    codes = [sinkhorn(score, epsilon=0.1, iterations=3) for score in scores]
    there = F.cross_entropy(scores[0] / 0.2, codes[1])
    back = F.cross_entropy(scores[1] / 0.2, codes[0])
    loss = swapped_prediction_loss(z1, z2, prototypes, temperature=0.2, epsilon=0.1)
    close(loss, (there + back) / 2)


def test_a_queue_changes_the_codes_of_its_own_view_and_nothing_else() -> None:
    z1, z2 = (z.requires_grad_() for z in views())
    prototypes, queue1, queue2 = rows(5, DIM), rows(20, DIM), rows(20, DIM)
    centers = to_sphere(prototypes)
    loss = swapped_prediction_loss(z1, z2, prototypes, queue1, queue2)
    codes = [
        sinkhorn(to_sphere(torch.cat([z, queue])) @ centers.T, epsilon=0.05, iterations=3)[:BATCH]
        for z, queue in ((z1.detach(), queue1), (z2.detach(), queue2))
    ]
    there = F.cross_entropy(to_sphere(z1) @ centers.T / 0.1, codes[1])
    back = F.cross_entropy(to_sphere(z2) @ centers.T / 0.1, codes[0])
    close(loss, (there + back) / 2)
    other = swapped_prediction_loss(z1, z2, prototypes, -queue1, queue2)
    close(gradient(other, z1), gradient(loss, z1))  # z1 learns from z2's codes
    assert not torch.allclose(gradient(other, z2), gradient(loss, z2))


def test_a_batch_of_one_gets_its_code_from_the_queue() -> None:
    (z1, z2), queue = views(1), rows(20, DIM)
    assert swapped_prediction_loss(z1, z2, rows(3, DIM), queue, queue).isfinite()


@beside_lightly
@pytest.mark.parametrize("queued", [False, True], ids=["batch", "queue"])
def test_swapped_prediction_is_that_of_lightly(queued: bool) -> None:
    from lightly.loss import SwaVLoss

    z1, z2 = (z.requires_grad_() for z in views(32))
    prototypes, queues = rows(6, DIM), [rows(40, DIM), rows(40, DIM)] if queued else []
    ours = swapped_prediction_loss(z1, z2, prototypes, *queues)
    scores = [to_sphere(z) @ to_sphere(prototypes).T for z in (z1, z2, *queues)]
    theirs = SwaVLoss()(scores[:2], [], scores[2:] if queued else None).squeeze()
    close(ours, theirs)
    close(gradient(ours, z1), gradient(theirs, z1))
    crops = [rows(32, DIM) for _ in range(3)]
    near = [to_sphere(crop) @ to_sphere(prototypes).T for crop in crops]
    ours = swapped_prediction_loss(z1, z2, prototypes, *queues, small=torch.stack(crops))
    close(ours, SwaVLoss()(scores[:2], near, scores[2:] if queued else None).squeeze())


# --- the gradient's parts -------------------------------------------------------------------------


def test_center_and_residual_losses_are_opposite_and_about_the_length_of_the_center() -> None:
    z = views()[0].requires_grad_()
    length = to_sphere(z).mean(dim=0).square().sum()
    close(center_loss(z), -length)
    close(residual_loss(z), length - 1)
    close(gradient(center_loss(z), z), -gradient(residual_loss(z), z))
    close(gradient(center_loss(z), z), -gradient(length, z) / 2)


def test_the_center_phase_collapses_and_the_residual_phase_undoes_it() -> None:
    """Conjecture 1 on free vectors: figure 4."""
    z = F.normalize(rows(16, 8))
    lengths = []
    for loss, steps in ((center_loss, 60), (residual_loss, 300)):
        for _ in range(steps):
            z = z.detach().requires_grad_()
            z = F.normalize(z - 3 * gradient(loss(z), z))
        lengths.append(z.mean(dim=0).norm().item())
    collapsed, spread = lengths
    assert collapsed > 0.99
    assert spread < 0.05


def test_decorrelation_is_the_covariance_term_of_unit_vectors() -> None:
    z = rows(BATCH, DIM)
    close(decorrelation_loss(z), covariance_term(F.normalize(z)))
    line = torch.ones(1, 8).repeat(1000, 1) * torch.tensor([1.0, -1.0]).repeat(500)[:, None]
    assert decorrelation_loss(line).item() == pytest.approx(7 / 64, rel=0.01)


def test_without_an_extra_gradient_it_is_the_naive_siamese_loss() -> None:
    z1, z2 = (z.requires_grad_() for z in views())
    naive = extra_gradient_loss(z1, z2, rows(BATCH, DIM), keep_center=False, keep_residual=False)
    expected = negative_cosine_loss(z1, z2.detach())
    close(naive, expected)
    close(gradient(naive, z1), gradient(expected, z1))


def test_the_gradient_of_simsiam_is_the_basic_plus_its_extra_gradient() -> None:
    z2, (p1, p2) = rows(BATCH, DIM), views()
    p1.requires_grad_()
    extra = simsiam_extra_gradient(z2, p2)
    split = extra_gradient_loss(p1, p2, extra)
    simsiam = negative_cosine_loss(p1, z2)
    close(gradient(split, p1), gradient(simsiam, p1))
    units = to_sphere(p1)
    close(-BATCH * gradient(negative_cosine_loss(units, z2), units), tangent(to_sphere(z2), units))
    o_z, o_p = to_sphere(z2).mean(dim=0), to_sphere(p2).mean(dim=0)
    close(extra.mean(dim=0), o_z - o_p)


def tangent(vectors: Tensor, units: Tensor) -> Tensor:
    return vectors - (vectors * units).sum(dim=1, keepdim=True) * units


def test_the_gradient_of_the_triplet_is_the_basic_minus_the_negative() -> None:
    z1, z2 = views()
    z1.requires_grad_()
    negatives = z2.roll(1, dims=0)
    split = extra_gradient_loss(z1, z2, triplet_extra_gradient(negatives))
    triplet = -(to_sphere(z1) * (to_sphere(z2) - to_sphere(negatives))).sum(dim=1).mean()
    close(split, triplet)
    close(gradient(split, z1), gradient(triplet, z1))
    extra = triplet_extra_gradient(negatives)
    close(extra.mean(dim=0), -to_sphere(z2).mean(dim=0))


def test_the_gradient_of_info_nce_is_the_basic_minus_the_weighted_candidates() -> None:
    tau, (z1, z2) = 0.3, views()
    z1.requires_grad_()
    weights = (to_sphere(z1) @ to_sphere(z2).T / tau).softmax(dim=1).detach()
    extra = -weights @ to_sphere(z2)
    info_nce = tau * info_nce_loss(z1, z2, temperature=tau)
    close(gradient(extra_gradient_loss(z1, z2, extra), z1), gradient(info_nce, z1))


def test_the_kept_parts_add_to_the_whole() -> None:
    z1, z2 = views()
    z1.requires_grad_()
    extra = rows(BATCH, DIM)
    by_parts = {
        kept: gradient(
            extra_gradient_loss(z1, z2, extra, keep_center=kept[0], keep_residual=kept[1]), z1
        )
        for kept in ((True, True), (True, False), (False, True), (False, False))
    }
    whole, center, residual, basic = by_parts.values()
    close(whole + basic, center + residual)
    assert not torch.allclose(center, residual)


def test_extra_gradients_carry_no_gradient() -> None:
    z2, predictions2 = (z.requires_grad_() for z in views())
    assert not simsiam_extra_gradient(z2, predictions2).requires_grad
    assert not triplet_extra_gradient(z2).requires_grad

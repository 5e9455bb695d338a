"""What the docstrings claim in their Relations."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from nearfar.objectives import (
    alignment_loss,
    byol_loss,
    covariance_term,
    info_nce_loss,
    nt_xent_loss,
    uniformity_loss,
    vicreg_loss,
)


def views(batch: int = 12, dim: int = 4) -> tuple[Tensor, Tensor]:
    first = torch.randn(batch, dim, dtype=torch.float64)
    return first, first + 0.3 * torch.randn(batch, dim, dtype=torch.float64)


def test_info_nce_in_the_batch_is_cross_entropy_over_cosines() -> None:
    z1, z2 = views()
    logits = F.normalize(z1) @ F.normalize(z2).T / 0.2
    expected = F.cross_entropy(logits, torch.arange(12))
    torch.testing.assert_close(info_nce_loss(z1, z2, temperature=0.2), expected)


def test_nt_xent_is_info_nce_with_more_candidates_in_both_directions() -> None:
    z1, z2 = views()
    total = 0.0
    for queries, keys in ((z1, z2), (z2, z1)):
        for i in range(12):
            others = [j for j in range(12) if j != i]
            bank = torch.cat([queries[others], keys[others]])
            total += info_nce_loss(queries[[i]], keys[[i]], bank, temperature=0.2) / 24
    torch.testing.assert_close(nt_xent_loss(z1, z2, temperature=0.2), total)


def test_byol_is_two_minus_two_cosines_and_alignment() -> None:
    z1, z2 = views()
    expected = 2 - 2 * F.cosine_similarity(z1, z2).mean()
    torch.testing.assert_close(byol_loss(z1, z2), expected)
    torch.testing.assert_close(alignment_loss(z1, z2), expected)


def test_byol_lets_the_caller_decide_what_is_detached() -> None:
    z1, z2 = (view.requires_grad_() for view in views())
    byol_loss(z1, z2.detach()).backward()
    assert z2.grad is None
    byol_loss(z1, z2).backward()
    assert z2.grad is not None


def test_uniformity_with_and_without_self_pairs_are_tied() -> None:
    z, _ = views()
    without, included = uniformity_loss(z).exp(), uniformity_loss(z, include_self=True).exp()
    torch.testing.assert_close(12 * included, 11 * without + 1)


def test_uniform_points_read_the_closed_form_and_never_less_with_self_pairs() -> None:
    z = torch.randn(4000, 3)
    minimum = math.log((1 - math.exp(-8)) / 8)  # dim 3, t 2
    assert uniformity_loss(z).item() == pytest.approx(minimum, abs=0.01)
    ring = torch.arange(1, 65) * 2 * math.pi / 64
    circle = torch.stack([ring.cos(), ring.sin()], dim=1).double()
    circle_minimum = -4 + math.log(torch.special.i0(torch.tensor(4.0, dtype=torch.float64)))
    even = uniformity_loss(circle, include_self=True).item()
    assert even >= circle_minimum - 1e-9
    assert even == pytest.approx(circle_minimum, abs=1e-6)
    assert uniformity_loss(circle).item() < circle_minimum


def test_many_negatives_split_into_alignment_and_uniformity() -> None:
    """Wang & Isola's theorem 1, at a temperature where the limit is near."""
    z1 = torch.randn(2000, 3, dtype=torch.float64)
    z2 = z1 + 0.2 * torch.randn(2000, 3, dtype=torch.float64)
    u1, u2 = F.normalize(z1), F.normalize(z2)
    spread = (u1 @ u2.T).logsumexp(dim=1).mean() - math.log(2000)
    limit = -(u1 * u2).sum(dim=1).mean() + spread
    loss = info_nce_loss(z1, z2, temperature=1.0) - math.log(2000)
    assert loss.item() == pytest.approx(limit.item(), abs=1e-6)
    assert -(u1 * u2).sum(dim=1).mean() == pytest.approx(alignment_loss(z1, z2) / 2 - 1)


def test_vicreg_of_constant_output_reads_495_and_2475_at_the_scale_of_the_code() -> None:
    z = torch.ones(8, 16)
    assert vicreg_loss(z, z).item() == pytest.approx(49.5, abs=1e-4)
    code = vicreg_loss(z, z, invariance_weight=25 / 16, variance_weight=12.5)
    assert code.item() == pytest.approx(24.75, abs=1e-4)


@pytest.mark.parametrize("shape", [(9, 30), (30, 9), (16, 16)], ids=str)
def test_either_gram_matrix_gives_the_covariances_and_their_gradient(
    shape: tuple[int, int],
) -> None:
    z = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    expected = torch.cov(z.T).square()
    expected = (expected.sum() - expected.diagonal().sum()) / shape[1]
    ours = covariance_term(z)
    torch.testing.assert_close(ours, expected)
    gradients = (torch.autograd.grad(value, z)[0] for value in (ours, expected))
    torch.testing.assert_close(*gradients)


def test_a_confident_mistake_keeps_its_gradient_and_a_confident_success_loses_it() -> None:
    near = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    for keys, least, most in ((near.flip(0), 50.0, 200.0), (near, 0.0, 1e-30)):
        queries = near.clone().requires_grad_()
        info_nce_loss(queries, keys, temperature=0.01).backward()
        assert queries.grad is not None
        assert least <= queries.grad.norm() <= most

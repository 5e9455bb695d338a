"""Barlow Twins: the loss of its projections, what its terms do."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nearfar.methods import BarlowTwins, barlow_twins
from tests.cases.method_cases import WIDTH, encoder, two_views


def make(**options: float) -> BarlowTwins:
    torch.manual_seed(0)
    return barlow_twins(encoder(), WIDTH, hidden=16, **options)


def test_the_loss_is_the_papers_over_the_cross_correlation_in_float64():
    method = make(off_diagonal_weight=0.1).double().eval()
    step = method(tuple(view.double() for view in two_views()))
    z1, z2 = (z.detach().numpy() for z in step.projections)
    dim = z1.shape[1]
    expected = 0.0
    for i in range(dim):
        for j in range(dim):
            a, b = z1[:, i] - z1[:, i].mean(), z2[:, j] - z2[:, j].mean()
            # the authors' batch-norm adds 10^-5 to each variance
            c = (a * b).mean() / np.sqrt(((a**2).mean() + 1e-5) * ((b**2).mean() + 1e-5))
            expected += (1 - c) ** 2 if i == j else 0.1 * c**2
    assert step.loss.item() == pytest.approx(expected, rel=1e-9)


def test_training_makes_dimensions_agree_and_differ():
    method = make()
    shown = two_views()
    optimizer = torch.optim.Adam(method.parameters(), lr=1e-2)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = method(shown).loss
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


def test_a_wider_projection_is_asked_for_by_its_width():
    assert make(dim=24).projector.outputs == 24
    assert barlow_twins(encoder(), WIDTH).projector.outputs == 4 * WIDTH


def test_a_negative_weight_is_refused():
    with pytest.raises(ValueError, match=r"`off_diagonal_weight` must be .* above, got -1.0"):
        make(off_diagonal_weight=-1.0)

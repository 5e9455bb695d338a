"""VICReg: the weights of its terms are on the scale that the published results come from."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nearfar.methods import vicreg
from tests.cases.method_cases import WIDTH, encoder, two_views


def test_the_loss_weighs_its_terms_as_the_authors_code_does():
    torch.manual_seed(0)
    method = vicreg(
        encoder(),
        WIDTH,
        hidden=16,
        invariance_weight=20.0,
        variance_weight=10.0,
        covariance_weight=3.0,
    )
    step = method.double().eval()(tuple(view.double() for view in two_views()))
    views = [z.detach().numpy() for z in step.projections]
    count, dim = views[0].shape
    differ = sum((views[0][b, i] - views[1][b, i]) ** 2 for b in range(count) for i in range(dim))
    short = vary = 0.0
    for z in views:
        deviations = [np.sqrt(np.var(z[:, i], ddof=1) + 1e-4) for i in range(dim)]
        short += sum(max(0.0, 1 - deviation) for deviation in deviations) / dim
        covariance = np.cov(z.T)
        vary += sum(covariance[i, j] ** 2 for i in range(dim) for j in range(dim) if i != j) / dim
    expected = 20.0 * differ / (count * dim) + 10.0 * short / 2 + 3.0 * vary
    assert step.loss.item() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("dim", [16, 1024])
def test_the_price_of_a_point_beside_that_of_unlike_views_does_not_depend_on_the_dimension(dim):
    objective = vicreg(encoder(), WIDTH, hidden=dim).objective
    z = torch.randn(512, dim, generator=torch.Generator().manual_seed(0))
    point = objective(0 * z, 0 * z)
    apart = objective.invariance_weight * (z - z.flip(0)).square().sum(dim=1).mean()
    assert point.item() == pytest.approx(24.75)
    assert apart.item() == pytest.approx(50.0, rel=0.1)  # λ · 2 for unit deviations

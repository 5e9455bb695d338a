"""Our losses against another library's, up to the scale each docstring states.

lightly is no dependency of the tests: without it these are skipped.
"""

from __future__ import annotations

from importlib.util import find_spec

import pytest
import torch
from torch import Tensor

from nearfar.objectives import nt_xent_loss, vicreg_loss

pytestmark = pytest.mark.skipif(find_spec("lightly") is None, reason="lightly is not installed")
BATCH, DIM = 32, 16


def value_and_gradient(loss: Tensor, views: list[Tensor]) -> list[Tensor]:
    return [loss.detach(), *torch.autograd.grad(loss, views)]


def views() -> list[Tensor]:
    first = torch.randn(BATCH, DIM, dtype=torch.float64)
    second = first + 0.5 * torch.randn(BATCH, DIM, dtype=torch.float64)
    return [first.requires_grad_(), second.requires_grad_()]


@pytest.mark.parametrize("temperature", [0.05, 0.5])
def test_nt_xent_is_that_of_lightly(temperature: float) -> None:
    from lightly.loss import NTXentLoss

    both = views()
    ours = value_and_gradient(nt_xent_loss(*both, temperature=temperature), both)
    theirs = value_and_gradient(NTXentLoss(temperature=temperature)(*both), both)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-9)


def test_vicreg_with_the_weights_of_the_authors_code_is_that_of_lightly() -> None:
    from lightly.loss import VICRegLoss

    both = [0.5 * view for view in views()]
    loss = vicreg_loss(*both, invariance_weight=25 / DIM, variance_weight=12.5)
    theirs = value_and_gradient(VICRegLoss()(*both), both)
    torch.testing.assert_close(value_and_gradient(loss, both), theirs)

"""NT-Xent with a number of negatives that does not depend on the batch; MoCo's queue of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from nearfar.methods import simclr
from nearfar.objectives import NTXentLoss, nt_xent_loss
from nearfar.studies._queue_methods import QueueAlignmentUniformity
from tests.cases.method_cases import WIDTH, encoder, two_views

BATCH, DIM = 5, 6
Z = torch.randn(2, BATCH, DIM, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def in_loops(z: NDArray[np.float64], *, temperature: float, count: int) -> float:
    """Each view against its positive and the views of the samples after it, until there are K."""
    u = z / np.linalg.norm(z, axis=2, keepdims=True)
    losses = []
    for view in range(2):
        for i in range(len(u[0])):
            above = np.exp(u[view, i] @ u[1 - view, i] / temperature)
            below, taken = above, 0
            for step in range(1, len(u[0])):
                for other in range(2):
                    if taken < count:
                        j = (i + step) % len(u[0])
                        below += np.exp(u[view, i] @ u[other, j] / temperature)
                        taken += 1
            losses.append(-np.log(above / below))
    return float(np.mean(losses))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("temperature", [0.05, 0.5])
def test_limited_negatives_are_those_of_the_next_samples(count: int, temperature: float) -> None:
    loss = nt_xent_loss(*Z, temperature=temperature, num_negatives=count)
    expected = in_loops(Z.numpy(), temperature=temperature, count=count)
    assert loss.item() == pytest.approx(expected, rel=1e-12)


def test_all_negatives_are_the_usual_loss_with_its_gradient() -> None:
    both = Z.clone().requires_grad_()
    limited = nt_xent_loss(*both, temperature=0.3, num_negatives=2 * BATCH - 2)
    usual = nt_xent_loss(*both, temperature=0.3)
    gradients = [torch.autograd.grad(loss, both)[0] for loss in (limited, usual)]
    torch.testing.assert_close(limited, usual)
    torch.testing.assert_close(*gradients)


def test_the_gradient_with_limited_negatives() -> None:
    both = Z.clone().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda z: nt_xent_loss(*z, temperature=0.5, num_negatives=3), both
    )


def test_chance_and_candidates_with_limited_negatives() -> None:
    same = torch.ones(2, BATCH, DIM)
    objective = NTXentLoss(temperature=0.5, num_negatives=3)
    assert objective(*same).item() == pytest.approx(math.log(4))
    assert objective.chance(batch_size=BATCH) == pytest.approx(math.log(4))
    method = simclr(encoder(), WIDTH, dim=8, temperature=0.5, num_negatives=3)
    assert method.candidates(100) == 4
    assert method.chance(100) == pytest.approx(math.log(4))
    assert method(two_views()).loss < 10


@pytest.mark.parametrize("count", [0, 2 * BATCH - 1])
def test_a_number_of_negatives_that_the_batch_does_not_have_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="`num_negatives` must be"):
        nt_xent_loss(*Z, temperature=0.5, num_negatives=count)


def test_limited_negatives_with_a_ring_are_refused() -> None:
    with pytest.raises(ValueError, match="`num_negatives` must be None with a ring"):
        simclr(encoder(), WIDTH, num_negatives=3, ring=True)


def test_a_queue_s_alignment_and_uniformity_are_those_of_loops() -> None:
    queries, keys = Z
    negatives = torch.nn.functional.normalize(torch.randn(7, DIM, dtype=torch.float64), dim=1)
    loss = QueueAlignmentUniformity(alignment_weight=3.0, uniformity_weight=2.0, t=1.5)
    q, k = (z.numpy() / np.linalg.norm(z.numpy(), axis=1, keepdims=True) for z in (queries, keys))
    near = np.mean([np.sum((a - b) ** 2) for a, b in zip(q, k, strict=True)])
    far = [np.exp(-1.5 * np.sum((a - n) ** 2)) for a in q for n in negatives.numpy()]
    far += [np.exp(-1.5 * np.sum((q[i] - q[j]) ** 2)) for i in range(BATCH) for j in range(i)]
    expected = 3 * near + 2 * np.log(np.mean(far))
    assert loss(queries, keys, negatives).item() == pytest.approx(expected, rel=1e-12)

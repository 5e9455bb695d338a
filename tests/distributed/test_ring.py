"""Keys that pass from process to process: the value and gradient of one process with the batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from nearfar.methods import SimCLR
from nearfar.objectives import (
    alignment_uniformity_loss,
    contrastive_loss,
    info_nce_loss,
    nt_xent_loss,
    uniformity_loss,
)
from nearfar.ops import pairwise_logsumexp
from nearfar.parallel import Ring, gather, rank, world_size
from tests.distributed.harness import run_processes

SAMPLES = 12
Loss = Callable[..., Tensor]


def nt_xent(z1: Tensor, z2: Tensor, scale: Tensor, ring: Ring | None) -> Tensor:
    return nt_xent_loss(z1, z2, temperature=1 / scale, ring=ring)


def info_nce(z1: Tensor, z2: Tensor, scale: Tensor, ring: Ring | None) -> Tensor:
    return info_nce_loss(z1, z2, temperature=1 / scale, ring=ring)


def uniformity(z1: Tensor, z2: Tensor, scale: Tensor, ring: Ring | None) -> Tensor:
    return uniformity_loss(z1, t=3.0, ring=ring)


def with_self(z1: Tensor, z2: Tensor, scale: Tensor, ring: Ring | None) -> Tensor:
    return uniformity_loss(z2, include_self=True, ring=ring)


def contrastive(z1: Tensor, z2: Tensor, scale: Tensor, ring: Ring | None) -> Tensor:
    return contrastive_loss(z1, z2, temperature=1 / scale, ring=ring)


def both_halves(z1: Tensor, z2: Tensor, scale: Tensor, ring: Ring | None) -> Tensor:
    return alignment_uniformity_loss(z1, z2, alignment_weight=2.0, ring=ring)


LOSSES: list[Loss] = [nt_xent, info_nce, uniformity, with_self, contrastive, both_halves]


def inputs() -> list[Tensor]:
    source = torch.Generator().manual_seed(3)
    z1, z2 = (torch.randn(SAMPLES, 5, generator=source, dtype=torch.float64) for _ in range(2))
    return [z1, z2, torch.tensor(4.0, dtype=torch.float64)]


def value_and_gradients(loss: Loss, ring: Ring | None) -> list[np.ndarray]:
    """As DistributedDataParallel has them: the mean over processes."""
    z1, z2, scale = inputs()
    shards = [view.chunk(world_size())[rank()].requires_grad_() for view in (z1, z2)]
    scale.requires_grad_()
    value = loss(*shards, scale, ring)
    value.backward()
    whole = [gather(torch.zeros_like(x) if x.grad is None else x.grad) for x in shards]
    learnt = torch.zeros_like(scale) if scale.grad is None else scale.grad
    everyones = gather(learnt[None]).mean()
    return [value.detach().numpy(), *(x.numpy() / world_size() for x in whole), everyones.numpy()]


def in_the_ring(_: int) -> list[list[np.ndarray]]:
    return [value_and_gradients(loss, Ring()) for loss in LOSSES]


@pytest.mark.parametrize("processes", [2, 3])
def test_value_and_gradient_equal_those_of_one_process(processes: int) -> None:
    by_rank = run_processes(in_the_ring, processes, 0)
    for place, loss in enumerate(LOSSES):
        expected = value_and_gradients(loss, None)
        for answers in by_rank:
            for ours, theirs in zip(answers[place], expected, strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)


def method_step(ring: bool) -> list[np.ndarray]:
    torch.manual_seed(0)
    encoder, projector = torch.nn.Linear(6, 5).double(), torch.nn.Linear(5, 4).double()
    method = SimCLR(encoder, projector, temperature=0.3, ring=ring)
    whole = [torch.randn(SAMPLES, 6, dtype=torch.float64) for _ in range(2)]
    views = tuple(view.chunk(world_size())[rank()] for view in whole)
    model = DistributedDataParallel(method) if ring else method
    step = model(views)
    step.loss.backward()
    gradients = [p.grad.numpy() for p in method.parameters() if p.grad is not None]
    return [step.loss.detach().numpy(), *gradients]


def test_simclr_in_a_ring_trains_as_it_does_in_one_process() -> None:
    expected = method_step(False)
    assert len(expected) == 5
    for answers in run_processes(method_step, 2, True):
        for ours, theirs in zip(answers, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-13)


def half_precision(_: int) -> list[float]:
    z1, z2, _scale = inputs()
    shards = [view.chunk(world_size())[rank()].bfloat16().requires_grad_() for view in (z1, z2)]
    loss = nt_xent_loss(*shards, temperature=0.01, ring=Ring())
    loss.backward()
    return [loss.item(), *(float(x.grad.isfinite().all()) for x in shards if x.grad is not None)]


def test_half_precision_passes_around_too() -> None:
    z1, z2, _scale = inputs()
    expected = nt_xent_loss(z1.bfloat16(), z2.bfloat16(), temperature=0.01).item()
    for loss, *finite in run_processes(half_precision, 2, 0):
        assert loss == pytest.approx(expected, rel=1e-5)
        assert finite == [1.0, 1.0]


def unequal(_: int) -> str:
    z = torch.randn(3 + rank(), 4)
    with pytest.raises(ValueError, match="must have the same shape in every process") as error:
        nt_xent_loss(z, z, temperature=0.1, ring=Ring())
    return str(error.value)


def test_unequal_shards_are_refused_in_every_process() -> None:
    first, second = run_processes(unequal, 2, 0)
    assert first == (
        "`queries` must have the same shape in every process,"
        " got (6, 4) in process 0 and (8, 4) in process 1"
    )
    assert "got (8, 4) in process 1 and (6, 4) in process 0" in second


def test_a_ring_of_one_is_no_ring() -> None:
    z1, z2, scale = inputs()
    for loss in LOSSES:
        assert torch.equal(loss(z1, z2, scale, Ring()), loss(z1, z2, scale, None))


def one_sample_each(_: int) -> float:
    return nt_xent_loss(
        *(view[[rank()]] for view in inputs()[:2]), temperature=0.5, ring=Ring()
    ).item()


def test_a_shard_may_be_one_sample() -> None:
    z1, z2, _scale = inputs()
    expected = nt_xent_loss(z1[:2], z2[:2], temperature=0.5).item()
    assert run_processes(one_sample_each, 2, 0) == pytest.approx([expected] * 2)


def with_ids(_: int) -> str:
    z = torch.randn(4, 4)
    ids = torch.arange(4)
    with pytest.raises(ValueError, match="`ring` must be None with ids") as error:
        pairwise_logsumexp(z, z, scale=1.0, query_ids=ids, key_ids=ids, ring=Ring())
    return str(error.value)


def test_ids_and_a_ring_are_refused_together() -> None:
    assert len(set(run_processes(with_ids, 2, 0))) == 1

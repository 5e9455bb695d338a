"""Keys that pass around a ring, with threads of this process in the place of processes."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

from nearfar.ops import pairwise_logsumexp

ROWS = 4  # of a process


class Threads:
    """A ring of threads."""

    def __init__(self, number: int, boxes: list[queue.Queue[tuple[Tensor, ...]]]) -> None:
        self.number, self.boxes, self.size = number, boxes, len(boxes)
        self.alike: list[str] = []

    def start(self, *tensors: Tensor) -> Callable[[], tuple[Tensor, ...]]:
        self.boxes[(self.number + 1) % self.size].put(tuple(t.detach().clone() for t in tensors))
        return lambda: self.boxes[self.number].get(timeout=20)

    def check_alike(self, **tensors: Tensor) -> None:
        self.alike += [name for name, tensor in tensors.items() if tensor.ndim == 2]

    def gather(self, tensor: Tensor) -> Tensor:
        raise NotImplementedError


def around(size: int, work: Callable[[Threads], list[Tensor]]) -> list[list[Tensor]]:
    boxes: list[queue.Queue[tuple[Tensor, ...]]] = [queue.Queue() for _ in range(size)]
    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(work, [Threads(number, boxes) for number in range(size)]))


def expected(
    queries: Tensor, keys: Tensor, scale: Tensor, weights: Tensor, *, exclude_self: bool
) -> list[Tensor]:
    logits = scale * queries @ keys.T
    if exclude_self:
        logits = logits.masked_fill(torch.eye(len(queries), dtype=torch.bool), -torch.inf)
    sums = logits.logsumexp(dim=1)
    inputs = [queries, scale] if keys is queries else [queries, scale, keys]
    return [sums, *torch.autograd.grad((weights * sums).sum(), inputs)]


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("one_set", [True, False])
@pytest.mark.parametrize("exclude_self", [True, False])
@pytest.mark.parametrize("length", [1.0, 30.0])
def test_sums_and_gradients_are_those_of_one_process(
    size: int, one_set: bool, exclude_self: bool, length: float
) -> None:
    def rows() -> Tensor:
        return (length * torch.randn(size * ROWS, 3, dtype=torch.float64)).requires_grad_()

    queries, weights = rows(), torch.randn(size * ROWS, dtype=torch.float64)
    keys = queries if one_set else rows()
    scale = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)

    def work(ring: Threads) -> list[Tensor]:
        own = slice(ring.number * ROWS, (ring.number + 1) * ROWS)
        mine = queries.detach()[own].clone().requires_grad_()
        other = mine if one_set else keys.detach()[own].clone().requires_grad_()
        learnt = scale.detach().clone().requires_grad_()
        sums = pairwise_logsumexp(mine, other, scale=learnt, exclude_self=exclude_self, ring=ring)
        assert ring.alike == (["queries"] if one_set else ["queries", "keys"])
        inputs = [mine, learnt] if one_set else [mine, learnt, other]
        return [sums, *torch.autograd.grad((weights[own] * sums).sum(), inputs)]

    sums, of_queries, of_scale, *of_keys = zip(*around(size, work), strict=True)
    whole = expected(queries, keys, scale, weights, exclude_self=exclude_self)
    found = [torch.cat(sums), torch.cat(of_queries), torch.stack(of_scale).sum()]
    found += [torch.cat(parts) for parts in of_keys]
    for ours, theirs in zip(found, whole, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-10)


def test_frozen_keys_get_no_gradient() -> None:
    def work(ring: Threads) -> list[Tensor]:
        source = torch.Generator().manual_seed(ring.number)
        queries = torch.randn(ROWS, 3, generator=source).requires_grad_()
        keys = torch.randn(ROWS, 3, generator=source)
        pairwise_logsumexp(queries, keys, scale=1.0, ring=ring).sum().backward()
        assert keys.grad is None
        return [queries.grad] if queries.grad is not None else []

    assert [len(found) for found in around(2, work)] == [1, 1]


def test_a_ring_of_one_is_no_ring() -> None:
    (z,) = [torch.randn(ROWS, 3)]
    alone = Threads(0, [queue.Queue()])
    torch.testing.assert_close(
        pairwise_logsumexp(z, z, scale=2.0, ring=alone), (2 * z @ z.T).logsumexp(dim=1)
    )
    assert alone.alike == []


@pytest.mark.parametrize(
    "rules",
    [{"weights": torch.ones(4)}, {"query_ids": torch.arange(4), "key_ids": torch.arange(4)}],
)
def test_ids_and_weights_are_refused(rules: dict[str, Tensor]) -> None:
    ring = Threads(0, [queue.Queue(), queue.Queue()])
    with pytest.raises(ValueError, match="`ring` must be None with ids or weights, got both"):
        pairwise_logsumexp(torch.randn(4, 3), torch.randn(4, 3), scale=1.0, ring=ring, **rules)

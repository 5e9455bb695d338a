"""The Triton kernels against the definition with the matrix, in float64.

Run by ``test_triton_pairwise.py`` in a process of its own: Triton decides at its first import
whether its interpreter stands in for a GPU.
"""

from __future__ import annotations

import dataclasses
import math
import os

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from nearfar.objectives import info_nce_loss, nt_xent_loss, uniformity_loss
from nearfar.ops import _operators as operators
from nearfar.ops import _triton_pairwise as triton_pairwise
from nearfar.ops._pair_masks import Pairs

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
DEVICE = "cpu" if INTERPRETED else "cuda"
# What rounding a weight costs: to bfloat16 (where the interpreter cuts off), to the ten bits of
# tf32 that float16 needs, not at all.
WEIGHT = {torch.bfloat16: 2**-7 if INTERPRETED else 2**-8, torch.float16: 2**-10, torch.float32: 0}
DTYPES = list(WEIGHT)
CASES = [
    ((1, 2, 1), "every"),
    ((5, 7, 3), "few diagonals"),
    ((40, 129, 16), "ids"),
    ((150, 70, 33), "one diagonal"),
    ((65, 66, 8), "many diagonals"),
    ((33, 65, 300), "weights"),
    ((70, 140, 130), "all"),
]
SYMMETRIC = [((2, 5), "every"), ((150, 33), "half"), ((270, 16), "ids"), ((70, 300), "self")]
LARGE = [(1000, 3001, 64), (2049, 1023, 128), (4097, 4097, 129), (700, 900, 257), (300, 517, 4096)]
LARGE_SIDES = [(1001, 64), (5000, 128), (4097, 200), (3000, 512), (1100, 4096)]
pytestmark = pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")  # log 0, by NumPy
on_a_gpu = pytest.mark.skipif(INTERPRETED, reason="the interpreter is slow")


def everything(n: int, m: int) -> dict[str, Pairs]:
    """One example of each rule, and all at once."""
    query_ids, key_ids = torch.arange(n) % 5, torch.arange(m) % 3
    log_weights = torch.randn(m)
    log_weights[0] = -torch.inf
    rules = {
        "every": Pairs(),
        "one diagonal": Pairs(period=max(n, m)),
        "few diagonals": Pairs(period=max(2, m // 2)),
        "many diagonals": Pairs(period=3),
        "ids": Pairs(query_ids=query_ids, key_ids=key_ids),
        "weights": Pairs(log_weights=log_weights),
        "all": Pairs(7, query_ids, key_ids, log_weights),
    }
    return {name: onto_device(rule) for name, rule in rules.items()}


def onto_device(pairs: Pairs) -> Pairs:
    moved = {k: v.to(DEVICE) if isinstance(v, Tensor) else v for k, v in vars(pairs).items()}
    return dataclasses.replace(pairs, **moved)


def vectors(n: int, dim: int, dtype: torch.dtype) -> Tensor:
    return F.normalize(torch.randn(n, dim), dim=1).to(DEVICE, dtype)


def softmax(queries: Tensor, keys: Tensor, scale: float, pairs: Pairs) -> tuple[Tensor, Tensor]:
    """Sums and the weights of all pairs."""
    logits = scale * queries.double() @ keys.double().T
    if pairs.log_weights is not None:
        logits = logits + pairs.log_weights.double()
    i = torch.arange(len(queries), device=DEVICE)[:, None]
    j = torch.arange(len(keys), device=DEVICE)
    if pairs.period:
        logits = logits.masked_fill((i - j) % pairs.period == 0, -torch.inf)
    if pairs.query_ids is not None and pairs.key_ids is not None:
        logits = logits.masked_fill(pairs.query_ids[:, None] == pairs.key_ids, -torch.inf)
    sums = logits.logsumexp(dim=1)
    return sums, (logits - sums.masked_fill(sums == -torch.inf, 0)[:, None]).exp()


def assert_product(ours: Tensor, weights: Tensor, z: Tensor, rounding: float) -> None:
    """Ours is the product, up to that share of each of its terms."""
    allowed = rounding * (weights.abs() @ z.double().abs()) + 1e-30
    wrong = (ours.double() - weights @ z.double()).abs() / allowed
    assert ours.dtype == torch.float32
    assert wrong.max() <= 1


def compare(shape: tuple[int, int, int], dtype: torch.dtype, scale: float, pairs: Pairs) -> None:
    n, m, dim = shape
    queries, keys = vectors(n, dim, dtype), vectors(m, dim, dtype)
    gradient = torch.randn(n, device=DEVICE) / n
    factor = torch.tensor(scale, device=DEVICE)
    sums = triton_pairwise.forward(queries, keys, factor, pairs=pairs)
    expected, weights = softmax(queries, keys, scale, pairs)
    torch.testing.assert_close(sums.double(), expected, rtol=2e-6, atol=2e-5)
    rounding = WEIGHT[dtype] + 1e-5 + abs(scale) * 2e-6  # logits are as exact as float32
    of_queries, of_keys = triton_pairwise.backward(
        gradient, sums, queries, keys, factor, pairs=pairs, wants_queries=True, wants_keys=True
    )
    joint = scale * gradient.double()[:, None] * weights
    assert_product(of_queries, joint, keys, rounding)
    assert_product(of_keys, joint.T, queries, rounding)


def compare_symmetric(
    side: tuple[int, int], dtype: torch.dtype, scale: float, pairs: Pairs
) -> None:
    n, dim = side
    z, gradient = vectors(n, dim, dtype), torch.randn(n, device=DEVICE) / n
    factor = torch.tensor(scale, device=DEVICE)
    sums = triton_pairwise.forward_symmetric(z, factor, pairs=pairs)
    expected, weights = softmax(z, z, scale, pairs)
    torch.testing.assert_close(sums.double(), expected, rtol=2e-6, atol=2e-5)
    joint = scale * gradient.double()[:, None] * weights
    ours = triton_pairwise.backward_symmetric(gradient, sums, z, factor, pairs=pairs)
    # Both terms of a pair round together: the bound is that of each.
    allowed = (joint.abs() + joint.abs().T) @ z.double().abs()
    wrong = (ours.double() - (joint + joint.T) @ z.double()).abs()
    rounding = WEIGHT[dtype] + 1e-5 + abs(scale) * 2e-6
    assert (wrong <= rounding * allowed + 1e-30).all()


def symmetric(n: int) -> dict[str, Pairs]:
    """Rules for a set against itself."""
    ids = torch.arange(n) % max(2, n // 3)
    rules = {
        "every": Pairs(),
        "self": Pairs(period=n),
        "half": Pairs(period=max(1, n // 2)),
        "ids": Pairs(0, ids, ids),
    }
    return {name: onto_device(rule) for name, rule in rules.items()}


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(("shape", "rule"), CASES, ids=str)
def test_sums_and_gradients_are_the_definition(
    shape: tuple[int, int, int], rule: str, dtype: torch.dtype
):
    compare(shape, dtype, 5.0, everything(*shape[:2])[rule])


@pytest.mark.parametrize("scale", [1.0, 100.0], ids=["bounded", "unbounded"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(("side", "rule"), SYMMETRIC, ids=str)
def test_a_set_against_itself_is_the_definition(
    side: tuple[int, int], rule: str, dtype: torch.dtype, scale: float
):
    compare_symmetric(side, dtype, scale, symmetric(side[0])[rule])


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_only_what_is_wanted_is_computed(dtype: torch.dtype):
    z, scale, ones = vectors(5, 4, dtype), torch.tensor(1.0).to(DEVICE), torch.ones(5).to(DEVICE)
    sums = triton_pairwise.forward(z, z, scale, pairs=Pairs())
    for wanted in [(False, False), (True, False), (False, True)]:
        found = triton_pairwise.backward(
            ones, sums, z, z, scale, pairs=Pairs(), wants_queries=wanted[0], wants_keys=wanted[1]
        )
        assert tuple(gradient is not None for gradient in found) == wanted


@on_a_gpu
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", LARGE, ids=str)
def test_large_sets_too(shape: tuple[int, int, int], dtype: torch.dtype):
    for pairs in everything(*shape[:2]).values():
        compare(shape, dtype, 20.0, pairs)


@on_a_gpu
@pytest.mark.parametrize("scale", [10.0, 100.0], ids=["bounded", "unbounded"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("side", LARGE_SIDES, ids=str)
def test_a_large_set_against_itself_too(side: tuple[int, int], dtype: torch.dtype, scale: float):
    for pairs in symmetric(side[0]).values():
        compare_symmetric(side, dtype, scale, pairs)


def test_vectors_and_matrices_may_have_strides():
    z = vectors(20, 8, torch.float32)
    dense, strided = z.contiguous(), z.T.contiguous().T
    one, scale = torch.ones(1, device=DEVICE), torch.tensor(2.0, device=DEVICE)
    weights = onto_device(Pairs(log_weights=torch.tensor([0.5]).expand(20)))
    results = [
        triton_pairwise.backward(
            gradient, triton_pairwise.forward(z, z, scale, pairs=pairs), z, z, scale,
            pairs=pairs, wants_queries=True, wants_keys=True,
        )
        for z, gradient, pairs in [
            (dense, one.repeat(20), onto_device(Pairs(log_weights=torch.full((20,), 0.5)))),
            (strided, one.expand(20), weights),
        ]
    ]  # fmt: skip
    torch.testing.assert_close(*results)


@pytest.mark.parametrize("scale", [1e4, -1e4])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_logits_of_ten_thousand_neither_overflow_nor_vanish(dtype: torch.dtype, scale: float):
    for pairs in [Pairs(), Pairs(period=9)]:
        compare((9, 20, 4), dtype, scale, pairs)
        compare_symmetric((20, 4), dtype, scale, pairs)


@pytest.mark.parametrize("symmetric", [False, True])
def test_a_query_without_candidates_is_minus_infinity_and_moves_nothing(symmetric: bool):
    z, scale = vectors(3, 4, torch.float32), torch.tensor(2.0, device=DEVICE)
    pairs = onto_device(Pairs(0, torch.tensor([0, 0, 1]), torch.tensor([0, 0, 0])))
    everyone_left_out = Pairs(period=1)
    ones = torch.ones(3, device=DEVICE)
    if symmetric:
        sums = triton_pairwise.forward_symmetric(z, scale, pairs=everyone_left_out)
        assert sums.tolist() == [-math.inf] * 3
        moved = triton_pairwise.backward_symmetric(ones, sums, z, scale, pairs=everyone_left_out)
        assert not moved.any()
        return
    sums = triton_pairwise.forward(z, z, scale, pairs=pairs)
    assert sums[:2].tolist() == [-math.inf] * 2
    of_queries, of_keys = triton_pairwise.backward(
        ones, sums, z, z, scale, pairs=pairs, wants_queries=True, wants_keys=True
    )
    assert not of_queries[:2].any()
    assert of_queries[2].any()
    assert of_keys.isfinite().all()


def test_the_exact_order_of_sums_is_kept_where_it_was_asked_for():
    z, scale = vectors(150, 8, torch.float32), torch.tensor(2.0, device=DEVICE)
    half = triton_pairwise.forward_symmetric(z, scale, pairs=Pairs(period=75))
    torch.use_deterministic_algorithms(True)
    try:
        full = triton_pairwise.forward_symmetric(z, scale, pairs=Pairs(period=75))
    finally:
        torch.use_deterministic_algorithms(False)
    torch.testing.assert_close(half, full)
    assert torch.equal(full, triton_pairwise.forward(z, z, scale, pairs=Pairs(period=75)))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_weights_in_many_strips_give_the_same(monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype):
    monkeypatch.setattr(triton_pairwise, "_STRIP_BYTES", 40 * 50 * 4)
    monkeypatch.setattr(triton_pairwise, "_STRIP_ROWS", 40)
    compare((70, 110, 300), dtype, 5.0, everything(70, 110)["all"])
    for scale in (1.0, 100.0):
        compare_symmetric((90, 300), dtype, scale, Pairs(period=45))


OBJECTIVES = {
    "nt_xent": lambda z1, z2, scale: nt_xent_loss(z1, z2, temperature=1 / scale),
    "info_nce": lambda z1, z2, scale: info_nce_loss(z1, z2, temperature=1 / scale),
    "bank": lambda z1, z2, scale: info_nce_loss(
        z1, z2, z2.detach().flip(0)[:50], temperature=1 / scale
    ),
    "uniformity": lambda z1, z2, scale: uniformity_loss(z1) + 0 * scale + 0 * z2.sum(),
}


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("temperature", [0.5, 0.01])
def test_objectives_through_the_kernels_are_those_of_a_cpu(
    monkeypatch: pytest.MonkeyPatch, name: str, temperature: float
):
    """The operator's choice of kernels, its scaling and the gradient of a learnt temperature."""

    def measured(device: str) -> list[Tensor]:
        views = [vectors(70, 12, torch.float32).to(device).roll(i, 1) for i in range(2)]
        scale = torch.tensor(1 / temperature, device=device)
        inputs = [x.requires_grad_() for x in (*views, scale)]
        loss = OBJECTIVES[name](*inputs)
        return [loss.detach().cpu(), *(x.cpu() for x in torch.autograd.grad(loss, inputs))]

    torch.manual_seed(3)
    expected = measured("cpu")
    torch.manual_seed(3)
    if INTERPRETED:
        monkeypatch.setattr(operators, "_kernels", lambda *_: triton_pairwise)
    for ours, theirs in zip(measured(DEVICE), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4 / temperature)


@on_a_gpu
@pytest.mark.parametrize("name", OBJECTIVES)
def test_half_precision_is_compared_in_half_precision(name: str):
    views = [vectors(500, 64, torch.bfloat16) for _ in range(2)]
    scale = torch.tensor(5.0, device=DEVICE)
    ours = OBJECTIVES[name](*views, scale)
    expected = OBJECTIVES[name](*(view.float() for view in views), scale)
    assert ours.dtype == torch.float32
    torch.testing.assert_close(ours, expected, rtol=2e-3, atol=2e-3)

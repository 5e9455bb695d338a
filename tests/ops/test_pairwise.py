"""The streaming log-sum-exp: tiles of any size, nothing as large as the matrix."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from nearfar.ops import pairwise_logsumexp
from nearfar.ops._operators import opaque_backward, opaque_forward
from tests.every import every


class Largest(TorchDispatchMode):
    """The most elements that any operation's result has."""

    def __init__(self) -> None:
        super().__init__()
        self.elements = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, (tuple, list)) else [result]:
            if isinstance(tensor, Tensor):
                self.elements = max(self.elements, tensor.numel())
        return result


def plain(
    queries: Tensor,
    keys: Tensor,
    scale: Any,
    *,
    period: int = 0,
    ids: tuple[Tensor, Tensor] | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    """The definition, with the matrix."""
    logits = scale * queries @ keys.T
    if weights is not None:
        logits = logits + weights.double().log()
    if period:
        i, j = torch.arange(len(queries))[:, None], torch.arange(len(keys))[None, :]
        logits = logits.masked_fill((i - j) % period == 0, -torch.inf)
    if ids is not None:
        logits = logits.masked_fill(ids[0][:, None] == ids[1], -torch.inf)
    return logits.logsumexp(dim=1)


def compare(ours: Tensor, expected: Tensor, inputs: list[Tensor]) -> None:
    """Values, and gradients of a random weighting."""
    torch.testing.assert_close(ours, expected)
    weights = torch.randn(ours.shape, dtype=torch.float64)
    for mine, theirs in zip(
        torch.autograd.grad((weights * ours).sum(), inputs, retain_graph=True),
        torch.autograd.grad((weights * expected).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-12)


@pytest.fixture(params=[1, 2, 3, 5, 8, 512], ids=lambda side: f"tile {side}")
def side(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Rows of a tile; wide tiles are not square."""
    side = int(request.param)
    monkeypatch.setattr("nearfar.ops._tiles._ROWS", side)
    monkeypatch.setattr("nearfar.ops._tiles._AREA", side * (side + 1))
    return side


@pytest.fixture(params=[1.0, 30.0], ids=["bounded", "unbounded"])
def length(request: pytest.FixtureRequest) -> float:
    """Of the vectors: logits of thousands leave the range of an exponential."""
    return float(request.param)


def vectors(*counts: int, length: float = 1.0) -> list[Tensor]:
    return [(length * torch.randn(n, 4, dtype=torch.float64)).requires_grad_() for n in counts]


SHAPES = [(1, 2), (2, 1), (3, 3), (7, 12), (12, 7), (8, 16), (24, 24)]


@pytest.mark.usefixtures("side")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_any_tile_gives_the_definition_and_its_gradient(
    shape: tuple[int, int], length: float
) -> None:
    queries, keys = vectors(*shape, length=length)
    scale = torch.tensor(2.5, dtype=torch.float64, requires_grad=True)
    for views in [0, 1, 2, 3, 4]:
        if views and (shape[1] % views or shape[1] == views):
            continue
        period = shape[1] // views if views else 0
        ours = pairwise_logsumexp(
            queries, keys, scale=scale, exclude_self=bool(views), views=max(views, 1)
        )
        compare(ours, plain(queries, keys, scale, period=period), [queries, keys, scale])


@pytest.mark.usefixtures("side")
@pytest.mark.parametrize("views", [0, 1, 2, 4])
@pytest.mark.parametrize("with_ids", [False, True])
def test_one_set_against_itself_from_half_of_the_tiles(
    views: int, with_ids: bool, length: float
) -> None:
    (z,) = vectors(12, length=length)
    scale = torch.tensor(2.5, dtype=torch.float64, requires_grad=True)
    ids = torch.arange(12) // 3 if with_ids else None
    ours = pairwise_logsumexp(
        z,
        z,
        scale=scale,
        exclude_self=views > 0,
        views=max(views, 1),
        query_ids=ids,
        key_ids=ids,
    )
    expected = plain(
        z,
        z,
        scale,
        period=12 // views if views else 0,
        ids=None if ids is None else (ids, ids),
    )
    compare(ours, expected, [z, scale])


@pytest.mark.usefixtures("side")
def test_weights_count_a_key_several_times(length: float) -> None:
    queries, keys = vectors(7, 5, length=length)
    scale = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    counts = torch.tensor([1, 3, 2, 1, 4])
    ours = pairwise_logsumexp(queries, keys, scale=scale, weights=counts.double())
    repeated = pairwise_logsumexp(queries, keys.repeat_interleave(counts, dim=0), scale=scale)
    compare(ours, repeated, [queries, keys, scale])
    compare(ours, plain(queries, keys, scale, weights=counts), [queries, keys, scale])
    one_set = pairwise_logsumexp(keys, keys, scale=scale, weights=counts.double())
    compare(one_set, plain(keys, keys, scale, weights=counts), [keys, scale])


@pytest.mark.usefixtures("side")
def test_candidates_of_the_querys_own_sample_are_left_out(length: float) -> None:
    queries, keys = vectors(7, 9, length=length)
    ids = torch.tensor([0, 1, 2, 0, 4, 5, 5]), torch.tensor([0, 0, 1, 2, 3, 4, 5, 6, 7])
    ours = pairwise_logsumexp(queries, keys, scale=0.7, query_ids=ids[0], key_ids=ids[1])
    compare(ours, plain(queries, keys, 0.7, ids=ids), [queries, keys])


@pytest.mark.usefixtures("side")
@pytest.mark.parametrize("one_set", [False, True])
def test_a_query_without_candidates_reads_minus_infinity_and_gets_no_gradient(
    one_set: bool, length: float
) -> None:
    queries, keys = vectors(4, 4, length=length)
    if one_set:
        keys = queries
    ids = torch.tensor([1, 1, 1, 1])
    others = ids if one_set else ids.clone()
    sums = pairwise_logsumexp(queries, keys, scale=1.0, query_ids=ids, key_ids=others)
    assert sums.tolist() == [-math.inf] * 4
    for gradient in torch.autograd.grad(sums.sum(), [queries, keys], allow_unused=True):
        assert gradient.abs().max() == 0


@pytest.mark.parametrize("tile", [2, 512])
@pytest.mark.parametrize("one_set", [False, True])
def test_first_and_second_derivatives_in_every_argument(
    monkeypatch: pytest.MonkeyPatch, tile: int, one_set: bool
) -> None:
    monkeypatch.setattr("nearfar.ops._tiles._ROWS", tile)
    monkeypatch.setattr("nearfar.ops._tiles._AREA", tile)
    queries, keys = torch.randn(3, 2, dtype=torch.float64), torch.randn(5, 2, dtype=torch.float64)
    scale = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)

    def sums(scale: Tensor, queries: Tensor, *keys: Tensor) -> Tensor:
        return pairwise_logsumexp(queries, *(keys or [queries]), scale=scale, exclude_self=True)

    inputs = [queries.requires_grad_()] if one_set else [queries.requires_grad_(), keys]
    inputs[-1].requires_grad_()
    assert gradcheck(sums, [scale, *inputs])
    assert gradgradcheck(sums, [scale, *inputs])


@pytest.mark.parametrize("wanted", list(itertools.product([False, True], repeat=3)), ids=str)
def test_only_what_wants_a_gradient_gets_one(wanted: tuple[bool, bool, bool]) -> None:
    queries = torch.randn(3, 2, requires_grad=wanted[0])
    keys = torch.randn(4, 2, requires_grad=wanted[1])
    scale = torch.tensor(1.0, requires_grad=wanted[2])
    sums = pairwise_logsumexp(queries, keys, scale=scale).sum()
    assert sums.requires_grad == any(wanted)
    if any(wanted):
        sums.backward()
    assert tuple(x.grad is not None for x in (queries, keys, scale)) == wanted


@pytest.mark.parametrize("one_set", [False, True])
def test_no_result_is_as_large_as_the_matrix_of_pairs(one_set: bool) -> None:
    queries = torch.randn(2400, 8, requires_grad=True)
    keys = queries if one_set else torch.randn(2400, 8, requires_grad=True)
    with Largest() as tiled:
        pairwise_logsumexp(queries, keys, scale=1.0, exclude_self=True, views=2).sum().backward()
    with Largest() as dense:
        plain(queries, keys, 1.0).sum().backward()
    assert dense.elements == 2400 * 2400
    assert tiled.elements <= 1 << 19


def test_one_set_costs_half_of_the_matrix_products() -> None:
    z = torch.randn(4096, 8, requires_grad=True)
    same, copy = (FlopCounterMode(display=False) for _ in range(2))
    with same:
        pairwise_logsumexp(z, z, scale=1.0).sum().backward()
    with copy:
        pairwise_logsumexp(z, z.clone(), scale=1.0).sum().backward()
    assert same.get_total_flops() < 0.6 * copy.get_total_flops()


def test_large_logits_neither_overflow_nor_vanish() -> None:
    z = torch.eye(3).requires_grad_()
    sums = pairwise_logsumexp(z, z, scale=1e4)
    sums.sum().backward()
    assert sums.tolist() == [1e4] * 3
    assert z.grad is not None
    assert z.grad.isfinite().all()
    apart = pairwise_logsumexp(z, -z, scale=1e4, exclude_self=True)
    torch.testing.assert_close(apart.exp(), torch.full((3,), 2.0))


@pytest.mark.parametrize("scale", [2.0, 59.0, 61.0, 100.0])
def test_unit_vectors_in_float32_are_exact_on_both_sides_of_the_bound(scale: float) -> None:
    z = torch.nn.functional.normalize(torch.randn(700, 16)).requires_grad_()
    wide = z.detach().double().requires_grad_()
    ours = pairwise_logsumexp(z, z, scale=scale, exclude_self=True, views=2)
    expected = plain(wide, wide, scale, period=350)
    torch.testing.assert_close(ours.double(), expected, rtol=1e-5, atol=1e-5)
    mine, theirs = (torch.autograd.grad(x.sum(), y)[0] for x, y in ((ours, z), (expected, wide)))
    torch.testing.assert_close(mine.double(), theirs, rtol=1e-3, atol=1e-4 * scale)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("one_set", [False, True])
def test_half_precision_is_summed_in_float32(dtype: torch.dtype, one_set: bool) -> None:
    queries = torch.randn(20, 8).to(dtype).requires_grad_()
    keys = queries if one_set else torch.randn(30, 8).to(dtype).requires_grad_()
    sums = pairwise_logsumexp(queries, keys, scale=1.0)
    wide = [x.detach().float().requires_grad_() for x in (queries, keys)]
    if one_set:
        wide[1] = wide[0]
    expected = pairwise_logsumexp(*wide, scale=1.0)
    assert sums.dtype == torch.float32
    assert torch.equal(sums, expected)
    sums.sum().backward()
    expected.sum().backward()
    assert queries.grad is not None
    assert torch.equal(queries.grad, wide[0].grad.to(dtype))  # type: ignore[union-attr]


@pytest.mark.usefixtures("as_users_run_it")
@pytest.mark.parametrize("one_set", [False, True])
def test_it_compiles_as_one_operator_whatever_the_sizes(one_set: bool) -> None:
    graphs = []

    def keep(graph: torch.fx.GraphModule, _: object) -> Any:
        graphs.append(graph)
        return graph.forward

    def sums(queries: Tensor, keys: Tensor, scale: Tensor) -> Tensor:
        other = queries if one_set else keys
        value: Tensor = pairwise_logsumexp(queries, other, scale=scale, exclude_self=True)
        return value

    torch.compiler.reset()
    compiled = torch.compile(sums, fullgraph=True, backend=keep)
    for rows in (700, 1300):
        queries, keys = (torch.randn(rows, 4, dtype=torch.float64) for _ in range(2))
        scale = torch.tensor(1.5, dtype=torch.float64)
        inputs = [queries.requires_grad_(), scale.requires_grad_()]
        inputs += [] if one_set else [keys.requires_grad_()]
        compare(compiled(queries, keys, scale), sums(queries, keys, scale), inputs)
    assert graphs
    assert every(len(graph.graph.nodes) < 40 for graph in graphs)


@pytest.mark.parametrize("one_set", [False, True])
@pytest.mark.parametrize("means", [False, True])
def test_what_the_compiler_is_told_of_the_shapes_is_true(one_set: bool, means: bool) -> None:
    queries, keys = torch.randn(5, 3), None if one_set else torch.randn(7, 3)
    rules = (0, None, None, None)
    forward = (queries, keys, torch.tensor(1.5), *rules, means)
    torch.library.opcheck(opaque_forward, forward, test_utils=["test_faketensor"])
    sums, averages = opaque_forward(*forward)
    backward = (torch.randn(5), sums, averages, queries, keys, torch.tensor(1.5), *rules)
    for wanted in itertools.product([False, True], repeat=2):
        torch.library.opcheck(opaque_backward, (*backward, *wanted), test_utils=["test_faketensor"])


@pytest.mark.parametrize(
    ("keys", "arguments", "message"),
    [
        (torch.zeros(4, 3), {}, "`keys` must have the columns of `queries`, 2, got 3"),
        (torch.zeros(4, 2), {"views": 3}, "`views` must divide the 4 keys, got 3"),
        (torch.zeros(4, 2), {"views": 0}, "`views` must be a whole number of 1 or more, got 0"),
        (
            torch.zeros(4, 2),
            {"views": 4, "exclude_self": True},
            "`keys` must be of more than one sample, got 4 views of one",
        ),
        (
            torch.zeros(4, 2),
            {"query_ids": torch.zeros(4, dtype=torch.int64)},
            "`query_ids` and `key_ids` must be given together, got one of them",
        ),
        (
            torch.zeros(4, 2),
            {"weights": torch.ones(3)},
            r"`weights` must have 4 entries, got shape \(3,\)",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    keys: Tensor, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        inspect.unwrap(pairwise_logsumexp)(torch.zeros(4, 2), keys, scale=1.0, **arguments)

"""The streaming log-sum-exp: tiles of any size, nothing as large as the matrix."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.utils._python_dispatch import TorchDispatchMode

from nearfar.ops import pairwise_logsumexp


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


def plain(queries: Tensor, keys: Tensor, scale: Any, *, period: int = 0) -> Tensor:
    """The definition, with the matrix."""
    logits = scale * queries @ keys.T
    if period:
        i, j = torch.arange(len(queries))[:, None], torch.arange(len(keys))[None, :]
        logits = logits.masked_fill((i - j) % period == 0, -torch.inf)
    return logits.logsumexp(dim=1)


SHAPES = [(1, 2), (2, 1), (3, 3), (7, 12), (12, 7), (8, 16), (24, 24)]
TILES = [1, 2, 3, 5, 8, 512]


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_any_tile_gives_the_definition_and_its_gradient(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int], tile: int
) -> None:
    monkeypatch.setattr("nearfar.ops.pairwise._CPU_TILE", tile)
    queries = torch.randn(shape[0], 4, dtype=torch.float64, requires_grad=True)
    keys = torch.randn(shape[1], 4, dtype=torch.float64, requires_grad=True)
    scale = torch.tensor(2.5, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(shape[0], dtype=torch.float64)
    for views in [0, 1, 2, 3, 4]:
        if views and (shape[1] % views or shape[1] == views):
            continue
        period = shape[1] // views if views else 0
        ours = pairwise_logsumexp(
            queries, keys, scale=scale, exclude_self=bool(views), views=max(views, 1)
        )
        expected = plain(queries, keys, scale, period=period)
        torch.testing.assert_close(ours, expected)
        inputs = [queries, keys, scale]
        for mine, theirs in zip(
            torch.autograd.grad((weights * ours).sum(), inputs),
            torch.autograd.grad((weights * expected).sum(), inputs),
            strict=True,
        ):
            torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-12)


def test_one_set_against_itself_gets_both_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nearfar.ops.pairwise._CPU_TILE", 3)
    z = torch.randn(8, 4, dtype=torch.float64, requires_grad=True)
    ours = pairwise_logsumexp(z, z, scale=3.0, exclude_self=True, views=2).sum()
    expected = plain(z, z, 3.0, period=4).sum()
    mine, theirs = (torch.autograd.grad(value, z)[0] for value in (ours, expected))
    torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("tile", [2, 512])
def test_first_and_second_derivatives_in_every_argument(
    monkeypatch: pytest.MonkeyPatch, tile: int
) -> None:
    monkeypatch.setattr("nearfar.ops.pairwise._CPU_TILE", tile)
    queries = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    keys = torch.randn(5, 2, dtype=torch.float64, requires_grad=True)
    scale = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)

    def sums(queries: Tensor, keys: Tensor, scale: Tensor) -> Tensor:
        return pairwise_logsumexp(queries, keys, scale=scale, exclude_self=True)

    assert gradcheck(sums, [queries, keys, scale])
    assert gradgradcheck(sums, [queries, keys, scale])


@pytest.mark.parametrize("wanted", list(itertools.product([False, True], repeat=2)), ids=str)
def test_only_what_wants_a_gradient_gets_one(wanted: tuple[bool, bool]) -> None:
    queries = torch.randn(3, 2, requires_grad=wanted[0])
    keys = torch.randn(4, 2, requires_grad=wanted[1])
    sums = pairwise_logsumexp(queries, keys, scale=1.0).sum()
    assert sums.requires_grad == any(wanted)
    if any(wanted):
        sums.backward()
    assert (queries.grad is not None, keys.grad is not None) == wanted


def test_no_result_is_as_large_as_the_matrix_of_pairs() -> None:
    queries = torch.randn(1600, 8, requires_grad=True)
    keys = torch.randn(2400, 8, requires_grad=True)
    with Largest() as tiled:
        pairwise_logsumexp(queries, keys, scale=1.0, exclude_self=True, views=2).sum().backward()
    with Largest() as dense:
        plain(queries, keys, 1.0).sum().backward()
    assert dense.elements == 1600 * 2400
    assert tiled.elements <= 512 * 512


def test_large_logits_neither_overflow_nor_vanish() -> None:
    z = torch.eye(3).requires_grad_()
    sums = pairwise_logsumexp(z, z, scale=1e4)
    sums.sum().backward()
    assert sums.tolist() == [1e4] * 3
    assert z.grad is not None
    assert z.grad.isfinite().all()
    apart = pairwise_logsumexp(z, -z, scale=1e4, exclude_self=True)
    torch.testing.assert_close(apart.exp(), torch.full((3,), 2.0))


@pytest.mark.parametrize(
    ("keys", "arguments", "message"),
    [
        (torch.zeros(4, 3), {}, "`keys` must have the columns of `queries`, 2, got 3"),
        (torch.zeros(4, 2), {"views": 3}, "`views` must divide the 4 keys, got 3"),
        (torch.zeros(4, 2), {"views": 0}, "`views` must be a whole number of 1 or more, got 0"),
        (
            torch.zeros(4, 2),
            {"views": 4, "exclude_self": True},
            "`keys` must hold more than one sample, got 4 views of one",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    keys: Tensor, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        inspect.unwrap(pairwise_logsumexp)(torch.zeros(4, 2), keys, scale=1.0, **arguments)

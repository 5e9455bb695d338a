"""Log-sum-exp over all pairs of two sets, without the matrix of pairs."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_integer, check_matrix
from nearfar.ops.precision import full_precision

__all__ = ["pairwise_logsumexp"]

_CPU_TILE = 512  # 1 MiB of float32: a tile stays in a core's cache
_DEVICE_TILE = 4096  # 64 MiB: few launches


def pairwise_logsumexp(
    queries: Float[Tensor, "queries dim"],
    keys: Float[Tensor, "keys dim"],
    *,
    scale: float | Float[Tensor, ""],
    exclude_self: bool = False,
    views: int = 1,
) -> Float[Tensor, " queries"]:
    r"""For each query, the logarithm of its exponentiated similarities to the keys, summed.

    .. math:: \ell_i = \log \sum_{j \in C(i)} \exp(s\, q_i^\top k_j)

    Every contrastive objective is a short expression over it. Works tile by tile and recomputes
    the tiles in the backward pass, so that memory grows with ``queries + keys``, never with their
    product. Differentiable in ``queries``, ``keys`` and ``scale``. Autocast does not reach it: the
    sums have the precision of the inputs. (Second derivatives exist, at the price of the matrix.)

    Args:
        queries: One row per sum.
        keys: The candidates.
        scale: ``s``, a number or a learnable scalar.
        exclude_self: Leave out the query's own sample, found by position.
        views: How many stacked views of the same samples the keys are: with ``n`` samples, rows
            ``i``, ``i + n``, ``i + 2n`` … show one sample, all left out by ``exclude_self``.

    Returns:
        One value per query.

    Raises:
        ValueError: A wrong shape, ``views`` that do not divide the keys, or no candidate left.
        TypeError: Integer tensors.

    Example:
        >>> import torch
        >>> square = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
        >>> pairwise_logsumexp(square, square, scale=2.0)
        tensor([2.2539, 2.2539, 2.2539, 2.2539])
        >>> pairwise_logsumexp(square, square, scale=2.0, exclude_self=True)
        tensor([0.7586, 0.7586, 0.7586, 0.7586])
        >>> pairwise_logsumexp(square, square, scale=2.0, exclude_self=True, views=2)
        tensor([0.6931, 0.6931, 0.6931, 0.6931])
    """
    check_matrix(queries=queries, keys=keys)
    check_integer(at_least=1, views=views)
    if queries.shape[1] != keys.shape[1]:
        raise ValueError(
            f"`keys` must have the columns of `queries`, {queries.shape[1]}, got {keys.shape[1]}"
        )
    if keys.shape[0] % views:
        raise ValueError(f"`views` must divide the {keys.shape[0]} keys, got {views}")
    if exclude_self and keys.shape[0] == views:
        raise ValueError(f"`keys` must hold more than one sample, got {views} views of one")
    if keys is queries:
        keys = keys.view_as(keys)  # torch.compile wants distinct arguments
    period = keys.shape[0] // views if exclude_self else 0
    if not isinstance(scale, Tensor):
        scale = torch.tensor(scale, dtype=queries.dtype, device=queries.device)
    sums: Tensor = PairwiseLogSumExp.apply(queries, keys, scale, period)
    return sums


class PairwiseLogSumExp(torch.autograd.Function):
    """Forward and backward of :func:`pairwise_logsumexp`, in tiles."""

    @staticmethod
    def forward(ctx: Any, queries: Tensor, keys: Tensor, scale: Tensor, period: int) -> Tensor:
        tile = _tile_size(queries)
        rows = []
        with full_precision(queries):
            for top in range(0, queries.shape[0], tile):
                scaled = queries[top : top + tile] * scale
                row = queries.new_full((scaled.shape[0],), -torch.inf)
                for left in range(0, keys.shape[0], tile):
                    logits = scaled @ keys[left : left + tile].T
                    _exclude(logits, top - left, period)
                    row = torch.logaddexp(row, logits.logsumexp(dim=1))
                rows.append(row)
        sums = torch.cat(rows)
        ctx.save_for_backward(queries, keys, scale, sums)
        ctx.period = period
        return sums

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None, None]:
        queries, keys, scale, sums = ctx.saved_tensors
        tile = _tile_size(queries)
        mean_keys = torch.zeros_like(queries)  # of each query's candidates, by their softmax
        keys_gradient = torch.zeros_like(keys) if ctx.needs_input_grad[1] else None
        with full_precision(queries):
            for top in range(0, queries.shape[0], tile):
                row = slice(top, top + tile)
                scaled = queries[row] * scale
                weighted = scaled * gradients[0][row, None]
                for left in range(0, keys.shape[0], tile):
                    column = slice(left, left + tile)
                    logits = scaled @ keys[column].T
                    _exclude(logits, top - left, ctx.period)
                    softmax = logits.sub_(sums[row, None]).exp_()
                    mean_keys[row].addmm_(softmax, keys[column])
                    if keys_gradient is not None:
                        keys_gradient[column].addmm_(softmax.T, weighted)
            weighted = mean_keys * gradients[0][:, None]
            scale_gradient = (weighted * queries).sum() if ctx.needs_input_grad[2] else None
        return weighted * scale, keys_gradient, scale_gradient, None


def _tile_size(queries: Tensor) -> int:
    return _CPU_TILE if queries.device.type == "cpu" else _DEVICE_TILE


def _exclude(logits: Tensor, offset: int, period: int) -> None:
    """Minus infinity where key and query, the tile's corner apart by `offset`, share a sample."""
    if period:
        first = (offset + logits.shape[0] - 1) % period - (logits.shape[0] - 1)
        for diagonal in range(first, logits.shape[1], period):
            logits.diagonal(diagonal).fill_(-torch.inf)

"""Log-sum-exp over all pairs of two sets, without materialising the matrix of pairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from nearfar.checks import check_integer, check_matrix, check_same_columns
from nearfar.ops import _operators as operators
from nearfar.ops._pair_masks import Pairs
from nearfar.ops._precision import widen
from nearfar.ops._ring_log_sum_exp import RingLogSumExp, Rotation

__all__ = ["pairwise_logsumexp"]


def pairwise_logsumexp(
    queries: Float[Tensor, "queries dim"],
    keys: Float[Tensor, "keys dim"],
    *,
    scale: float | Float[Tensor, ""],
    exclude_self: bool = False,
    views: int = 1,
    query_ids: Int[Tensor, " queries"] | None = None,
    key_ids: Int[Tensor, " keys"] | None = None,
    weights: Float[Tensor, " keys"] | None = None,
    ring: Rotation | None = None,
) -> Float[Tensor, " queries"]:
    r"""Log-sum-exp of each query's similarities to the keys.

    .. math:: \ell_i = \log \sum_{j \in C(i)} w_j \exp(s\, q_i^\top k_j)

    Every contrastive objective is a short expression in it. Tiles are recomputed in the backward
    pass, so memory grows with ``queries + keys``, not with their product. If `keys` *is* `queries`
    (the same tensor), only half of the tiles are computed. Differentiable in ``queries``, ``keys``
    and ``scale``. Half precision is accumulated in float32; autocast has no effect. (Second
    derivatives are supported, but materialise the matrix.)

    Args:
        queries: One row per query.
        keys: The candidates.
        scale: ``s``, a number or a learnable scalar.
        exclude_self: Whether to mask the query's own sample, matched by position.
        views: Number of stacked views of the same samples in the keys: with ``n`` samples, rows
            ``i``, ``i + n``, ``i + 2n`` … are of one sample, all masked by ``exclude_self``.
        query_ids: Sample index of each query; candidates with the same index are masked.
        key_ids: Sample index of each key.
        weights: ``w``, positive weight of each key; 1 by default. Not differentiable.
        ring: Ring of processes whose keys are candidates too; shards are passed around, and every
            process must call. Memory grows with a shard, not with the batch. A key's gradient is
            that of all processes' sums, as with :func:`nearfar.parallel.gather`. No second
            derivatives.

    Returns:
        One value per query, float32 or wider; −∞, with zero gradient, if `query_ids` mask all
        candidates.

    Raises:
        ValueError: A wrong shape, ``views`` that do not divide the keys, no candidate left, only
            one of the two ids, or a ring with ids or weights.
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
        >>> ids = torch.tensor([0, 0, 1, 1])
        >>> pairwise_logsumexp(square, square, scale=2.0, query_ids=ids, key_ids=ids)
        tensor([0.1269, 0.1269, 0.1269, 0.1269])
    """
    ring = None if ring is None or ring.size == 1 else ring
    _check(queries, keys, exclude_self and ring is None, views, query_ids, key_ids, weights)
    if not isinstance(scale, Tensor):
        scale = torch.tensor(scale, dtype=widen(queries).dtype, device=queries.device)
    one_set = keys is queries and query_ids is key_ids and weights is None
    log_weights = None if weights is None else widen(weights).detach().log()
    period = keys.shape[0] // views if exclude_self else 0
    others = None if one_set else keys
    if ring is None:
        whole: Callable[..., Tensor] = PairwiseLogSumExp.apply  # untyped in older versions of torch
        return whole(queries, others, scale, period, query_ids, key_ids, log_weights)
    if query_ids is not None or weights is not None:
        raise ValueError("`ring` must be None with ids or weights, got both")
    ring.check_alike(queries=queries, **({} if others is None else {"keys": others}))
    shared: Callable[..., Tensor] = RingLogSumExp.apply
    return shared(queries, others, scale, period, ring)


class PairwiseLogSumExp(torch.autograd.Function):
    """Forward and backward of :func:`pairwise_logsumexp`; if `keys` is None, a set with itself."""

    @staticmethod
    def forward(
        ctx: Any,
        queries: Tensor,
        keys: Tensor | None,
        scale: Tensor,
        period: int,
        query_ids: Tensor | None,
        key_ids: Tensor | None,
        log_weights: Tensor | None,
    ) -> Tensor:
        wants_means = ctx.needs_input_grad[0] or ctx.needs_input_grad[2]
        rules = (period, query_ids, key_ids, log_weights)
        forward = operators.opaque_forward if torch.compiler.is_compiling() else operators.forward
        sums, means = forward(queries, keys, scale, *rules, wants_means)
        ctx.save_for_backward(sums, means, queries, keys, scale, query_ids, key_ids, log_weights)
        ctx.period = period
        return sums

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        sums, means, queries, keys, scale, query_ids, key_ids, log_weights = ctx.saved_tensors
        wants = ctx.needs_input_grad[:3]
        rules = (ctx.period, query_ids, key_ids, log_weights)
        if torch.compiler.is_compiling():
            found = operators.opaque_backward(
                gradients[0], sums, means, queries, keys, scale, *rules, *wants[1:]
            )
        elif torch.is_grad_enabled():
            found = _differentiable(gradients[0], queries, keys, scale, Pairs(*rules), wants)
        else:
            found = operators.backward(
                gradients[0], sums, means, queries, keys, scale, *rules, *wants[1:]
            )
        needed = [value if wanted else None for value, wanted in zip(found, wants, strict=True)]
        return (*needed, None, None, None, None)


def _check(
    queries: Tensor,
    keys: Tensor,
    exclude_self: bool,
    views: int,
    query_ids: Tensor | None,
    key_ids: Tensor | None,
    weights: Tensor | None,
) -> None:
    check_matrix(queries=queries, keys=keys)
    check_integer(at_least=1, views=views)
    check_same_columns(queries=queries, keys=keys)
    if keys.shape[0] % views:
        raise ValueError(f"`views` must divide the {keys.shape[0]} keys, got {views}")
    if exclude_self and keys.shape[0] == views:
        raise ValueError(f"`keys` must be of more than one sample, got {views} views of one")
    if (query_ids is None) != (key_ids is None):
        raise ValueError("`query_ids` and `key_ids` must be given together, got one of them")
    rows = {
        "query_ids": (query_ids, queries),
        "key_ids": (key_ids, keys),
        "weights": (weights, keys),
    }
    for name, (vector, matrix) in rows.items():
        if vector is not None and vector.shape != matrix.shape[:1]:
            raise ValueError(
                f"`{name}` must have {matrix.shape[0]} entries, got shape {tuple(vector.shape)}"
            )


def _differentiable(
    gradient: Tensor,
    queries: Tensor,
    keys: Tensor | None,
    scale: Tensor,
    pairs: Pairs,
    wants: tuple[bool, ...],
) -> list[Tensor | None]:
    """The backward pass for second derivatives, which materialises the matrix."""
    logits = scale * (widen(queries) @ widen(queries if keys is None else keys).T)
    forbidden = torch.zeros_like(logits, dtype=torch.bool)
    pairs.forbid(forbidden, 0, 0, True)
    if pairs.log_weights is not None:
        logits = logits + pairs.log_weights
    logits = logits.masked_fill(forbidden, -torch.inf)
    sums = logits.logsumexp(dim=1)
    given = zip((queries, keys, scale), wants, strict=True)
    inputs = [x for x, wanted in given if x is not None and wanted]
    found = iter(torch.autograd.grad(sums, inputs, gradient, create_graph=True))
    return [next(found) if wanted else None for wanted in wants]

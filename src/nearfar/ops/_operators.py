"""Log-sum-exp over pairs and its gradient, dispatched by device.

Tiles in plain PyTorch on a CPU and in float64; Triton kernels on a GPU where available.
"""

from __future__ import annotations

from importlib.util import find_spec
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from nearfar.ops import _tiles as tiles
from nearfar.ops._pair_masks import Pairs
from nearfar.ops._precision import widen

__all__ = ["backward", "forward", "opaque_backward", "opaque_forward"]

_RULES = "int period, Tensor? query_ids, Tensor? key_ids, Tensor? log_weights"


def forward(
    queries: Tensor,
    keys: Tensor | None,
    scale: Tensor,
    period: int,
    query_ids: Tensor | None,
    key_ids: Tensor | None,
    log_weights: Tensor | None,
    means: bool,
) -> tuple[Tensor, Tensor]:
    """Log-sum-exp of each query and, with `means`, the softmax-weighted mean of its keys.

    If `keys` is None, the queries are compared with themselves.
    """
    pairs = Pairs(period, query_ids, key_ids, log_weights)
    kernels = _kernels(queries, keys)
    none = queries.new_empty(0, dtype=widen(queries).dtype)
    if kernels is not None:
        scale = scale.float()
        if keys is None:
            return kernels.forward_symmetric(queries, scale, pairs=pairs), none
        return kernels.forward(queries, keys, scale, pairs=pairs), none
    z = widen(queries)
    scale = scale.to(z.dtype)
    if keys is None:
        return tiles.half_logsumexp(z, scale, pairs), none
    return tiles.logsumexp(z, widen(keys), scale, pairs, means=means)


def backward(
    gradient: Tensor,
    sums: Tensor,
    means: Tensor,
    queries: Tensor,
    keys: Tensor | None,
    scale: Tensor,
    period: int,
    query_ids: Tensor | None,
    key_ids: Tensor | None,
    log_weights: Tensor | None,
    wants_keys: bool,
    wants_scale: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of queries, keys (empty if not requested) and scale (0 if not requested)."""
    pairs = Pairs(period, query_ids, key_ids, log_weights)
    kernels = _kernels(queries, keys)
    wide = scale.to(sums.dtype)
    of_keys: Tensor | None = None
    if kernels is not None:
        if keys is None:
            of_queries = kernels.backward_symmetric(gradient, sums, queries, wide, pairs=pairs)
        else:
            of_queries, of_keys = kernels.backward(
                gradient,
                sums,
                queries,
                keys,
                wide,
                pairs=pairs,
                wants_queries=True,
                wants_keys=wants_keys,
            )
    else:
        of_queries, of_keys = _from_tiles(
            gradient, sums, means, widen(queries), keys, wide, pairs, wants_keys
        )
    of_scale = torch.zeros_like(scale)
    if wants_scale:  # without keys, each vector's gradient is that of a query plus that of a key
        of_scale += (widen(queries) * of_queries).sum() / (wide * (2 if keys is None else 1))
    return (
        of_queries.to(queries.dtype),
        queries.new_empty(0) if keys is None or of_keys is None else of_keys.to(keys.dtype),
        of_scale,
    )


def _from_tiles(
    gradient: Tensor,
    sums: Tensor,
    means: Tensor,
    z: Tensor,
    keys: Tensor | None,
    scale: Tensor,
    pairs: Pairs,
    wants_keys: bool,
) -> tuple[Tensor, Tensor | None]:
    if keys is None:
        return tiles.half_gradient(gradient, sums, z, scale, pairs).mul_(scale), None
    of_queries: Tensor | None
    of_keys: Tensor | None = None
    known = means.numel() > 0
    if wants_keys or not known:
        of_queries, of_keys = tiles.gradients(
            gradient,
            sums,
            z,
            widen(keys),
            scale,
            pairs,
            wants_queries=not known,
            wants_keys=wants_keys,
        )
    if known:
        of_queries = means * gradient[:, None]
    assert of_queries is not None
    return of_queries.mul_(scale), None if of_keys is None else of_keys.mul_(scale)


def _kernels(queries: Tensor, keys: Tensor | None) -> ModuleType | None:
    """The Triton kernels, if available for this device and these types."""
    types = {queries.dtype, queries.dtype if keys is None else keys.dtype}
    if queries.device.type != "cuda" or len(types) > 1 or torch.float64 in types:
        return None
    if find_spec("triton") is None:
        return None
    from nearfar.ops import _triton_pairwise as triton_pairwise

    return triton_pairwise if triton_pairwise.available(queries.device) else None


# opaque to torch.compile: the number of tiles depends on sizes and values
opaque_forward = torch.library.custom_op(
    "nearfar::pairwise_logsumexp",
    forward,
    mutates_args=(),
    schema=f"(Tensor queries, Tensor? keys, Tensor scale, {_RULES}, bool means)"
    " -> (Tensor, Tensor)",
)
opaque_backward = torch.library.custom_op(
    "nearfar::pairwise_logsumexp_backward",
    backward,
    mutates_args=(),
    schema="(Tensor gradient, Tensor sums, Tensor means, Tensor queries, Tensor? keys,"
    f" Tensor scale, {_RULES}, bool wants_keys, bool wants_scale) -> (Tensor, Tensor, Tensor)",
)


@opaque_forward.register_fake
def _(queries: Tensor, keys: Tensor | None, scale: Tensor, *rules: Any) -> tuple[Tensor, Tensor]:
    wide, means = widen(queries), bool(rules[-1])
    kept = means and keys is not None and _kernels(queries, keys) is None
    return wide.new_empty(wide.shape[0]), torch.empty_like(wide) if kept else wide.new_empty(0)


@opaque_backward.register_fake
def _(
    gradient: Tensor,
    sums: Tensor,
    means: Tensor,
    queries: Tensor,
    keys: Tensor | None,
    scale: Tensor,
    *rules: Any,
) -> tuple[Tensor, Tensor, Tensor]:
    wants_keys = bool(rules[-2])
    of_keys = torch.empty_like(keys) if keys is not None and wants_keys else queries.new_empty(0)
    return torch.empty_like(queries), of_keys, torch.empty_like(scale)

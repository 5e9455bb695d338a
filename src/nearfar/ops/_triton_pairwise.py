"""The log-sum-exp over pairs and its gradients on a GPU, in float32 and half precision.

Sums take one pass over tiles that stay on chip; a set with itself computes half of them.
Gradients of short vectors in half precision take one such pass each. Where a block of gradients
does not fit on chip (long vectors, float32), a strip of weights of bounded size is written to
memory and multiplied from there, shared by both gradients or both sides of the diagonal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import torch
import triton
from torch import Tensor
from torch.nn import functional as F

from nearfar.ops import _triton_kernels as kernels
from nearfar.ops._pair_masks import Pairs
from nearfar.ops._triton_plans import gradient_plan, product_plan, shared_memory, split, sums_plan

__all__ = ["available", "backward", "backward_symmetric", "forward", "forward_symmetric"]

_LOG2E = math.log2(math.e)
_STRIP_BYTES = 1 << 27  # of weights: large enough that launch overhead is negligible
_STRIP_ROWS, _STRIP_COLUMNS = 8192, 1 << 20  # a grid has at most 65,535 tiles in one direction
_FUSED_DIM = {torch.bfloat16: 256, torch.float16: 128}  # the largest that fit into registers


def available(device: torch.device) -> bool:
    """Whether the kernels run on the device; float64 and integers never use them."""
    if device.type != "cuda":
        return False
    return torch.version.hip is not None or torch.cuda.get_device_capability(device) >= (8, 0)


def forward(queries: Tensor, keys: Tensor, scale: Tensor, *, pairs: Pairs) -> Tensor:
    """``log Σ_j w_j exp(scale · q_i·k_j)`` of each query, over its unmasked keys.

    Args:
        queries: One row per query; float32, bfloat16 or float16.
        keys: Same dtype and number of columns.
        scale: A float32 scalar on the same device; not read on the host.
        pairs: Masks and weights.

    Returns:
        float32, minus infinity for a query without candidates.
    """
    return _sums(_aligned(queries), _aligned(keys), scale, _dense(pairs), bound=None)


def forward_symmetric(z: Tensor, scale: Tensor, *, pairs: Pairs) -> Tensor:
    """As :func:`forward` for a set with itself, without weights, at half the work.

    Tiles add to column sums in no fixed order, so under
    :func:`torch.use_deterministic_algorithms` the full work is done instead. The same holds if
    logits are too large to exponentiate directly; this is decided on the device.
    """
    z, pairs = _aligned(z), _dense(pairs)
    if torch.are_deterministic_algorithms_enabled():
        return _sums(z, z, scale, pairs, bound=None)
    samples, dim = z.shape
    bound = _bound(z, scale)
    plan = sums_plan(z.dtype, dim, shared_memory(z))
    block = plan.rows
    totals = torch.zeros(samples, dtype=torch.float32, device=z.device)
    blocks = triton.cdiv(samples, block)
    meetings = blocks // 2 + 1
    width = triton.cdiv(meetings, split(z, blocks, meetings))
    with _on(z):
        kernels.half_sums_kernel[(blocks, triton.cdiv(meetings, width))](
            z, scale, totals, bound, pairs.query_ids, samples, pairs.period, width,
            DIM=dim, STEP=plan.step, BLOCK=block, RULE=_rule(pairs, block, block),
            PRECISION="ieee", **plan.launch,
        )  # fmt: skip
    exact = _sums(z, z, scale, pairs, bound=bound)
    return torch.where(bound <= kernels.LARGEST.value, totals.log(), exact)


def backward(
    gradient: Tensor,
    sums: Tensor,
    queries: Tensor,
    keys: Tensor,
    scale: Tensor,
    *,
    pairs: Pairs,
    wants_queries: bool,
    wants_keys: bool,
) -> tuple[Tensor | None, Tensor | None]:
    """Gradients of :func:`forward`, with ``p_ij`` the softmax of a query's logits.

    Args:
        gradient: ``g``, gradient of the sums.
        sums: The result of :func:`forward`.
        queries: As for :func:`forward`.
        keys: As for :func:`forward`.
        scale: As for :func:`forward`.
        pairs: As for :func:`forward`.
        wants_queries: Whether to compute the queries' gradient.
        wants_keys: Whether to compute the keys' gradient.

    Returns:
        ``scale · g_i Σ_j p_ij k_j`` for queries and ``scale · Σ_i g_i p_ij q_i`` for keys, in
        float32; None if not requested.
    """
    dim = queries.shape[1]
    queries, keys = _aligned(queries), _aligned(keys)
    pairs, gradient, normalizer = _dense(pairs), gradient.contiguous(), _normalizer(sums)
    weights = pairs.log_weights
    bias = _zeros(keys[:, 0]) if weights is None else weights * _LOG2E
    of_rows = _Weighting(kernels.ROWS.value, normalizer, bias, gradient, None)
    of_queries: Tensor | None = None
    of_keys: Tensor | None = None
    if _fused(queries):
        if wants_queries:
            of_queries = _gradient(queries, keys, scale, [of_rows], pairs)
        if wants_keys:
            weighting = _Weighting(kernels.COLUMNS.value, bias, normalizer, None, gradient)
            swapped = replace(pairs, query_ids=pairs.key_ids, key_ids=pairs.query_ids)
            of_keys = _gradient(keys, queries, scale, [weighting], swapped)
    else:
        of_queries = _zeros(queries) if wants_queries else None
        of_keys = _zeros(keys) if wants_keys else None
        for rows, columns, strip in _strips(queries, keys, scale, [of_rows], pairs, half=False):
            _add_product(of_queries, rows, strip, keys[columns])
            _add_product(of_keys, columns, strip.T, queries[rows])
    return _narrow(of_queries, dim), _narrow(of_keys, dim)


def backward_symmetric(
    gradient: Tensor, sums: Tensor, z: Tensor, scale: Tensor, *, pairs: Pairs
) -> Tensor:
    """The gradient of :func:`forward_symmetric`, ``scale · Σ_j (g_i p_ij + g_j p_ji) z_j``."""
    dim = z.shape[1]
    z = _aligned(z)
    bound = _bound(z, scale)
    pairs, gradient, normalizer = _dense(pairs), gradient.contiguous(), _normalizer(sums)
    factors = gradient * normalizer.exp2()
    weightings = [  # the device skips one of them
        _Weighting(kernels.BOUNDED.value, None, None, factors, factors, bound),
        _Weighting(kernels.BOTH.value, normalizer, normalizer, gradient, gradient, bound),
    ]
    if _fused(z):
        return _gradient(z, z, scale, weightings, pairs)[:, :dim]
    total = _zeros(z)
    for rows, columns, strip in _strips(z, z, scale, weightings, pairs, half=True):
        _add_product(total, rows, strip, z[columns])
        if rows != columns:
            _add_product(total, columns, strip.T, z[rows])
    return total[:, :dim]


@dataclass(frozen=True)
class _Weighting:
    """How to turn logits into weights; see the modes in ``_triton_kernels.py``."""

    mode: int
    row_bias: Tensor | None
    column_bias: Tensor | None
    row_factor: Tensor | None
    column_factor: Tensor | None
    bound: Tensor | None = None

    @property
    def vectors(self) -> tuple[Tensor | None, ...]:
        """In the order of the kernels' arguments."""
        return self.row_bias, self.column_bias, self.row_factor, self.column_factor


def _sums(
    queries: Tensor, keys: Tensor, scale: Tensor, pairs: Pairs, *, bound: Tensor | None
) -> Tensor:
    """Each program takes a block of queries and a part of the keys; combine the parts."""
    (n, dim), m = queries.shape, len(keys)
    plan = sums_plan(queries.dtype, dim, shared_memory(queries))
    blocks, steps = triton.cdiv(n, plan.rows), triton.cdiv(m, plan.columns)
    width = triton.cdiv(steps, split(queries, blocks, steps)) * plan.columns
    parts = queries.new_empty(triton.cdiv(m, width), n, dtype=torch.float32)
    bias = None if pairs.log_weights is None else pairs.log_weights * _LOG2E
    with _on(queries):
        kernels.sums_kernel[(blocks, len(parts))](
            queries, keys, scale, parts, bound, pairs.query_ids, pairs.key_ids, bias,
            n, m, pairs.period, width, DIM=dim, STEP=plan.step,
            BLOCK_I=plan.rows, BLOCK_J=plan.columns,
            RULE=_rule(pairs, plan.rows, plan.columns), PRECISION="ieee", **plan.launch,
        )  # fmt: skip
    return parts[0] if len(parts) == 1 else parts.logsumexp(dim=0)


def _gradient(
    rows: Tensor, columns: Tensor, scale: Tensor, weightings: list[_Weighting], pairs: Pairs
) -> Tensor:
    """The gradient of `rows` in one pass, summed over parts of the columns."""
    (n, dim), m = rows.shape, len(columns)
    plan = gradient_plan(dim, shared_memory(rows))
    blocks, steps = triton.cdiv(n, plan.rows), triton.cdiv(m, plan.columns)
    width = triton.cdiv(steps, split(rows, blocks, steps)) * plan.columns
    parts = rows.new_empty(triton.cdiv(m, width), n, dim, dtype=torch.float32)
    with _on(rows):
        for weighting in weightings:
            kernels.gradient_kernel[(blocks, len(parts))](
                rows, columns, scale, parts, weighting.bound, pairs.query_ids, pairs.key_ids,
                *weighting.vectors, n, m, pairs.period, width,
                DIM=dim, BLOCK_I=plan.rows, BLOCK_J=plan.columns, MODE=weighting.mode,
                RULE=_rule(pairs, plan.rows, plan.columns), PRECISION="ieee", **plan.launch,
            )  # fmt: skip
    return parts[0] if len(parts) == 1 else parts.sum(dim=0)


def _strips(
    rows: Tensor,
    columns: Tensor,
    scale: Tensor,
    weightings: list[_Weighting],
    pairs: Pairs,
    *,
    half: bool,
) -> Iterator[tuple[slice, slice, Tensor]]:
    """Weights of all pairs, strip by strip, in one reused buffer.

    With `half`, only strips on and above the diagonal.
    """
    (n, dim), m = rows.shape, len(columns)
    dtype = torch.bfloat16 if rows.dtype == torch.bfloat16 else torch.float32
    plan = sums_plan(rows.dtype, dim, shared_memory(rows))
    height, across = _strip_shape(n, m, dtype.itemsize, half=half)
    memory = torch.empty(height * across, dtype=dtype, device=rows.device)
    for top in range(0, n, height):
        for left in range(top if half else 0, m, across):
            bottom, right = min(top + height, n), min(left + across, m)
            strip = memory[: (bottom - top) * (right - left)].view(bottom - top, right - left)
            grid = triton.cdiv(bottom - top, plan.rows), triton.cdiv(right - left, plan.columns)
            with _on(rows):
                for weighting in weightings:
                    kernels.weights_kernel[grid](
                        rows, columns, scale, strip, weighting.bound,
                        pairs.query_ids, pairs.key_ids, *weighting.vectors,
                        bottom, right, pairs.period, top, left, right - left,
                        DIM=dim, STEP=min(plan.step, 64), BLOCK_I=plan.rows, BLOCK_J=plan.columns,
                        MODE=weighting.mode, RULE=_rule(pairs, plan.rows, plan.columns),
                        PRECISION="ieee", **plan.launch,
                    )  # fmt: skip
            yield slice(top, bottom), slice(left, right), strip


def _strip_shape(n: int, m: int, size: int, *, half: bool) -> tuple[int, int]:
    """Rows and columns of a strip of weights: square if `half`."""
    if half:
        side = min(n, math.isqrt(_STRIP_BYTES // size))
        return side, side
    height = min(n, _STRIP_ROWS)
    return height, min(m, max(1, _STRIP_BYTES // size // height), _STRIP_COLUMNS)


def _add_product(total: Tensor | None, into: slice, weights: Tensor, z: Tensor) -> None:
    """Add weights times `z` to some rows of `total`."""
    if total is None:
        return
    out = total[into]
    wide, dim = weights.dtype == torch.float32, z.shape[1]
    plan = product_plan(wide, dim, shared_memory(z))
    with _on(z):
        kernels.product_kernel[(triton.cdiv(len(out), plan.rows), dim // plan.step)](
            weights, z, out, len(out), len(z), *weights.stride(),
            DIM=dim, BLOCK_I=plan.rows, BLOCK_J=plan.columns, BLOCK_D=plan.step,
            PRECISION="tf32" if z.dtype == torch.float16 else "ieee", **plan.launch,
        )  # fmt: skip


def _aligned(z: Tensor) -> Tensor:
    """The matrix, contiguous and zero-padded to a number of columns that tiles allow."""
    dim = z.shape[1]
    padded = max(16, triton.next_power_of_2(dim)) if dim <= 128 else 128 * triton.cdiv(dim, 128)
    return F.pad(z, (0, padded - dim)) if padded != dim else z.contiguous()


def _dense(pairs: Pairs) -> Pairs:
    """The pairs with contiguous vectors, as the kernels assume stride 1."""
    vectors: dict[str, Any] = {
        name: value for name, value in vars(pairs).items() if isinstance(value, Tensor)
    }
    return replace(pairs, **{name: value.contiguous() for name, value in vectors.items()})


def _fused(z: Tensor) -> bool:
    return z.shape[1] <= _FUSED_DIM.get(z.dtype, 0)


def _bound(z: Tensor, scale: Tensor) -> Tensor:
    """An upper bound of the logits."""
    longest = torch.linalg.vector_norm(z, dim=1, dtype=torch.float32).max()
    bound: Tensor = scale.abs() * longest.square()
    return bound


def _rule(pairs: Pairs, rows: int, columns: int) -> int:
    if not pairs.period:
        return int(kernels.EVERY.value)
    return int((kernels.ONE if pairs.period >= rows + columns else kernels.SEVERAL).value)


def _normalizer(sums: Tensor) -> Tensor:
    """Offset that normalises base-2 logits; arbitrary for a query without candidates."""
    return sums.masked_fill(sums == -torch.inf, 0.0).mul(-_LOG2E).contiguous()


def _zeros(z: Tensor) -> Tensor:
    return torch.zeros(z.shape, dtype=torch.float32, device=z.device)


def _narrow(gradient: Tensor | None, dim: int) -> Tensor | None:
    return None if gradient is None else gradient[:, :dim]


def _on(z: Tensor) -> Any:
    """A context that makes the tensor's device current, as kernels launch there."""
    return torch.cuda.device(z.device) if z.device.type == "cuda" else nullcontext()

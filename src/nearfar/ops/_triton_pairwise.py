"""The log-sum-exp over pairs and its gradients on a GPU, in float32 and half precision.

Sums are one pass over tiles that stay on the chip; a set against itself computes half of them.
Gradients of short vectors in half precision are one such pass each. Where a block of gradients
would not fit on the chip (long vectors, float32), a strip of weights of bounded size is written
to memory and multiplied from there; both gradients, or both sides of the diagonal, share it.
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
from nearfar.ops._pairs import Pairs
from nearfar.ops._triton_plans import gradient_plan, product_plan, shared_memory, split, sums_plan

__all__ = ["available", "backward", "backward_symmetric", "forward", "forward_symmetric"]

_LOG2E = math.log2(math.e)
_STRIP_BYTES = 1 << 27  # of weights: large enough that launching costs nothing beside it
_STRIP_ROWS, _STRIP_COLUMNS = 8192, 1 << 20  # a grid has at most 65,535 tiles side by side
_FUSED_DIM = {torch.bfloat16: 256, torch.float16: 128}  # more would not fit into registers


def available(device: torch.device) -> bool:
    """Whether the kernels run there; types of 8 bytes and integers go elsewhere in any case."""
    if device.type != "cuda":
        return False
    return torch.version.hip is not None or torch.cuda.get_device_capability(device) >= (8, 0)


def forward(queries: Tensor, keys: Tensor, scale: Tensor, *, pairs: Pairs) -> Tensor:
    """Sums of all queries: ``log Σ_j w_j exp(scale · q_i·k_j)`` over the keys that count.

    Args:
        queries: One row per sum; float32, bfloat16 or float16.
        keys: Of the same type and as many columns.
        scale: One float32 on the same device; it is not read on the host.
        pairs: Which pairs count, and the keys' weights.

    Returns:
        float32, minus infinity for a query without candidates.
    """
    return _sums(_aligned(queries), _aligned(keys), scale, _dense(pairs), bound=None)


def forward_symmetric(z: Tensor, scale: Tensor, *, pairs: Pairs) -> Tensor:
    """As :func:`forward` for a set against itself, without weights, with half the work.

    Tiles add to their columns' sums in no fixed order: with
    :func:`torch.use_deterministic_algorithms` all of the work is done instead. So it is where
    logits are too large to exponentiate as they are; which it is the device decides.
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
    """Gradients of :func:`forward`, ``p_ij`` being the softmax of a query's logits.

    Args:
        gradient: ``g``, of the sums.
        sums: What :func:`forward` gave.
        queries: As there.
        keys: As there.
        scale: As there.
        pairs: As there.
        wants_queries: Whether the first result is needed.
        wants_keys: Whether the second is.

    Returns:
        ``scale · g_i Σ_j p_ij k_j`` for queries and ``scale · Σ_i g_i p_ij q_i`` for keys, in
        float32; None for what is not wanted.
    """
    dim = queries.shape[1]
    queries, keys = _aligned(queries), _aligned(keys)
    pairs, gradient, normaliser = _dense(pairs), gradient.contiguous(), _normaliser(sums)
    weights = pairs.log_weights
    bias = _zeros(keys[:, 0]) if weights is None else weights * _LOG2E
    of_rows = _Weighting(kernels.ROWS.value, normaliser, bias, gradient, None)
    of_queries: Tensor | None = None
    of_keys: Tensor | None = None
    if _fused(queries):
        if wants_queries:
            of_queries = _gradient(queries, keys, scale, [of_rows], pairs)
        if wants_keys:
            weighting = _Weighting(kernels.COLUMNS.value, bias, normaliser, None, gradient)
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
    pairs, gradient, normaliser = _dense(pairs), gradient.contiguous(), _normaliser(sums)
    shares = gradient * normaliser.exp2()
    weightings = [  # the device skips one of them
        _Weighting(kernels.BOUNDED.value, None, None, shares, shares, bound),
        _Weighting(kernels.BOTH.value, normaliser, normaliser, gradient, gradient, bound),
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
    """What makes weights of logits, see the modes of :mod:`nearfar.ops.triton_kernels`."""

    mode: int
    row_bias: Tensor | None
    column_bias: Tensor | None
    row_factor: Tensor | None
    column_factor: Tensor | None
    bound: Tensor | None = None

    @property
    def vectors(self) -> tuple[Tensor | None, ...]:
        """As the kernels take them."""
        return self.row_bias, self.column_bias, self.row_factor, self.column_factor


def _sums(
    queries: Tensor, keys: Tensor, scale: Tensor, pairs: Pairs, *, bound: Tensor | None
) -> Tensor:
    """Each program takes a block of queries and a part of the keys; the parts are joined here."""
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
    """The gradient of `rows` in one pass, parts of the columns joined here."""
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
    """Weights of all pairs, some rows and columns at a time, in one memory used over and over.

    With `half`, of those on and above the diagonal alone.
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
    """Rows and columns of the weights held at once: as many of each for half a square."""
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
    """Rows one after another, with columns of zeros up to a number that tiles can have."""
    dim = z.shape[1]
    padded = max(16, triton.next_power_of_2(dim)) if dim <= 128 else 128 * triton.cdiv(dim, 128)
    return F.pad(z, (0, padded - dim)) if padded != dim else z.contiguous()


def _dense(pairs: Pairs) -> Pairs:
    """Entries one after another: kernels know no strides of vectors."""
    vectors: dict[str, Any] = {
        name: value for name, value in vars(pairs).items() if isinstance(value, Tensor)
    }
    return replace(pairs, **{name: value.contiguous() for name, value in vectors.items()})


def _fused(z: Tensor) -> bool:
    return z.shape[1] <= _FUSED_DIM.get(z.dtype, 0)


def _bound(z: Tensor, scale: Tensor) -> Tensor:
    """What no logit exceeds."""
    longest = torch.linalg.vector_norm(z, dim=1, dtype=torch.float32).max()
    bound: Tensor = scale.abs() * longest.square()
    return bound


def _rule(pairs: Pairs, rows: int, columns: int) -> int:
    if not pairs.period:
        return int(kernels.EVERY.value)
    return int((kernels.ONE if pairs.period >= rows + columns else kernels.SEVERAL).value)


def _normaliser(sums: Tensor) -> Tensor:
    """What turns a logit in base 2 into a softmax's; any number does where there is none."""
    return sums.masked_fill(sums == -torch.inf, 0.0).mul(-_LOG2E).contiguous()


def _zeros(z: Tensor) -> Tensor:
    return torch.zeros(z.shape, dtype=torch.float32, device=z.device)


def _narrow(gradient: Tensor | None, dim: int) -> Tensor | None:
    return None if gradient is None else gradient[:, :dim]


def _on(z: Tensor) -> Any:
    """Kernels start on the current device: the tensor's."""
    return torch.cuda.device(z.device) if z.device.type == "cuda" else nullcontext()

"""Triton kernels of the log-sum-exp over pairs, launched by ``_triton_pairwise.py``.

Matrices are contiguous with `DIM` columns, a multiple of `STEP`; if both are equal, a block of rows
is loaded once and stays on chip. Logits are in base 2, as the hardware's exponential. A tile's
indices are `i` for rows and `j` for columns, starting at `top` and `left`.
"""

from __future__ import annotations

import os
from typing import no_type_check

import triton
import triton.language as tl

__all__ = [
    "gradient_kernel",
    "half_sums_kernel",
    "product_kernel",
    "sums_kernel",
    "weights_kernel",
]

# Triton's interpreter has no bfloat16 products.
WIDEN = tl.constexpr(os.environ.get("TRITON_INTERPRET") == "1")

LN2 = tl.constexpr(0.6931471805599453)
LOG2E = tl.constexpr(1.4426950408889634)
LARGEST = tl.constexpr(60.0)  # up to this |logit|, exponentials and their sums are in range

# Masks by position: none, at most one diagonal of a tile, several diagonals.
EVERY, ONE, SEVERAL = tl.constexpr(0), tl.constexpr(1), tl.constexpr(2)
# Weights of a pair: softmax over the row, over the column with a factor, or the sum of both.
ROWS, COLUMNS, BOTH, BOUNDED = tl.constexpr(0), tl.constexpr(1), tl.constexpr(2), tl.constexpr(3)


@triton.jit
@no_type_check
def _read(z, top, n, d, DIM: tl.constexpr, BLOCK: tl.constexpr):
    """Columns `d` of `BLOCK` rows from `top` on, zero-padded below the last row."""
    down = tl.arange(0, BLOCK)
    corner = z + tl.cast(top, tl.int64) * DIM  # offsets from here fit into 32 bits
    return tl.load(corner + down[:, None] * DIM + d[None, :], (top + down < n)[:, None], other=0.0)


@triton.jit
@no_type_check
def _dot(a, b, total, PRECISION: tl.constexpr):
    """``total + a·b``, accumulated in float32."""
    if WIDEN:
        a, b = a.to(tl.float32), b.to(tl.float32)
    return tl.dot(a, b, total, input_precision=PRECISION)


@triton.jit
@no_type_check
def _products(
    a, b, top, left, n, m, DIM: tl.constexpr, STEP: tl.constexpr,
    BLOCK_I: tl.constexpr, BLOCK_J: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Inner products of a block of `a` with one of `b`, `STEP` columns at a time."""
    tile = tl.zeros([BLOCK_I, BLOCK_J], tl.float32)
    for start in range(0, DIM, STEP):
        d = start + tl.arange(0, STEP)
        first, second = _read(a, top, n, d, DIM, BLOCK_I), _read(b, left, m, d, DIM, BLOCK_J)
        tile = _dot(first, tl.trans(second), tile, PRECISION)
    return tile


@triton.jit
@no_type_check
def _count(logits, i, j, top, left, period, row_ids, column_ids, m, RULE: tl.constexpr):
    """The logits with masked pairs at minus infinity."""
    if RULE == ONE:  # the only multiple of the period within reach of i − j
        highest = top - left + logits.shape[0] - 1
        multiple = highest - (highest % period + period) % period
        logits = tl.where(i[:, None] == (j + multiple)[None, :], -float("inf"), logits)
    elif RULE == SEVERAL:
        logits = tl.where((i[:, None] - j[None, :]) % period == 0, -float("inf"), logits)
    if column_ids is not None:
        others = tl.load(column_ids + j, mask=j < m, other=0)
        logits = tl.where(row_ids[:, None] == others[None, :], -float("inf"), logits)
    return logits


@triton.jit
@no_type_check
def _row_values(vector, i, n):
    """A vector's entries `i`, or None for None."""
    values = None
    if vector is not None:
        values = tl.load(vector + i, mask=i < n, other=0)
    return values


@triton.jit
@no_type_check
def sums_kernel(
    queries, keys, scale, sums, bound, query_ids, key_ids, column_bias, n, m, period, width,
    DIM: tl.constexpr, STEP: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_J: tl.constexpr,
    RULE: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Log-sum-exp of a block of queries over `width` keys.

    With a `bound`, only runs if that exceeds :data:`LARGEST`.
    """
    if bound is not None:
        if tl.load(bound) <= LARGEST:
            return
    top = tl.program_id(0) * BLOCK_I
    i = top + tl.arange(0, BLOCK_I)
    row_ids = _row_values(query_ids, i, n)
    base_2 = tl.load(scale) * LOG2E
    if STEP == DIM:
        own = _read(queries, top, n, tl.arange(0, DIM), DIM, BLOCK_I)
    peak = tl.full([BLOCK_I], -float("inf"), tl.float32)
    total = tl.zeros([BLOCK_I], tl.float32)
    start = tl.program_id(1) * width
    for left in range(start, tl.minimum(start + width, m), BLOCK_J):
        j = left + tl.arange(0, BLOCK_J)
        if STEP == DIM:
            others = _read(keys, left, m, tl.arange(0, DIM), DIM, BLOCK_J)
            logits = _dot(own, tl.trans(others), None, PRECISION)
        else:
            logits = _products(
                queries, keys, top, left, n, m, DIM, STEP, BLOCK_I, BLOCK_J, PRECISION
            )
        if column_bias is None:
            bias = tl.where(j < m, 0.0, -float("inf"))
        else:
            bias = tl.load(column_bias + j, mask=j < m, other=-float("inf"))
        logits = logits * base_2 + bias[None, :]
        logits = _count(logits, i, j, top, left, period, row_ids, key_ids, m, RULE)
        higher = tl.maximum(peak, tl.max(logits, axis=1))
        shift = tl.where(higher == -float("inf"), 0.0, higher)  # no candidate so far
        potentials = tl.exp2(logits - shift[:, None])
        total = total * tl.exp2(peak - shift) + tl.sum(potentials, axis=1)
        peak = higher
    result = (peak + tl.log2(total)) * LN2
    tl.store(sums + tl.program_id(1).to(tl.int64) * n + i, result, mask=i < n)


@triton.jit
@no_type_check
def half_sums_kernel(
    z, scale, totals, bound, ids, n, period, width,
    DIM: tl.constexpr, STEP: tl.constexpr, BLOCK: tl.constexpr,
    RULE: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Add the exponentials of a set with itself to row and column totals, each tile once.

    Blocks are arranged in a circle; each is paired with itself and the following half.
    """
    if tl.load(bound) > LARGEST:
        return
    block, blocks = tl.program_id(0), tl.num_programs(0)
    top = block * BLOCK
    i = top + tl.arange(0, BLOCK)
    row_ids = _row_values(ids, i, n)
    base_2 = tl.load(scale) * LOG2E
    if STEP == DIM:
        own = _read(z, top, n, tl.arange(0, DIM), DIM, BLOCK)
    followers = (blocks - 1) // 2
    if (blocks % 2 == 0) & (block < blocks // 2):  # a block and its opposite are paired once
        followers += 1
    row_totals = tl.zeros([BLOCK], tl.float32)
    start = tl.program_id(1) * width
    for step in range(start, tl.minimum(start + width, followers + 1)):
        left = (block + step) % blocks * BLOCK
        j = left + tl.arange(0, BLOCK)
        if STEP == DIM:
            others = _read(z, left, n, tl.arange(0, DIM), DIM, BLOCK)
            logits = _dot(own, tl.trans(others), None, PRECISION)
        else:
            logits = _products(z, z, top, left, n, n, DIM, STEP, BLOCK, BLOCK, PRECISION)
        inside = tl.where(j < n, 0.0, -float("inf"))
        logits = logits * base_2 + inside[None, :]
        logits = _count(logits, i, j, top, left, period, row_ids, ids, n, RULE)
        potentials = tl.exp2(logits)
        row_totals += tl.sum(potentials, axis=1)
        real = tl.where((i < n)[:, None], potentials, 0.0)
        tl.atomic_add(totals + j, tl.sum(real, axis=0), mask=(j < n) & (step > 0), sem="relaxed")
    tl.atomic_add(totals + i, row_totals, mask=i < n, sem="relaxed")


@triton.jit
@no_type_check
def _weights(
    logits, base_2, i, j, top, left, n, m, period, row_ids, column_ids,
    row_bias, column_bias, row_factor, column_factor, MODE: tl.constexpr, RULE: tl.constexpr,
):  # fmt: skip
    """Weights from inner products: exponentials of logits plus biases, times factors."""
    inside = j < m
    if MODE == ROWS or MODE == COLUMNS:
        bias = tl.load(column_bias + j, mask=inside, other=-float("inf"))
    else:
        bias = tl.where(inside, 0.0, -float("inf"))
    logits = logits * base_2 + bias[None, :]
    logits = _count(logits, i, j, top, left, period, row_ids, column_ids, m, RULE)
    if MODE == ROWS:
        weights = tl.exp2(logits + row_bias[:, None])
    else:
        factor = tl.load(column_factor + j, mask=inside, other=0.0)
        if MODE == COLUMNS:
            weights = tl.exp2(logits + row_bias[:, None]) * factor[None, :]
        elif MODE == BOTH:
            bias = tl.load(column_bias + j, mask=inside, other=0.0)
            weights = tl.exp2(logits + row_bias[:, None]) * row_factor[:, None]
            weights += tl.exp2(logits + bias[None, :]) * factor[None, :]
        else:
            weights = tl.exp2(logits) * (row_factor[:, None] + factor[None, :])
    return weights


@triton.jit
@no_type_check
def gradient_kernel(
    rows, columns, scale, gradient, bound, row_ids, column_ids,
    row_bias, column_bias, row_factor, column_factor, n, m, period, width,
    DIM: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_J: tl.constexpr,
    MODE: tl.constexpr, RULE: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """The gradient of a block of rows from `width` columns, with the weights kept on chip.

    Half precision only: the weights are rounded to bfloat16, or to TF32 for float16. For a set with
    itself, `bound` selects which of the two modes runs.
    """
    if MODE == BOTH or MODE == BOUNDED:
        if (tl.load(bound) <= LARGEST) != (MODE == BOUNDED):
            return
    top = tl.program_id(0) * BLOCK_I
    i = top + tl.arange(0, BLOCK_I)
    d = tl.arange(0, DIM)
    own = _read(rows, top, n, d, DIM, BLOCK_I)
    ids = _row_values(row_ids, i, n)
    bias = _row_values(row_bias, i, n)
    factor = _row_values(row_factor, i, n)
    by = tl.load(scale)
    sums = tl.zeros([BLOCK_I, DIM], tl.float32)
    start = tl.program_id(1) * width
    for left in range(start, tl.minimum(start + width, m), BLOCK_J):
        j = left + tl.arange(0, BLOCK_J)
        others = _read(columns, left, m, d, DIM, BLOCK_J)
        logits = _dot(own, tl.trans(others), None, PRECISION)
        weights = _weights(
            logits, by * LOG2E, i, j, top, left, n, m, period, ids, column_ids,
            bias, column_bias, factor, column_factor, MODE, RULE,
        )  # fmt: skip
        if rows.dtype.element_ty == tl.bfloat16:
            sums = _dot(weights.to(tl.bfloat16), others, sums, PRECISION)
        else:
            sums = _dot(weights, others.to(tl.float32), sums, "tf32")
    if MODE == ROWS:
        sums = sums * factor[:, None]
    corner = gradient + (tl.program_id(1).to(tl.int64) * n + top) * DIM
    where = tl.arange(0, BLOCK_I)[:, None] * DIM + d[None, :]
    tl.store(corner + where, sums * by, mask=(i < n)[:, None])


@triton.jit
@no_type_check
def weights_kernel(
    rows, columns, scale, out, bound, row_ids, column_ids,
    row_bias, column_bias, row_factor, column_factor, n, m, period, row_start, column_start, width,
    DIM: tl.constexpr, STEP: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_J: tl.constexpr,
    MODE: tl.constexpr, RULE: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Write a tile of weights to `out`, a matrix of `width` columns from the given starts on."""
    if MODE == BOTH or MODE == BOUNDED:
        if (tl.load(bound) <= LARGEST) != (MODE == BOUNDED):
            return
    down, across = tl.program_id(0) * BLOCK_I, tl.program_id(1) * BLOCK_J
    top, left = row_start + down, column_start + across
    i = top + tl.arange(0, BLOCK_I)
    j = left + tl.arange(0, BLOCK_J)
    by = tl.load(scale)
    logits = _products(rows, columns, top, left, n, m, DIM, STEP, BLOCK_I, BLOCK_J, PRECISION)
    factor = _row_values(row_factor, i, n)
    weights = _weights(
        logits, by * LOG2E, i, j, top, left, n, m, period, _row_values(row_ids, i, n), column_ids,
        _row_values(row_bias, i, n), column_bias, factor, column_factor, MODE, RULE,
    )  # fmt: skip
    if MODE == ROWS:
        weights = weights * factor[:, None]
    weights = (weights * by).to(out.dtype.element_ty)
    r = down + tl.arange(0, BLOCK_I)
    c = across + tl.arange(0, BLOCK_J)
    inside = (i < n)[:, None] & (j < m)[None, :] & (c < width)[None, :]
    tl.store(out + r[:, None] * width + c[None, :], weights, mask=inside)


@triton.jit
@no_type_check
def product_kernel(
    weights, z, out, n, m, row_stride, column_stride,
    DIM: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_J: tl.constexpr, BLOCK_D: tl.constexpr,
    PRECISION: tl.constexpr,
):  # fmt: skip
    """Add the product of n × m (strided) weights with m rows of `z` to `out`."""
    top, down = tl.program_id(0) * BLOCK_I, tl.arange(0, BLOCK_I)
    i = top + down
    d = tl.program_id(1) * BLOCK_D + tl.arange(0, BLOCK_D)
    where = out + top.to(tl.int64) * DIM + down[:, None] * DIM + d[None, :]
    sums = tl.load(where, mask=(i < n)[:, None], other=0.0)
    for start in range(0, m, BLOCK_J):
        j = start + tl.arange(0, BLOCK_J)
        at = i[:, None] * row_stride + j[None, :] * column_stride
        tile = tl.load(weights + at, mask=(i < n)[:, None] & (j < m)[None, :], other=0.0)
        rows = _read(z, start, m, d, DIM, BLOCK_J).to(tile.dtype)
        sums = _dot(tile, rows, sums, PRECISION)
    tl.store(where, sums, mask=(i < n)[:, None])

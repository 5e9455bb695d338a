"""Log-sum-exp over pairs and its gradients, tile by tile, in plain PyTorch.

With logits ``s_ij = scale · q_i·k_j`` and softmax weights ``p_ij``, every function makes one pass
over the tiles. If all logits are known to be small (unit vectors, temperature of 1/60 or more),
exponentials are summed directly; otherwise each row keeps a running maximum.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.linalg import vector_norm

from nearfar.ops._pair_masks import Pairs
from nearfar.ops._precision import full_precision

__all__ = ["gradients", "half_gradient", "half_logsumexp", "logsumexp"]

_ROWS, _AREA = 512, 1 << 19  # 2 MiB of float32: a tile fits into a core's cache
_DEVICE_ROWS, _DEVICE_AREA = 4096, 1 << 24  # 64 MiB: few launches
_LARGEST = {torch.float32: 60.0, torch.float64: 600.0}  # |logits| whose exponentials are in range

Block = tuple[slice, slice]


def logsumexp(
    queries: Tensor, keys: Tensor, scale: Tensor, pairs: Pairs, *, means: bool
) -> tuple[Tensor, Tensor]:
    """Log-sum-exp of each query and, with `means`, the softmax-weighted mean of its keys."""
    bounded = _is_bounded(queries, keys, scale, pairs)
    totals = queries.new_zeros(queries.shape[0])
    averages = torch.zeros_like(queries) if means else queries.new_empty(0)
    peaks = totals.clone() if bounded else totals - torch.inf
    with full_precision(queries):
        scaled = queries * scale
        for rows, columns in _blocks(queries, keys):
            logits = _logits(scaled, keys, (rows, columns), pairs)
            if not bounded:
                peak = torch.maximum(peaks[rows], logits.amax(dim=1))
                shift = peak.masked_fill(peak == -torch.inf, 0)  # no candidate so far
                fade = (peaks[rows] - shift).exp_()
                totals[rows] *= fade
                if means:
                    averages[rows] *= fade[:, None]
                peaks[rows] = peak
                logits -= shift[:, None]
            potentials = logits.exp_()
            totals[rows] += potentials.sum(dim=1)
            if means:
                averages[rows].addmm_(potentials, keys[columns])
    if means:
        averages /= totals.clamp(min=torch.finfo(totals.dtype).tiny)[:, None]
    return totals.log_() + peaks, averages


def gradients(
    gradient: Tensor,
    sums: Tensor,
    queries: Tensor,
    keys: Tensor,
    scale: Tensor,
    pairs: Pairs,
    *,
    wants_queries: bool,
    wants_keys: bool,
) -> tuple[Tensor | None, Tensor | None]:
    """``g_i Σ_j p_ij k_j`` per query and ``Σ_i g_i p_ij q_i`` per key, as requested."""
    sums = _without_empty_rows(sums)
    of_queries = torch.zeros_like(queries) if wants_queries else None
    of_keys = torch.zeros_like(keys) if wants_keys else None
    with full_precision(queries):
        scaled = queries * scale
        for rows, columns in _blocks(queries, keys):
            logits = _logits(scaled, keys, (rows, columns), pairs)
            pull = logits.sub_(sums[rows, None]).exp_().mul_(gradient[rows, None])
            if of_queries is not None:
                of_queries[rows].addmm_(pull, keys[columns])
            if of_keys is not None:
                of_keys[columns].addmm_(pull.T, queries[rows])
    return of_queries, of_keys


def half_logsumexp(z: Tensor, scale: Tensor, pairs: Pairs) -> Tensor:
    """Log-sum-exp of a set with itself; tiles above the diagonal serve rows and columns."""
    if not _is_bounded(z, z, scale, pairs):
        return logsumexp(z, z, scale, pairs, means=False)[0]
    totals = z.new_zeros(z.shape[0])
    with full_precision(z):
        scaled = z * scale
        for rows, columns in _upper_blocks(z):
            potentials = (scaled[rows] @ z[columns].T).exp_()
            pairs.forbid(potentials, rows.start, columns.start, 0.0)
            totals[rows] += potentials.sum(dim=1)
            if rows != columns:
                totals[columns] += potentials.sum(dim=0)
    return totals.log_()


def half_gradient(gradient: Tensor, sums: Tensor, z: Tensor, scale: Tensor, pairs: Pairs) -> Tensor:
    """``Σ_j (g_i p_ij + g_j p_ji) z_j`` per vector, from the tiles above the diagonal."""
    if not _is_bounded(z, z, scale, pairs):
        both = gradients(gradient, sums, z, z, scale, pairs, wants_queries=True, wants_keys=True)
        return torch.stack([part for part in both if part is not None]).sum(dim=0)
    factors = gradient * (-_without_empty_rows(sums)).exp()
    total = torch.zeros_like(z)
    with full_precision(z):
        scaled = z * scale
        for rows, columns in _upper_blocks(z):
            potentials = (scaled[rows] @ z[columns].T).exp_()
            pairs.forbid(potentials, rows.start, columns.start, 0.0)
            potentials *= factors[rows, None] + factors[columns]
            total[rows].addmm_(potentials, z[columns])
            if rows != columns:
                total[columns].addmm_(potentials.T, z[rows])
    return total


def _logits(scaled: Tensor, keys: Tensor, block: Block, pairs: Pairs) -> Tensor:
    """One tile of logits plus log weights, −∞ for masked pairs."""
    rows, columns = block
    logits = scaled[rows] @ keys[columns].T
    pairs.weigh(logits, columns.start)
    pairs.forbid(logits, rows.start, columns.start, -torch.inf)
    return logits


def _is_bounded(queries: Tensor, keys: Tensor, scale: Tensor, pairs: Pairs) -> bool:
    """Whether the vectors' norms rule out over- and underflow of the exponentials."""
    longest = vector_norm(queries, dim=1).max()
    bound = scale.abs() * longest * (longest if keys is queries else vector_norm(keys, dim=1).max())
    if pairs.log_weights is not None:
        bound = bound + pairs.log_weights.abs().max()
    return bool(bound <= _LARGEST[queries.dtype])


def _without_empty_rows(sums: Tensor) -> Tensor:
    """Finite sums: for a query without candidates (−∞), any number gives softmax weights of 0."""
    return sums.masked_fill(sums == -torch.inf, 0)


def _blocks(queries: Tensor, keys: Tensor) -> Iterator[Block]:
    on_cpu = queries.device.type == "cpu"
    height = min(_ROWS if on_cpu else _DEVICE_ROWS, queries.shape[0])
    width = max(1, (_AREA if on_cpu else _DEVICE_AREA) // height)
    for top in range(0, queries.shape[0], height):
        for left in range(0, keys.shape[0], width):
            yield slice(top, top + height), slice(left, left + width)


def _upper_blocks(z: Tensor) -> Iterator[Block]:
    side = _ROWS if z.device.type == "cpu" else _DEVICE_ROWS
    for top in range(0, z.shape[0], side):
        for left in range(top, z.shape[0], side):
            yield slice(top, top + side), slice(left, left + side)

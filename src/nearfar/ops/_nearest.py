"""Nearest neighbours by cosine similarity, exact, without materialising the matrix of pairs."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from nearfar.checks import (
    check_finite_rows,
    check_integer,
    check_matrix,
    check_same_columns,
)
from nearfar.ops._precision import full_precision
from nearfar.ops._unit_sphere import to_sphere

__all__ = ["Nearest", "earliest_highest", "nearest_neighbors"]

_ROWS, _COLUMNS = 512, 8_192  # 16 MiB of float32
_DEVICE_ROWS, _DEVICE_COLUMNS = 4_096, 16_384
_SPARE = 8  # candidates in addition to the neighbours, which float32 may order otherwise
_GATHERED = 1 << 23  # numbers of candidates in double precision: 64 MiB


class Nearest(NamedTuple):
    """The result of :func:`nearest_neighbors`, one row per query, the nearest first.

    Attributes:
        similarities: Cosine similarities, in double precision.
        rows: Rows of the keys.
    """

    similarities: Float[Tensor, "queries k"]
    rows: Int64[Tensor, "queries k"]


@torch.no_grad()
def nearest_neighbors(
    queries: Float[Tensor, "queries dim"],
    keys: Float[Tensor, "keys dim"] | None = None,
    *,
    k: int,
) -> Nearest:
    r"""The `k` keys with the highest cosine similarity to each query.

    Every pair is compared: the result is exact, but for keys whose similarities differ by less than
    the rounding of float32 (about 1e-7; none for double precision). Equally similar keys are in the
    order of their rows. A row of zeros has a similarity of 0 to every row.

    Args:
        queries: One row per query; rows need not be normalised.
        keys: The rows to search; by default the queries themselves, each without itself.
        k: Number of neighbours, at most the number of keys (of other rows, without `keys`).

    Returns:
        Similarities and rows.

    Raises:
        ValueError: Not matrices with the same columns, NaN or infinity, or a `k` that is too large.
        TypeError: Integer tensors.

    Cost:
        Time queries × keys × dim. Memory grows with queries + keys: normalised copies of the rows,
        and blocks of a fixed size (16 MiB of similarities on a CPU, 256 MiB on a GPU). 100,000 rows
        of 256 dimensions took 0.5 GiB on a CPU.

    Example:
        >>> z = torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 4.0]])
        >>> found = nearest_neighbors(z, k=1)
        >>> found.rows.flatten().tolist(), [round(s, 2) for s in found.similarities[:, 0].tolist()]
        ([2, 2, 1], [0.6, 0.8, 0.8])
    """
    within = keys is None
    keys = queries if keys is None else keys
    check_matrix(queries=queries, keys=keys)
    check_same_columns(queries=queries, keys=keys)
    check_finite_rows(queries=queries, keys=keys)
    check_integer(at_least=1, k=k)
    others = keys.shape[0] - within
    if k > others:
        what = "other rows" if within else "keys"
        raise ValueError(f"`k` must be at most {others}, the number of {what}, got {k}")
    candidates = to_sphere(keys)
    units = candidates if within else to_sphere(queries).to(candidates.dtype)
    on_cpu = units.device.type == "cpu"
    height = _ROWS if on_cpu else _DEVICE_ROWS
    height = max(1, min(height, _GATHERED // ((k + _SPARE) * keys.shape[1])))
    parts = []
    for start in range(0, units.shape[0], height):
        asked = slice(start, start + height)
        rows = _candidates(
            units[asked],
            candidates,
            min(k + _SPARE, others),
            width=_COLUMNS if on_cpu else _DEVICE_COLUMNS,
            first=start if within else None,
        )
        parts.append(_ordered(queries[asked], keys, rows, k))
    return Nearest(*(torch.cat(part) for part in zip(*parts, strict=True)))


def earliest_highest(values: Float[Tensor, "rows columns"], most: int) -> tuple[Tensor, Tensor]:
    """The highest values of each row and their columns; of equal values the earlier columns."""
    beyond = min(most + 1, values.shape[1])
    highest, columns = values.topk(beyond, dim=1)
    tied = highest[:, most - 1] == highest[:, -1]  # topk takes any of several equal ones
    highest, columns = highest[:, :most], columns[:, :most]
    if beyond == most:
        return highest, columns
    last = highest[:, -1:]
    if bool(tied.any()):
        some, least = values[tied], last[tied]
        above, equal = some > least, some == least
        free = most - above.sum(dim=1, keepdim=True)
        kept = above | (equal & (equal.cumsum(dim=1) <= free))
        columns[tied] = kept.nonzero()[:, 1].reshape(-1, most)
        highest[tied] = some.gather(1, columns[tied])
    return highest, columns


def _candidates(
    queries: Tensor, keys: Tensor, most: int, *, width: int, first: int | None
) -> Tensor:
    """Rows of the keys with the highest inner products with each query, in any order.

    Args:
        queries: Unit rows.
        keys: Unit rows.
        most: Number of candidates.
        width: Keys per tile.
        first: Row of the first query among the keys, if a query is not its own candidate.
    """
    best = queries.new_empty(queries.shape[0], 0)
    rows = torch.empty(best.shape, dtype=torch.int64, device=queries.device)
    for left in range(0, keys.shape[0], width):
        with full_precision(queries):
            tile = queries @ keys[left : left + width].T
        if first is not None:
            own = torch.arange(first - left, first - left + queries.shape[0], device=tile.device)
            inside = (own >= 0) & (own < tile.shape[1])
            tile[inside, own[inside]] = -torch.inf
        near, columns = earliest_highest(tile, min(most, tile.shape[1]))
        best, rows = torch.cat([best, near], dim=1), torch.cat([rows, columns + left], dim=1)
        best, kept = earliest_highest(best, min(most, best.shape[1]))
        rows = rows.gather(1, kept)
        rows, order = rows.sort(dim=1)  # so that of equal ones the earlier stay
        best = best.gather(1, order)
    return rows


def _ordered(queries: Tensor, keys: Tensor, rows: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """The nearest of some candidates, in ascending order of rows, by similarities in float64."""
    asked, found = to_sphere(queries.double()), to_sphere(keys[rows].double())
    apart = (found - asked[:, None]).square_().sum(dim=2)  # exact for close rows
    zero = (asked == 0).all(dim=1)[:, None] | (found == 0).all(dim=2)
    similar = (1 - apart / 2).masked_fill_(zero, 0.0)
    similar, order = similar.sort(dim=1, descending=True, stable=True)
    return similar[:, :most], rows.gather(1, order[:, :most])

"""Masks and weights of query–key pairs."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

__all__ = ["Pairs"]


@dataclass(frozen=True)
class Pairs:
    """Rules that mask or weight pairs, without storing a matrix.

    Attributes:
        period: Pair ``(i, j)`` is masked if ``period`` divides ``i − j``; 0 masks none.
        query_ids: One integer per query.
        key_ids: One integer per key; pairs of equal integers are masked.
        log_weights: Log weight of each key.
    """

    period: int = 0
    query_ids: Tensor | None = None
    key_ids: Tensor | None = None
    log_weights: Tensor | None = None

    def forbid(self, tile: Tensor, top: int, left: int, value: float) -> None:
        """Write `value` on the masked pairs of a tile with corner ``(top, left)``."""
        height, width = tile.shape
        if self.period:
            first = (top - left + height - 1) % self.period - (height - 1)
            for diagonal in range(first, width, self.period):
                tile.diagonal(diagonal).fill_(value)
        if self.query_ids is not None and self.key_ids is not None:
            same = self.query_ids[top : top + height, None] == self.key_ids[left : left + width]
            tile.masked_fill_(same, value)

    def weigh(self, logits: Tensor, left: int) -> None:
        """Add the log weights to a tile with first column `left`."""
        if self.log_weights is not None:
            logits.add_(self.log_weights[left : left + logits.shape[1]])

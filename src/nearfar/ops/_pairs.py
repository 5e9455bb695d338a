"""Which pairs of a query and a key count, and how much."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

__all__ = ["Pairs"]


@dataclass(frozen=True)
class Pairs:
    """Rules by which pairs are left out or weighted; they never take the memory of a matrix.

    Attributes:
        period: Pair ``(i, j)`` is left out if ``period`` divides ``i − j``; 0 leaves out none.
        query_ids: One integer per query.
        key_ids: One integer per key; pairs of equal integers are left out.
        log_weights: Logarithm of how often each key counts.
    """

    period: int = 0
    query_ids: Tensor | None = None
    key_ids: Tensor | None = None
    log_weights: Tensor | None = None

    def forbid(self, tile: Tensor, top: int, left: int, value: float) -> None:
        """Write `value` on the pairs left out of a tile whose corner is ``(top, left)``."""
        height, width = tile.shape
        if self.period:
            first = (top - left + height - 1) % self.period - (height - 1)
            for diagonal in range(first, width, self.period):
                tile.diagonal(diagonal).fill_(value)
        if self.query_ids is not None and self.key_ids is not None:
            same = self.query_ids[top : top + height, None] == self.key_ids[left : left + width]
            tile.masked_fill_(same, value)

    def weigh(self, logits: Tensor, left: int) -> None:
        """Add the logarithms of the weights to a tile whose first column is `left`."""
        if self.log_weights is not None:
            logits.add_(self.log_weights[left : left + logits.shape[1]])

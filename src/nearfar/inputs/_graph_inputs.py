"""Nodes of a graph and the graph that they are in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Self, final

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from nearfar.inputs._inputs import Inputs

__all__ = ["Nodes"]


@final
@dataclass(frozen=True, eq=False)
class Nodes(Inputs):
    """A (sub)graph and its target nodes, which are the samples.

    Attributes:
        features: Features of every node; a sparse COO matrix if most are 0.
        edges: Source and target of every directed edge; an undirected edge appears in both
            directions.
        targets: Indices of the target nodes, the samples, as rows of `features`.
        ids: Index of each node in the full graph; None if that is its row.
        weights: Weight of each directed edge, 0 or more; None if all are 1.
    """

    features: Float[Tensor, "nodes features"]
    edges: Int64[Tensor, "2 edges"]
    targets: Int64[Tensor, " batch"]
    ids: Int64[Tensor, " nodes"] | None = None
    weights: Float[Tensor, " edges"] | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def select(self, rows: slice | Tensor) -> Nodes:
        return replace(self, targets=self.targets[rows])

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Nodes:
        return Nodes(
            self.features.to(device=device, dtype=dtype, non_blocking=True),
            self.edges.to(device, non_blocking=True),
            self.targets.to(device, non_blocking=True),
            None if self.ids is None else self.ids.to(device, non_blocking=True),
            None
            if self.weights is None
            else self.weights.to(device=device, dtype=dtype, non_blocking=True),
        )

    def with_edges(self, kept: Bool[Tensor, " edges"]) -> Nodes:
        """The same nodes with some of the edges."""
        weights = None if self.weights is None else self.weights[kept]
        return replace(self, edges=self.edges[:, kept], weights=weights)

    def rows(self) -> Float[Tensor, "batch features"]:
        """The target nodes' features, dense."""
        rows = self.features.index_select(0, self.targets)
        return rows.to_dense() if rows.is_sparse else rows

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Nodes:
        """The disjoint union of the parts."""
        starts = list(accumulate((len(part.features) for part in parts[:-1]), initial=0))
        shifted = list(zip(parts, starts, strict=True))
        return cls(
            torch.cat([part.features for part in parts]),
            torch.cat([part.edges + start for part, start in shifted], dim=1),
            torch.cat([part.targets + start for part, start in shifted]),
            weights=_joined([(part.weights, part.edges.shape[1]) for part in parts]),
        )


def _joined(parts: list[tuple[Tensor | None, int]]) -> Tensor | None:
    """Weights of all edges, 1 in parts without weights; None if no part has any."""
    known = [weights for weights, _ in parts if weights is not None]
    if not known:
        return None
    return torch.cat(
        [known[0].new_ones(count) if weights is None else weights for weights, count in parts]
    )

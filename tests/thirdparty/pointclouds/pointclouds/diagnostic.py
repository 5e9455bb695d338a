"""A measurement of one's own, among the readings of every run."""

from __future__ import annotations

from typing import ClassVar, final

import torch
from torch import Tensor

from nearfar.diagnostics import Better, Diagnostic


@final
class LargestNorm(Diagnostic):
    """The largest norm of an embedding."""

    better: ClassVar = Better.LOWER
    anchors: ClassVar = {}

    _most: Tensor

    def __init__(self) -> None:
        self.add_state("_most", torch.tensor(0.0))

    def update(self, *embeddings: Tensor) -> None:
        names = ("z",) if len(embeddings) == 1 else ("z1", "z2")
        rows = self.accept(**dict(zip(names, embeddings, strict=True)))
        norms = torch.cat([view.norm(dim=1) for view in rows])
        self._most = torch.maximum(self._most, norms.max().float())

    def compute(self) -> Tensor:
        return self._most

    def merge(self, other: LargestNorm) -> LargestNorm:
        merged = LargestNorm()
        merged._most = torch.maximum(self._most, other._most)
        return merged

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

    def __init__(self) -> None:
        self._most = torch.tensor(0.0)

    def update(self, *embeddings: Tensor) -> None:
        norms = torch.cat([view.norm(dim=1) for view in embeddings])
        self._most = torch.maximum(self._most, norms.max().float().cpu())

    def compute(self) -> Tensor:
        return self._most

    def merge(self, other: LargestNorm) -> LargestNorm:
        merged = LargestNorm()
        merged._most = torch.maximum(self._most, other._most)
        return merged

    def reset(self) -> None:
        self._most = torch.tensor(0.0)

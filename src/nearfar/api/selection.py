"""Which of several encoders is best, without a label: scores to compare them by."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_choice
from nearfar.diagnostics import alignment, effective_rank, relative_alignment, uniformity

__all__ = ["SCORES", "Score", "label_free_score"]

Score: TypeAlias = Callable[[Tensor, Tensor], float]
"""Representations of two views of the same samples, to a number that is better when higher."""


def _rank(h1: Tensor, h2: Tensor) -> float:
    return float(effective_rank(h1))


def _alignment_uniformity(h1: Tensor, h2: Tensor) -> float:
    return -float(alignment(h1, h2)) - float(uniformity(h1))


def _relative_alignment(h1: Tensor, h2: Tensor) -> float:
    return -float(relative_alignment(h1, h2))


@torch.no_grad()
def _retrieval(h1: Tensor, h2: Tensor) -> float:
    one = torch.nn.functional.normalize(h1 - h1.mean(0), dim=1)
    other = torch.nn.functional.normalize(h2 - h2.mean(0), dim=1)
    nearest = (one @ other.T).argmax(dim=1)
    return float((nearest == torch.arange(len(h1))).double().mean())


SCORES: dict[str, Score] = {
    "alignment_uniformity": _alignment_uniformity,
    "effective_rank": _rank,
    "relative_alignment": _relative_alignment,
    "retrieval": _retrieval,
}

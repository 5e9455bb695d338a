"""MoCo with alignment and uniformity in place of its contrastive loss."""

from __future__ import annotations

import math
from typing import Any, final

import torch
from torch import Tensor, nn

from nearfar.methods import MoCo, RunFacts, Serves, moco_v2, preset
from nearfar.objectives import alignment_loss
from nearfar.objectives._objective import Objective
from nearfar.ops import pairwise_logsumexp, to_sphere
from nearfar.views import ViewRecipe, simclr_views

__all__ = ["QueueAlignmentUniformity", "queue_alignment_uniformity", "queue_contrastive"]

_VIEWS = {"images": Serves(views=ViewRecipe(simclr_views))}


@final
class QueueAlignmentUniformity(Objective):
    r"""Alignment of queries and keys, uniformity of queries with the queue and one another.

    .. math:: \lambda_a \tfrac1N \sum_i \lVert q_i - k_i \rVert^2 + \lambda_u \ln
              \frac{\sum_{i, j} e^{-t \lVert q_i - n_j \rVert^2}
              + \sum_{i < j} e^{-t \lVert q_i - q_j \rVert^2}}{N M + N (N - 1) / 2}

    for N queries q, their keys k and M keys n of the queue, all of unit length; authors' code
    ssnl/moco_align_uniform.

    Args:
        alignment_weight: λ_a.
        uniformity_weight: λ_u.
        t: Inverse width of the potential.
    """

    def __init__(self, *, alignment_weight: float, uniformity_weight: float, t: float) -> None:
        super().__init__()
        self.alignment_weight, self.uniformity_weight, self.t = (
            alignment_weight,
            uniformity_weight,
            t,
        )
        self.temperature = 1 / (2 * t)  # of the contrastive loss with the same potential

    def forward(self, queries: Tensor, keys: Tensor, negatives: Tensor) -> Tensor:
        """The loss of queries with their keys and the keys of the queue."""
        q, n = to_sphere(queries), to_sphere(negatives)
        far = pairwise_logsumexp(q, n, scale=2 * self.t).logsumexp(dim=0)
        near = pairwise_logsumexp(q, q, scale=2 * self.t, exclude_self=True).logsumexp(dim=0)
        pairs = len(q) * len(n) + len(q) * (len(q) - 1) / 2
        spread = torch.logaddexp(far, near - math.log(2)) - 2 * self.t - math.log(pairs)
        near_key = alignment_loss(queries, keys)
        return self.alignment_weight * near_key + self.uniformity_weight * spread

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> None:
        """None: the loss has no chance value."""


@preset(serves=_VIEWS)
def queue_alignment_uniformity(
    encoder: nn.Module,
    width: int,
    *,
    alignment_weight: float = 3.0,
    uniformity_weight: float = 1.0,
    t: float = 3.0,
    facts: RunFacts | None = None,
    **options: Any,
) -> MoCo:
    """MoCo v2 with alignment and uniformity, as Wang and Isola train it on ImageNet."""
    method = moco_v2(encoder, width, facts=facts, **options)
    loss = QueueAlignmentUniformity(
        alignment_weight=alignment_weight, uniformity_weight=uniformity_weight, t=t
    )
    method.add_module("objective", loss)
    return method


@preset(serves=_VIEWS)
def queue_contrastive(
    encoder: nn.Module, width: int, *, facts: RunFacts | None = None, **options: Any
) -> MoCo:
    """MoCo v2 with its own loss, on the same views."""
    return moco_v2(encoder, width, facts=facts, **options)

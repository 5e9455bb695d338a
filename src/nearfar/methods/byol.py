"""BYOL: predict a slow copy's projection of the other view.

No negatives. Encoder, projector and predictor move by gradient; the target network is a momentum
copy of encoder and projector whose decay rises to 1. Grill et al., NeurIPS 2020, arXiv 2006.07733.
"""

from __future__ import annotations

import math
from typing import ClassVar, final

from torch import nn

from nearfar.checks import check_fraction
from nearfar.inputs import View
from nearfar.methods.method import Method, Projected, Step
from nearfar.modules import MomentumCopy, PerceptronHead
from nearfar.objectives import BYOLLoss

__all__ = ["BYOL", "byol"]


@final
class BYOL(Method):
    """Online network with a predictor, target network that follows.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections.
        predictor: Projections to predictions of the target's projections; ``nn.Identity()``
            removes it (and the representation collapses).
        decay: Of the target at the start, τ_base; 0 makes the target a copy of the online network,
            1 leaves it at its random start.
    """

    paper: ClassVar = "Grill et al. 2020, arXiv 2006.07733"
    negatives: ClassVar = False
    momentum: ClassVar = True

    def __init__(
        self,
        encoder: nn.Module,
        projector: nn.Module,
        predictor: nn.Module,
        *,
        decay: float = 0.996,
    ) -> None:
        super().__init__()
        check_fraction(decay=decay)
        self.encoder = encoder
        self.projector = projector
        self.predictor = predictor
        self.target = MomentumCopy(nn.Sequential(encoder, projector))
        self.objective = BYOLLoss()
        self.decay = decay

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode, project and predict each view; the slow copy's projection is its target."""
        h1, h2 = (self.encoder(view) for view in views)
        z1, z2 = self.projector(h1), self.projector(h2)
        p1, p2 = self.predictor(z1), self.predictor(z2)
        t1, t2 = (self.target(view) for view in views)
        return (h1, h2), (z1, z2), (p1, p2), (t1, t2)

    def compare(self, projected: Projected) -> Step:
        """Each view's prediction against the other view's target; the sum of both directions."""
        representations, projections, (p1, p2), (t1, t2) = projected
        loss = self.objective(p1, t2) + self.objective(p2, t1)
        return Step(loss=loss, representations=representations, projections=projections)

    def after_update(self, progress: float) -> None:
        """The target follows, slower and slower: 1 − (1 − τ_base)(cos πp + 1)/2."""
        decay = 1 - (1 - self.decay) * (math.cos(math.pi * progress) + 1) / 2
        self.target.follow(nn.Sequential(self.encoder, self.projector), decay=decay)

    def chance(self, batch_size: int) -> float | None:
        """None: a collapsed network has the lowest loss, so the loss alone says nothing."""
        return self.objective.chance(batch_size=batch_size)


def byol(
    encoder: nn.Module,
    width: int,
    *,
    hidden: int | None = None,
    dim: int = 256,
    decay: float = 0.996,
) -> BYOL:
    """BYOL as published, around any encoder.

    Args:
        encoder: Inputs to representations.
        width: Dimensions of a representation.
        hidden: Width of the inner layers of projector and predictor; twice the representation's if
            not given (4,096 for the paper's ResNet-50).
        dim: Dimensions of a projection.
        decay: Of the target at the start (0.996 for 1,000 epochs, 0.99 for 300 or fewer, 0.97 for
            40 in the authors' code).
    """
    hidden = hidden or 2 * width
    return BYOL(
        encoder,
        PerceptronHead(width, hidden=hidden, outputs=dim),
        PerceptronHead(dim, hidden=hidden, outputs=dim),
        decay=decay,
    )

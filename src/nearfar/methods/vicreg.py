"""VICReg: agree, keep every dimension's variance up, keep dimensions uncorrelated.

No negatives, no momentum, no predictor: three terms on the projections of both views, all by
gradient. Bardes, Ponce, LeCun, ICLR 2022, arXiv 2105.04906.
"""

from __future__ import annotations

from typing import ClassVar, final

from torch import nn

from nearfar.inputs import View
from nearfar.methods.method import Method, Projected, Step
from nearfar.modules import PerceptronHead
from nearfar.objectives import VICRegLoss
from nearfar.parallel import gather

__all__ = ["VICReg", "vicreg"]


@final
class VICReg(Method):
    """Two views, one network, variance–invariance–covariance regularisation.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections (the paper's expander).
        invariance_weight: λ.
        variance_weight: μ; 0 lets the representation collapse.
        covariance_weight: ν.
    """

    paper: ClassVar = "Bardes et al. 2022, arXiv 2105.04906"
    negatives: ClassVar = False
    momentum: ClassVar = False

    def __init__(
        self,
        encoder: nn.Module,
        projector: nn.Module,
        *,
        invariance_weight: float = 25.0,
        variance_weight: float = 25.0,
        covariance_weight: float = 1.0,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.projector = projector
        self.objective = VICRegLoss(
            invariance_weight=invariance_weight,
            variance_weight=variance_weight,
            covariance_weight=covariance_weight,
        )

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode and project each view."""
        h1, h2 = (self.encoder(view) for view in views)
        z1, z2 = self.projector(h1), self.projector(h2)
        return (h1, h2), (z1, z2)

    def compare(self, projected: Projected) -> Step:
        """Compare the two batches of projections."""
        representations, (z1, z2) = projected
        loss = self.objective(gather(z1), gather(z2))
        return Step(loss=loss, representations=representations, projections=(z1, z2))

    def chance(self, batch_size: int) -> float | None:
        """None: the loss has no value that stands for having learnt nothing."""
        return self.objective.chance(batch_size=batch_size)


def vicreg(
    encoder: nn.Module,
    width: int,
    *,
    hidden: int | None = None,
    dim: int | None = None,
    invariance_weight: float = 25.0,
    variance_weight: float = 25.0,
    covariance_weight: float = 1.0,
) -> VICReg:
    """VICReg as published, around any encoder.

    Args:
        encoder: Inputs to representations.
        width: Dimensions of a representation.
        hidden: Width of the projector's two inner layers; four times the representation's if not
            given (8,192 for the paper's ResNet-50).
        dim: Dimensions of a projection; as wide as the inner layers if not given.
        invariance_weight: λ.
        variance_weight: μ; 0 lets the representation collapse.
        covariance_weight: ν.
    """
    hidden = hidden or 4 * width
    projector = PerceptronHead(width, hidden=hidden, outputs=dim or hidden, layers=3)
    return VICReg(
        encoder,
        projector,
        invariance_weight=invariance_weight,
        variance_weight=variance_weight,
        covariance_weight=covariance_weight,
    )

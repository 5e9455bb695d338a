"""VICReg: agree, keep every dimension's variance up, keep dimensions uncorrelated.

No negatives, no momentum, no predictor: three terms on the projections of both views, all by
gradient. Bardes, Ponce, LeCun, ICLR 2022, arXiv 2105.04906.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

from torch import nn

from nearfar.checks import check_integer
from nearfar.inputs import View
from nearfar.methods._method import Method, Projected, Step
from nearfar.methods._preset import preset
from nearfar.methods._serves import ANY, Serves
from nearfar.modules import PerceptronHead
from nearfar.objectives import VICRegLoss
from nearfar.objectives._objective import total
from nearfar.parallel import gather
from nearfar.views import ViewRecipe, vicreg_views

__all__ = ["VICReg", "vicreg"]


@final
class VICReg(Method):
    """Two views, one network, variance–invariance–covariance regularisation.

    Views of a sample are drawn together; what keeps them from all becoming one point is said
    outright: every dimension of the projections keeps a standard deviation of at least 1 over the
    batch, and no two dimensions vary together.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections (the paper's expander).
        dim: Dimensions of a projection.
        invariance_weight: λ, of the views' mean squared difference.
        variance_weight: μ, of the two views' mean shortfall; 0 lets the representation collapse.
        covariance_weight: ν, of the sum of the two views' covariances.

    When to use:
        No negatives, no second network, no predictor, and no need for the two views to be alike:
        each branch is regularised by itself. Good where samples of a batch resemble each other.
        The price is a wide projector, whose covariance has dim² entries: 8,192 dimensions in the
        paper. Where that is too much SimCLR or BYOL need 128 or 256.

    Good to know:
        The variance term is what prevents collapse: without it the representation is constant.
        Without the covariance term the accuracy on ImageNet falls from 68.6 to 57.5 % (table 4, 100
        epochs). The loss has no value at chance; watch the standard deviation and the rank.
        Weights are on the scale of the authors' code, from which the published results come: it
        divides the invariance term by the dimension as well and halves the variance term. With
        25, 25, 1 in the paper's own formula, which :func:`nearfar.objectives.vicreg_loss`
        computes, agreement outweighs variance by the dimension and strong views end in collapse.

    Reference:
        Bardes, Ponce, LeCun: VICReg: Variance-Invariance-Covariance Regularization for
        Self-Supervised Learning (ICLR 2022), arXiv 2105.04906, equations 1 to 6; authors' code
        facebookresearch/vicreg.
    """

    paper: ClassVar = "Bardes et al. 2022, arXiv 2105.04906"
    negatives: ClassVar = False
    momentum: ClassVar = False
    serves: ClassVar = {ANY: Serves(), "images": Serves(views=ViewRecipe(vicreg_views))}
    objective: VICRegLoss

    def __init__(
        self,
        encoder: nn.Module,
        projector: nn.Module,
        *,
        dim: int,
        invariance_weight: float = 25.0,
        variance_weight: float = 25.0,
        covariance_weight: float = 1.0,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.projector = projector
        check_integer(at_least=1, dim=dim)
        self.objective = VICRegLoss(
            invariance_weight=invariance_weight / dim,
            variance_weight=variance_weight / 2,
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
        terms = self.objective.terms(gather(z1), gather(z2))
        return Step(
            loss=total(terms),
            representations=representations,
            projections=(z1, z2),
            terms=terms,
        )

    def chance(self, batch_size: int) -> float | None:
        """None: the loss has no value that stands for having learnt nothing."""
        return None


@preset()
def vicreg(
    encoder: nn.Module,
    width: int,
    *,
    hidden: int | None = None,
    dim: int | None = None,
    **options: Any,
) -> VICReg:
    """VICReg as published, around any encoder.

    Args:
        hidden: Width of the projector's two inner layers; four times the representation's if not
            given (8,192 for the paper's ResNet-50).
        dim: Dimensions of a projection; as wide as the inner layers if not given.
    """
    hidden = hidden or 4 * width
    projector = PerceptronHead(width, hidden=hidden, outputs=dim or hidden, layers=3)
    return VICReg(encoder, projector, dim=projector.outputs, **options)

"""VICReg: invariance, variance and covariance regularisation of two views.

No negatives, no momentum encoder, no predictor: three terms on the projections of both views, all
trained by gradient. Bardes, Ponce, LeCun, ICLR 2022, arXiv 2105.04906.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

from torch import nn

from nearfar._docstrings import documented_by
from nearfar._verdict_names import COMPLETE, DIMENSIONAL, NOTHING
from nearfar.checks import check_integer
from nearfar.inputs import View
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Projected, Step
from nearfar.methods._method_remedies import raise_weight, widen_projector
from nearfar.methods._preset import preset
from nearfar.methods._preset_heads import projector, wide_projector
from nearfar.methods._serves import ANY, Serves
from nearfar.objectives import VICRegLoss
from nearfar.objectives._objective import total
from nearfar.parallel import gather
from nearfar.records import Remedy
from nearfar.views import ViewRecipe, vicreg_views

__all__ = ["VICReg", "vicreg"]


@final
@documented_by(VICRegLoss, projector)
class VICReg(Method):
    """Two views, one network, variance–invariance–covariance regularisation.

    Views of a sample are pulled together. Collapse is prevented explicitly: every dimension of the
    projections keeps a standard deviation of at least 1 over the batch, and dimensions are
    decorrelated.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections (the paper's expander).
        invariance_weight: … As in the authors' code it is divided by the dimension.
        variance_weight: … As in the authors' code it is halved. With 0 the representation
            collapses.

    When to use:
        If samples in a batch resemble each other, since there are no negatives, and if a second
        network or a predictor is unwanted. The two branches can differ, since each is regularised
        separately. The cost is a wide projector, 8,192 dimensions in the paper, and a covariance
        matrix of dim² entries. SimCLR and BYOL need only 128 or 256 dimensions.

    Good to know:
        The variance term prevents collapse: without it the representation is constant. Without the
        covariance term accuracy on ImageNet drops from 68.6 to 57.5 % (table 4, 100 epochs). The
        loss has no chance level; watch the standard deviation and the rank.
        The weights use the scaling of the authors' code, which produced the published results: it
        also divides the invariance term by the dimension and halves the variance term. With
        25, 25, 1 in the formula as printed, which :func:`nearfar.objectives.vicreg_loss` computes,
        invariance outweighs variance by the dimension, and strong augmentation ends in collapse.

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
        self.weights = (invariance_weight, variance_weight, covariance_weight)
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
        """The three terms over the global batch."""
        representations, (z1, z2) = projected
        terms = self.objective.terms(gather(z1), gather(z2))
        return Step(
            loss=total(terms),
            representations=representations,
            projections=(z1, z2),
            terms=terms,
        )

    def chance(self, batch_size: int) -> float | None:
        """None: the loss has no chance level."""
        return None

    def remedies(self, facts: RunFacts) -> tuple[Remedy, ...]:
        """A larger weight of the term that prevents the failure, a wider projector."""
        invariance, variance, covariance = self.weights
        needed = max(2 * variance, invariance)
        return (
            Remedy(
                option="variance_weight",
                now=variance,
                to=float(needed or 25.0),
                why="raise the weight of the variance, which prevents collapse",
                against=(COMPLETE,),
            ),
            raise_weight(
                "covariance_weight",
                covariance,
                by=4,
                why="raise the weight of the covariance, which decorrelates dimensions",
                against=(DIMENSIONAL,),
            ),
            raise_weight(
                "invariance_weight",
                invariance,
                why="raise the weight of the invariance, which brings views of a sample together",
                against=(NOTHING,),
                start=25.0,
            ),
            *widen_projector(self.projector),
        )


@preset(parts=(wide_projector,))
def vicreg(
    encoder: nn.Module,
    width: int,
    *,
    hidden: int | None = None,
    dim: int | None = None,
    **options: Any,
) -> VICReg:
    """VICReg as published, around any encoder."""
    head = wide_projector(width, hidden=hidden, dim=dim)
    return VICReg(encoder, head, dim=head.outputs, **options)

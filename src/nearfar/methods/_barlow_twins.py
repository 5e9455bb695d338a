"""Barlow Twins: every dimension agrees between the views, no two dimensions tell the same.

Both views pass one network; the loss asks their cross-correlation over the batch to be the
identity. No negatives, no momentum, no predictor: everything moves by gradient. Zbontar, Jing,
Misra, LeCun, Deny, ICML 2021, arXiv 2103.03230.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

from torch import nn

from nearfar.inputs import View
from nearfar.methods._method import Method, Projected, Step
from nearfar.methods._preset import preset
from nearfar.methods._serves import ANY, Serves
from nearfar.modules import PerceptronHead
from nearfar.objectives import BarlowTwinsLoss
from nearfar.objectives._objective import total
from nearfar.parallel import gather
from nearfar.views import ViewRecipe, vicreg_views

__all__ = ["BarlowTwins", "barlow_twins"]


@final
class BarlowTwins(Method):
    """Two views, one network, decorrelated dimensions.

    Each projection's dimension is brought to mean 0 and variance 1 over the batch. A dimension of
    the first view should then correlate with the same of the second, and with no other: agreement
    and the absence of redundancy in one matrix, and a constant dimension is the worst there is.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections; the wider, the better it gets.
        off_diagonal_weight: λ, how much redundancy counts beside agreement.

    When to use:
        Where batches are small (the paper's best is 1,024 on ImageNet, and 256 costs little) and
        memory allows a wide projector. With few dimensions in the projection a contrastive method
        is better.

    Good to know:
        Accuracy goes on rising with the projector's width, up to 8,192 dimensions and beyond,
        where other methods level off. λ may lie anywhere from 0.002 to 0.02. Redundancy alone
        learns nothing and agreement alone much less (57.3 instead of 71.4 % on ImageNet), but
        neither lets a dimension go constant, so collapse shows as a low rank. The loss is a sum
        over dimensions: its size says nothing across widths. The authors take a lower learning
        rate for biases and norms than for weights; here all learn at one rate.

    Reference:
        Zbontar, Jing, Misra, LeCun, Deny: Barlow Twins (ICML 2021, arXiv 2103.03230), equations 1
        and 2; authors' code facebookresearch/barlowtwins.
    """

    paper: ClassVar = "Zbontar et al. 2021, arXiv 2103.03230"
    negatives: ClassVar = False
    momentum: ClassVar = False
    serves: ClassVar = {ANY: Serves(), "images": Serves(views=ViewRecipe(vicreg_views))}
    objective: BarlowTwinsLoss

    def __init__(
        self, encoder: nn.Module, projector: nn.Module, *, off_diagonal_weight: float = 0.005
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.projector = projector
        self.objective = BarlowTwinsLoss(off_diagonal_weight=off_diagonal_weight)

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode and project each view, with batch statistics of its own."""
        h1, h2 = (self.encoder(view) for view in views)
        z1, z2 = self.projector(h1), self.projector(h2)
        return (h1, h2), (z1, z2)

    def compare(self, projected: Projected) -> Step:
        """Correlate the two batches of projections."""
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
def barlow_twins(
    encoder: nn.Module,
    width: int,
    *,
    hidden: int | None = None,
    dim: int | None = None,
    **options: Any,
) -> BarlowTwins:
    """Barlow Twins as published, around any encoder.

    Args:
        hidden: Width of the projector's two inner layers; four times the representation's if not
            given (8,192 for the paper's ResNet-50).
        dim: Dimensions of a projection; as wide as the inner layers if not given.

    Example:
        >>> import torch
        >>> from nearfar.modules import ConvNet
        >>> method = barlow_twins(ConvNet(channels=1, width=4), 32)
        >>> step = method((torch.rand(8, 1, 16, 16), torch.rand(8, 1, 16, 16)))
        >>> step.projections[0].shape
        torch.Size([8, 128])
    """
    hidden = hidden or 4 * width
    projector = PerceptronHead(width, hidden=hidden, outputs=dim or hidden, layers=3)
    return BarlowTwins(encoder, projector, **options)

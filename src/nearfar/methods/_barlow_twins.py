"""Barlow Twins: the cross-correlation matrix of two views should be the identity.

Both views are encoded by the same network. No negatives, no momentum encoder, no predictor:
everything is trained by gradient. Zbontar, Jing, Misra, LeCun, Deny, ICML 2021, arXiv 2103.03230.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

from torch import nn

from nearfar._docstrings import documented_by
from nearfar._verdict_names import COMPLETE, DIMENSIONAL, NOTHING
from nearfar.inputs import View
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Projected, Step
from nearfar.methods._method_remedies import raise_weight, widen_projector
from nearfar.methods._preset import preset
from nearfar.methods._preset_heads import wide_projector
from nearfar.methods._serves import ANY, Serves
from nearfar.objectives import BarlowTwinsLoss
from nearfar.objectives._objective import total
from nearfar.parallel import gather
from nearfar.records import Remedy
from nearfar.records._remedy_record import lowered
from nearfar.views import ViewRecipe, vicreg_views

__all__ = ["BarlowTwins", "barlow_twins"]

_RANGE = (0.002, 0.02)  # weights of the redundancy term that work equally well


@final
@documented_by(BarlowTwinsLoss)
class BarlowTwins(Method):
    """Two views, one network, decorrelated dimensions.

    Each dimension of the projections is standardised over the batch. The diagonal of the
    cross-correlation matrix is driven to 1 (invariance), all other entries to 0 (redundancy
    reduction); a constant dimension is penalised most.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections; accuracy grows with its width.

    When to use:
        Small batches (the paper's best on ImageNet is 1,024, and 256 loses little) with memory for
        a wide projector. With few projection dimensions a contrastive method is better.

    Good to know:
        Accuracy keeps growing with the projector's width, up to 8,192 dimensions and beyond, where
        other methods saturate. λ can be anywhere from 0.002 to 0.02. The redundancy term alone
        learns nothing and the invariance term alone much less (57.3 instead of 71.4 % on ImageNet),
        but neither allows constant dimensions, so collapse is visible as a low rank. The loss is a
        sum over dimensions and not comparable across widths. The authors use a lower learning rate
        for biases and norms than for weights; here all have the same.

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
        self,
        encoder: nn.Module,
        projector: nn.Module,
        *,
        off_diagonal_weight: float = 0.005,
        invariance_weight: float = 1.0,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.projector = projector
        self.objective = BarlowTwinsLoss(
            off_diagonal_weight=off_diagonal_weight, invariance_weight=invariance_weight
        )

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode and project each view, with separate batch statistics."""
        h1, h2 = (self.encoder(view) for view in views)
        z1, z2 = self.projector(h1), self.projector(h2)
        return (h1, h2), (z1, z2)

    def compare(self, projected: Projected) -> Step:
        """The loss of the cross-correlation over the global batch."""
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
        """Another weight of the redundancy term within its useful range, a wider projector."""
        now = self.objective.off_diagonal_weight
        raised_weight = raise_weight(
            "off_diagonal_weight",
            now,
            most=_RANGE[1],
            start=_RANGE[0],
            why="raise the weight of the redundancy term, which decorrelates dimensions",
            against=(COMPLETE, DIMENSIONAL),
        )
        lowered_weight = Remedy(
            option="off_diagonal_weight",
            now=now,
            to=lowered(now, by=2, least=_RANGE[0]),
            why="lower the weight of the redundancy term, so that invariance counts more",
            against=(NOTHING,),
        )
        return (raised_weight, lowered_weight, *widen_projector(self.projector))


@preset(parts=(wide_projector,))
def barlow_twins(
    encoder: nn.Module,
    width: int,
    *,
    hidden: int | None = None,
    dim: int | None = None,
    **options: Any,
) -> BarlowTwins:
    """Barlow Twins as published, around any encoder.

    Example:
        >>> import torch
        >>> from nearfar.modules import ConvNet
        >>> method = barlow_twins(ConvNet(channels=1, width=4), 32)
        >>> step = method((torch.rand(8, 1, 16, 16), torch.rand(8, 1, 16, 16)))
        >>> step.projections[0].shape
        torch.Size([8, 128])
    """
    return BarlowTwins(encoder, wide_projector(width, hidden=hidden, dim=dim), **options)

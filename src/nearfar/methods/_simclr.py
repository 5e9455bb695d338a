"""SimCLR: tell the other view of an image from all other images of the batch.

Both views pass the same encoder and projector, as one batch; everything moves by gradient; the
negatives are the batch. Chen, Kornblith, Norouzi, Hinton, ICML 2020, arXiv 2002.05709.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

import torch
from torch import nn

from nearfar.inputs import View
from nearfar.methods._method import Method, Projected, Step, encode
from nearfar.methods._preset import preset
from nearfar.methods._serves import ANY, Serves
from nearfar.modules import PerceptronHead
from nearfar.objectives import NTXentLoss
from nearfar.parallel import Ring, gather
from nearfar.views import ViewRecipe, simclr_views

__all__ = ["SimCLR", "simclr"]


@final
class SimCLR(Method):
    """Two views, one network, NT-Xent over the batch.

    Each view of a sample must pick the sample's other view out of all the views of the batch. Both
    pass the same encoder and projector; there is no memory and no second network.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections.
        temperature: Divides the cosine similarities (the paper: 0.1 on ImageNet, 0.5 on
            CIFAR-10).
        ring: With several processes, pass their projections around a ring instead of gathering them
            in each: the same loss and gradient, the work shared out.

    When to use:
        The one to start with: few parts, and a loss whose value at chance is known, so that a run
        that learns nothing shows. Negatives are the batch, which should be large: after 100 epochs
        on ImageNet 57.5 % with 256 samples and 64.6 % with 4,096, after 800 epochs 66.6 and 68.9 %
        (table B.1). Where the batch must stay small, MoCo, BYOL or SimSiam lose less; where many
        samples of a batch show the same thing, methods without negatives do not push them apart.

    Good to know:
        Views decide what is learnt: crops alone give 33.1 %, colour alone 18.8 %, both together
        about 56 % (figure 5). A temperature of 0.1 suits ImageNet, 0.5 CIFAR-10 in long runs.
        Without unit length the contrastive accuracy rises and the representation gets worse
        (table 5). Keep the representation: it is over 10 points better than the projection.
        The authors' code adds both directions, so it reads twice the paper's loss, which is this
        one; its projector now has three layers, the paper's and this one two.

    Reference:
        Chen, Kornblith, Norouzi, Hinton: A Simple Framework for Contrastive Learning of Visual
        Representations (ICML 2020), arXiv 2002.05709, section 2 and equation 1; authors' code
        google-research/simclr.
    """

    paper: ClassVar = "Chen et al. 2020, arXiv 2002.05709"
    negatives: ClassVar = True
    momentum: ClassVar = False
    serves: ClassVar = {ANY: Serves(), "images": Serves(views=ViewRecipe(simclr_views))}
    objective: NTXentLoss

    def __init__(
        self,
        encoder: nn.Module,
        projector: nn.Module,
        *,
        temperature: float = 0.1,
        ring: bool = False,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.projector = projector
        self.objective = NTXentLoss(temperature=temperature)
        self.ring = ring

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode and project both views at once."""
        representations = encode(self.encoder, views)
        projections = self.projector(torch.cat(representations))
        return representations, projections.chunk(2)

    def compare(self, projected: Projected) -> Step:
        """Compare each projection with every other."""
        representations, (z1, z2) = projected
        if self.ring:
            loss = self.objective(z1, z2, ring=Ring())
        else:
            loss = self.objective(gather(z1), gather(z2))
        return Step(loss=loss, representations=representations, projections=(z1, z2))

    def chance(self, batch_size: int) -> float | None:
        """ln(2N − 1): every candidate looks alike."""
        return self.objective.chance(batch_size=batch_size)

    def candidates(self, batch_size: int) -> int | None:
        """All other views of the batch."""
        return 2 * batch_size - 1


@preset()
def simclr(
    encoder: nn.Module, width: int, *, hidden: int | None = None, dim: int = 128, **options: Any
) -> SimCLR:
    """SimCLR as published, around any encoder.

    Args:
        hidden: Width of the projector's inner layer; the representation's if not given (2,048 for
            the paper's ResNet-50).
        dim: Dimensions of a projection.

    Example:
        >>> import torch
        >>> from nearfar.modules import ConvNet
        >>> method = simclr(ConvNet(channels=1), 256, dim=32)
        >>> step = method((torch.rand(8, 1, 16, 16), torch.rand(8, 1, 16, 16)))
        >>> step.projections[0].shape
        torch.Size([8, 32])
    """
    projector = PerceptronHead(width, hidden=hidden or width, outputs=dim)
    return SimCLR(encoder, projector, **options)

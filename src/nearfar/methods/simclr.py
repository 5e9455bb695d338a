"""SimCLR: tell the other view of an image from all other images of the batch.

Both views pass the same encoder and projector, as one batch; everything moves by gradient; the
negatives are the batch. Chen, Kornblith, Norouzi, Hinton, ICML 2020, arXiv 2002.05709.
"""

from __future__ import annotations

from typing import ClassVar, final

import torch
from torch import nn

from nearfar.inputs import View
from nearfar.methods.method import Method, Projected, Step, encode
from nearfar.modules import PerceptronHead
from nearfar.objectives import NTXentLoss
from nearfar.parallel import Ring, gather

__all__ = ["SimCLR", "simclr"]


@final
class SimCLR(Method):
    """Two views, one network, NT-Xent over the batch.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections.
        temperature: Divides the cosine similarities.
        ring: With several processes, pass their projections around a ring instead of gathering them
            in each: the same loss and gradient, the work shared out.
    """

    paper: ClassVar = "Chen et al. 2020, arXiv 2002.05709"
    negatives: ClassVar = True
    momentum: ClassVar = False

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


def simclr(
    encoder: nn.Module,
    width: int,
    *,
    hidden: int | None = None,
    dim: int = 128,
    temperature: float = 0.1,
    ring: bool = False,
) -> SimCLR:
    """SimCLR as published, around any encoder.

    Args:
        encoder: Inputs to representations.
        width: Dimensions of a representation.
        hidden: Width of the projector's inner layer; the representation's if not given (2,048 for
            the paper's ResNet-50).
        dim: Dimensions of a projection.
        temperature: Divides the cosine similarities (the paper: 0.1 on ImageNet, 0.5 on
            CIFAR-10).
        ring: With several devices, pass projections around a ring instead of gathering them on
            each: the same loss, the work shared out.

    Example:
        >>> import torch
        >>> from nearfar.modules import ConvNet
        >>> method = simclr(ConvNet(channels=1), 256, dim=32)
        >>> step = method((torch.rand(8, 1, 16, 16), torch.rand(8, 1, 16, 16)))
        >>> step.projections[0].shape
        torch.Size([8, 32])
    """
    projector = PerceptronHead(width, hidden=hidden or width, outputs=dim)
    return SimCLR(encoder, projector, temperature=temperature, ring=ring)

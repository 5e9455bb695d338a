"""SimCLR: identify the other view of an image among all views in the batch.

Both views pass through the same encoder and projector in one batch; negatives are in-batch;
everything is trained by gradient. Chen, Kornblith, Norouzi, Hinton, ICML 2020, arXiv 2002.05709.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

import torch
from torch import nn

from nearfar._docstrings import documented_by
from nearfar.inputs import View
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Projected, Step, encode
from nearfar.methods._method_remedies import lower_temperature, widen_projector
from nearfar.methods._preset import preset
from nearfar.methods._preset_heads import projector
from nearfar.methods._serves import ANY, Serves
from nearfar.objectives import NTXentLoss, nt_xent_loss
from nearfar.parallel import Ring, gather
from nearfar.records import Remedy
from nearfar.views import ViewRecipe, simclr_views

__all__ = ["SimCLR", "simclr"]


@final
@documented_by(nt_xent_loss)
class SimCLR(Method):
    """Two views, one network, NT-Xent over the batch.

    Each view must be matched with the other view of the same sample among all views in the batch.
    There is one encoder and one projector, without a memory bank or a second network.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections.
        temperature: … The paper: 0.1 on ImageNet, 0.5 on CIFAR-10.
        num_negatives: … The paper: all.

    When to use:
        The default choice: few parts, and a loss with a known chance level, so that a run that does
        not learn is noticed. Negatives come from the batch, which should be large: on ImageNet, 100
        epochs reach 57.5 % with a batch of 256 and 64.6 % with 4,096, 800 epochs 66.6 and 68.9 %
        (table B.1). With small batches MoCo, BYOL or SimSiam lose less. If many samples in a batch
        show the same thing, prefer methods without negatives, which do not push them apart.

    Good to know:
        Augmentations determine what is learnt: cropping alone gives 33.1 %, colour distortion alone
        18.8 %, both about 56 % (figure 5). A temperature of 0.1 suits ImageNet, 0.5 long runs on
        CIFAR-10. Without l2 normalisation the contrastive accuracy is higher, but the
        representation is worse (table 5). Use the representation, not the projection: it is more
        than 10 points better. The authors' code sums both directions, twice the paper's loss, which
        is implemented here; its projector now has three layers, the paper's and this one two.

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
        num_negatives: int | None = None,
        ring: bool = False,
    ) -> None:
        super().__init__()
        if ring and num_negatives is not None:
            raise ValueError("`num_negatives` must be None with a ring, got both")
        self.encoder = encoder
        self.projector = projector
        self.objective = NTXentLoss(temperature=temperature, num_negatives=num_negatives)
        self.ring = ring

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode and project both views in one batch."""
        representations = encode(self.encoder, views)
        projections = self.projector(torch.cat(representations))
        return representations, projections.chunk(2)

    def compare(self, projected: Projected) -> Step:
        """NT-Xent over the global batch."""
        representations, (z1, z2) = projected
        if self.ring:
            loss = self.objective(z1, z2, ring=Ring())
        else:
            loss = self.objective(gather(z1), gather(z2))
        return Step(loss=loss, representations=representations, projections=(z1, z2))

    def chance(self, batch_size: int) -> float | None:
        """ln(2N − 1), or ln(K + 1): all candidates are equally likely."""
        return self.objective.chance(batch_size=batch_size)

    def candidates(self, batch_size: int) -> int | None:
        """Number of candidates: all other views in the batch, or the positive and K negatives."""
        return 1 + (self.objective.num_negatives or 2 * batch_size - 2)

    def remedies(self, facts: RunFacts) -> tuple[Remedy, ...]:
        """A lower temperature, a wider projector."""
        return (lower_temperature(self.objective.temperature), *widen_projector(self.projector))


@preset(parts=(projector,))
def simclr(
    encoder: nn.Module, width: int, *, hidden: int | None = None, dim: int = 128, **options: Any
) -> SimCLR:
    """SimCLR as published, around any encoder.

    Example:
        >>> import torch
        >>> from nearfar.modules import ConvNet
        >>> method = simclr(ConvNet(channels=1), 256, dim=32)
        >>> step = method((torch.rand(8, 1, 16, 16), torch.rand(8, 1, 16, 16)))
        >>> step.projections[0].shape
        torch.Size([8, 32])
    """
    return SimCLR(encoder, projector(width, hidden=hidden, dim=dim), **options)

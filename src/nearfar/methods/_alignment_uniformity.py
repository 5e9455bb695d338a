"""Alignment + uniformity: the two things contrastive learning does, asked for by name.

Both views pass one network; positive pairs are drawn together, and all samples pushed apart by a
Gaussian potential on the hypersphere, whose weights are chosen by hand; a contrastive loss, with a
temperature of its own, may be mixed in. Everything moves by gradient. Wang & Isola, ICML 2020,
arXiv 2005.10242.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from nearfar.checks import check_not_negative, check_temperature
from nearfar.inputs import View
from nearfar.methods._method import Method, Projected, Step, encode
from nearfar.methods._preset import preset
from nearfar.methods._serves import ANY, Serves
from nearfar.modules import PerceptronHead
from nearfar.objectives import AlignmentUniformityLoss, contrastive_loss
from nearfar.objectives._objective import total
from nearfar.parallel import gather
from nearfar.views import ViewRecipe, simclr_views

__all__ = ["AlignmentUniformity", "alignment_uniformity"]


@final
class AlignmentUniformity(Method):
    """Two views, one network, λ_a·alignment + λ_u·uniformity (+ λ_c·contrastive).

    Representations of a sample's two views should lie close on the hypersphere, and those of all
    samples should cover it evenly. With many negatives a contrastive loss tends to the sum of the
    two; here each has its own weight.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections.
        alpha: Power of the distance of a pair.
        t: Inverse width of the Gaussian potential (the paper: 2 on STL-10, 3 on ImageNet).
        alignment_weight: λ_a (the paper: 0.98 on STL-10, 3 on ImageNet); above about four times λ_u
            everything collapses.
        uniformity_weight: λ_u (the paper: 0.96 on STL-10, 1 on ImageNet).
        contrastive_weight: λ_c, of a contrastive loss beside the two; 0 leaves it out.
        temperature: Of the contrastive loss.
        learn_temperature: Let the temperature move by gradient, from the one given on.

    When to use:
        To weigh closeness against spread by hand, and to study what each does: with λ_u = 0 the
        encoder collapses, with λ_a = 0 it learns nothing but spread. In the paper's 304 encoders of
        STL-10 the best of this loss (84.4 %) is ahead of the best contrastive one (83.9 %), and a
        mix of both in between.

    Good to know:
        The two terms are also what nearfar measures of any run, so training may drive them where
        classes do not gain: read the probe, not the terms alone. The potential compares all pairs
        of a batch, so small batches leave uniformity noisy. A learnt temperature tends to fall as
        long as pairs can be told apart; it learns at the rate of everything else.

    Raises:
        ValueError: A weight is negative, or a power, width or temperature not above 0.

    Reference:
        Wang & Isola: Understanding contrastive representation learning through alignment and
        uniformity on the hypersphere (ICML 2020, arXiv 2005.10242), section 4 and table 1; authors'
        code ssnl/align_uniform.
    """

    paper: ClassVar = "Wang & Isola 2020, arXiv 2005.10242"
    negatives: ClassVar = True
    momentum: ClassVar = False
    serves: ClassVar = {ANY: Serves(), "images": Serves(views=ViewRecipe(simclr_views))}
    objective: AlignmentUniformityLoss
    log_temperature: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        projector: nn.Module,
        *,
        alpha: float = 2.0,
        t: float = 2.0,
        alignment_weight: float = 1.0,
        uniformity_weight: float = 1.0,
        contrastive_weight: float = 0.0,
        temperature: float = 0.5,
        learn_temperature: bool = False,
    ) -> None:
        super().__init__()
        check_not_negative(contrastive_weight=contrastive_weight)
        check_temperature(temperature)
        self.encoder = encoder
        self.projector = projector
        self.objective = AlignmentUniformityLoss(
            alpha=alpha,
            t=t,
            alignment_weight=alignment_weight,
            uniformity_weight=uniformity_weight,
        )
        self.contrastive_weight = contrastive_weight
        # its logarithm, so that no step leads below 0
        start = torch.tensor(math.log(temperature))
        if learn_temperature and contrastive_weight > 0:
            self.log_temperature = nn.Parameter(start)
        else:
            self.register_buffer("log_temperature", start)

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode and project both views at once."""
        representations = encode(self.encoder, views)
        projections = self.projector(torch.cat(representations))
        return representations, projections.chunk(2)

    def compare(self, projected: Projected) -> Step:
        """Closeness of pairs, spread of all, and the contrastive loss where it counts."""
        representations, (z1, z2) = projected
        everywhere = gather(z1), gather(z2)
        terms = self.objective.terms(*everywhere)
        if self.contrastive_weight > 0:
            contrast = contrastive_loss(*everywhere, temperature=self.log_temperature.exp())
            terms["contrastive"] = self.contrastive_weight * contrast
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
def alignment_uniformity(
    encoder: nn.Module, width: int, *, hidden: int | None = None, dim: int = 128, **options: Any
) -> AlignmentUniformity:
    """Alignment + uniformity around any encoder, with about the paper's best weights on STL-10.

    Args:
        hidden: Width of the projector's inner layer; the representation's if not given.
        dim: Dimensions of a projection.

    Example:
        >>> from nearfar.modules import ConvNet
        >>> method = alignment_uniformity(ConvNet(channels=1, width=4), 32, contrastive_weight=0.5)
        >>> step = method((torch.rand(8, 1, 16, 16), torch.rand(8, 1, 16, 16)))
        >>> sorted(step.terms)
        ['alignment', 'contrastive', 'uniformity']
    """
    projector = PerceptronHead(width, hidden=hidden or width, outputs=dim)
    return AlignmentUniformity(encoder, projector, **options)

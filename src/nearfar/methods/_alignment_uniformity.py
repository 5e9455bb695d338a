"""Alignment + uniformity: optimise the two properties of contrastive learning directly.

Both views are encoded by the same network; positive pairs are aligned, and all samples repel each
other by a Gaussian potential on the hypersphere; a contrastive loss can be added. Everything is
trained by gradient. Wang & Isola, ICML 2020, arXiv 2005.10242.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from nearfar._docstrings import documented_by
from nearfar._verdict_names import COMPLETE, DIMENSIONAL, NOTHING
from nearfar.checks import check_not_negative, check_temperature
from nearfar.inputs import View
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Projected, Step, encode
from nearfar.methods._method_remedies import lower_temperature, raise_weight, widen_projector
from nearfar.methods._preset import preset
from nearfar.methods._preset_heads import projector
from nearfar.methods._serves import ANY, Serves
from nearfar.objectives import AlignmentUniformityLoss, contrastive_loss
from nearfar.objectives._objective import total
from nearfar.parallel import gather
from nearfar.records import Remedy
from nearfar.views import ViewRecipe, simclr_views

__all__ = ["AlignmentUniformity", "alignment_uniformity"]


@final
@documented_by(AlignmentUniformityLoss)
class AlignmentUniformity(Method):
    """Two views, one network, λ_a·alignment + λ_u·uniformity (+ λ_c·contrastive).

    The two views of a sample should be close on the hypersphere, and all samples together should be
    uniformly distributed. In the limit of many negatives a contrastive loss is the sum of the two;
    here each has its own weight.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections.
        t: … The paper: 2 on STL-10, 3 on ImageNet.
        alignment_weight: … The paper: 0.98 on STL-10, 3 on ImageNet; above about four times λ_u the
            representation collapses.
        uniformity_weight: … The paper: 0.96 on STL-10, 1 on ImageNet.
        contrastive_weight: λ_c, weight of an additional contrastive loss; 0 disables it.
        temperature: Temperature of the contrastive loss.
        learn_temperature: Train the temperature by gradient, starting from the given one.

    When to use:
        To weight alignment against uniformity explicitly, and to study each: with λ_u = 0 the
        encoder collapses, with λ_a = 0 it learns only uniformity. Of the paper's 304 encoders on
        STL-10, the best one trained with this loss (84.4 %) is better than the best contrastive one
        (83.9 %); the best mixture of both is in between.

    Good to know:
        The two terms are also diagnostics of every nearfar run, so optimising them directly may
        improve them without improving classification: rely on the probe. The potential compares all
        pairs of a batch, so uniformity is noisy for small batches. A learnt temperature tends to
        decrease as long as pairs can be discriminated; its learning rate is that of the weights.

    Raises:
        ValueError: A negative weight, or a non-positive `alpha`, `t` or temperature.

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
        # as a logarithm, so that it stays positive
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
        """Alignment, uniformity and, if its weight is not 0, the contrastive loss."""
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
        """None: the loss has no chance level."""
        return None

    def remedies(self, facts: RunFacts) -> tuple[Remedy, ...]:
        """A larger weight of the missing property, a wider projector."""
        spread = raise_weight(
            "uniformity_weight",
            self.objective.uniformity_weight,
            why="raise the weight of uniformity, which spreads samples out",
            against=(COMPLETE, DIMENSIONAL),
        )
        near = raise_weight(
            "alignment_weight",
            self.objective.alignment_weight,
            why="raise the weight of alignment, which brings views of a sample together",
            against=(NOTHING,),
        )
        temperature = math.exp(float(self.log_temperature))
        contrast = (lower_temperature(temperature),) if self.contrastive_weight > 0 else ()
        return (spread, near, *contrast, *widen_projector(self.projector))


@preset(parts=(projector,))
def alignment_uniformity(
    encoder: nn.Module, width: int, *, hidden: int | None = None, dim: int = 128, **options: Any
) -> AlignmentUniformity:
    """Alignment + uniformity around any encoder, with approximately the paper's weights for STL-10.

    Example:
        >>> from nearfar.modules import ConvNet
        >>> method = alignment_uniformity(ConvNet(channels=1, width=4), 32, contrastive_weight=0.5)
        >>> step = method((torch.rand(8, 1, 16, 16), torch.rand(8, 1, 16, 16)))
        >>> sorted(step.terms)
        ['alignment', 'contrastive', 'uniformity']
    """
    return AlignmentUniformity(encoder, projector(width, hidden=hidden, dim=dim), **options)

"""SimSiam: predict the other view's projection, with a stop-gradient on the target.

No negatives and no momentum encoder: one network, a predictor on one branch, a stop-gradient on the
other. Encoder, projector and predictor are trained by gradient, the predictor at a constant
learning rate. Chen & He, CVPR 2021, arXiv 2011.10566.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

from torch import nn

from nearfar.checks import check_not_negative
from nearfar.inputs import View
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Pace, Projected, Step
from nearfar.methods._method_remedies import (
    raise_predictor_rate,
    restore,
    restore_norms,
    restore_predictor,
    widen_projector,
)
from nearfar.methods._preset import preset
from nearfar.methods._preset_heads import siamese_head
from nearfar.methods._serves import ANY, Serves
from nearfar.modules import PredictorKind, SiameseNorms, siamese_projector
from nearfar.objectives import NegativeCosineLoss
from nearfar.records import Remedy
from nearfar.views import ViewRecipe, moco_v2_views

__all__ = ["SimSiam", "simsiam"]


@final
class SimSiam(Method):
    """Two views, one network: each view's prediction is aligned with the other's projection.

    The loss is the mean of both directions, ``D(p1, sg z2) / 2 + D(p2, sg z1) / 2`` with the
    negative cosine similarity D, between −1 and 1. Collapse minimises it as well; it is prevented
    by predictor and stop-gradient, which together push vectors away from their common centre.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections.
        predictor: Projections to predictions of the other view's; ``nn.Identity()`` for none.
        stop_gradient: Detach the targets; without it the representation collapses.
        symmetric: Predict both views; otherwise only the second one from the first.
        predictor_rate: Learning rate of the predictor, as a multiple of the base learning rate; 0
            keeps its random initialisation, and nothing is learnt.
        predictor_constant: Keep the predictor's learning rate constant after warm-up, because its
            targets change until the end.

    When to use:
        The simplest method without negatives: no queue, no momentum encoder, and any batch size
        from 64 to 2,048. It does best in short runs; BYOL and contrastive methods gain more from
        long runs.

    Good to know:
        The loss does not indicate success, since a collapsed network reaches −1. Watch the standard
        deviation of normalised projections (about 1/√dim if healthy, 0 if collapsed) and m_o (near
        0, or 1). Batch-norm in the heads matters more than in other methods. The two directions are
        averaged, as by the authors; BYOL and the analysis by Zhang et al. sum them. In short runs
        on little data, kNN accuracy may fall below that of the untrained encoder before it rises.

    Raises:
        ValueError: A negative rate.

    Reference:
        Chen & He, CVPR 2021 (arXiv 2011.10566), equations 1 to 4, algorithm 1; authors' code
        facebookresearch/simsiam. Why it does not collapse: Zhang et al., ICLR 2022 (arXiv
        2203.16262).
    """

    paper: ClassVar = "Chen & He 2021, arXiv 2011.10566"
    negatives: ClassVar = False
    momentum: ClassVar = False
    serves: ClassVar = {ANY: Serves(), "images": Serves(views=ViewRecipe(moco_v2_views))}
    objective: NegativeCosineLoss

    def __init__(
        self,
        encoder: nn.Module,
        projector: nn.Module,
        predictor: nn.Module,
        *,
        stop_gradient: bool = True,
        symmetric: bool = True,
        predictor_rate: float = 1.0,
        predictor_constant: bool = True,
    ) -> None:
        super().__init__()
        check_not_negative(predictor_rate=predictor_rate)
        self.encoder = encoder
        self.projector = projector
        self.predictor = predictor
        self.objective = NegativeCosineLoss()
        self.stop_gradient = stop_gradient
        self.symmetric = symmetric
        self.predictor_rate = predictor_rate
        self.predictor_constant = predictor_constant

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode, project and predict each view."""
        h1, h2 = (self.encoder(view) for view in views)
        z1, z2 = self.projector(h1), self.projector(h2)
        p1, p2 = self.predictor(z1), self.predictor(z2)
        return (h1, h2), (z1, z2), (p1, p2)

    def compare(self, projected: Projected) -> Step:
        """Predictions against the projections of the other view; the mean of both directions."""
        representations, (z1, z2), (p1, p2) = projected
        t1, t2 = (z1.detach(), z2.detach()) if self.stop_gradient else (z1, z2)
        loss = self.objective(p1, t2)
        if self.symmetric:
            loss = loss / 2 + self.objective(p2, t1) / 2
        return Step(loss=loss, representations=representations, projections=(z1, z2))

    def chance(self, batch_size: int) -> float | None:
        """None: collapse minimises the loss."""
        return None

    def paces(self) -> tuple[Pace, ...]:
        """The learning rate of the predictor."""
        return (Pace(self.predictor, factor=self.predictor_rate, constant=self.predictor_constant),)

    def remedies(self, facts: RunFacts) -> tuple[Remedy, ...]:
        """Stop-gradient, predictor and batch-norm as published, a faster predictor."""
        detach = "detach the targets: without the stop-gradient the representation collapses"
        constant = "keep the predictor's learning rate constant, as its targets keep changing"
        return (
            restore("stop_gradient", self.stop_gradient, True, why=detach),
            restore_predictor(self.predictor),
            *restore_norms(self.projector),
            restore("predictor_constant", self.predictor_constant, True, why=constant),
            raise_predictor_rate(self.predictor_rate),
            *widen_projector(self.projector),
        )


@preset(parts=(siamese_projector, siamese_head))
def simsiam(
    encoder: nn.Module,
    width: int,
    *,
    hidden: int | None = None,
    dim: int | None = None,
    layers: int | None = None,
    norms: SiameseNorms = "projector",
    predictor: PredictorKind = "perceptron",
    predictor_hidden: int | None = None,
    **options: Any,
) -> SimSiam:
    """SimSiam as published, around any encoder.

    Example:
        >>> import torch
        >>> from nearfar.modules import ConvNet
        >>> method = simsiam(ConvNet(channels=1), 256, dim=64)
        >>> step = method((torch.rand(8, 1, 16, 16), torch.rand(8, 1, 16, 16)))
        >>> -1 <= step.loss.item() <= 1
        True
    """
    projector = siamese_projector(width, dim=dim, hidden=hidden, layers=layers, norms=norms)
    head = siamese_head(
        projector.outputs, predictor_hidden=predictor_hidden, norms=norms, predictor=predictor
    )
    return SimSiam(encoder, projector, head, **options)

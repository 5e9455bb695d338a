"""SimSiam: predict the other view's projection, which stands still meanwhile.

No negatives, no momentum copy: one network, a predictor on one side, stopped gradients on the
other. Encoder, projector and predictor move by gradient, the predictor at a constant rate.
Chen & He, CVPR 2021, arXiv 2011.10566.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

from torch import nn

from nearfar.checks import check_not_negative
from nearfar.inputs import View
from nearfar.methods._method import Method, Pace, Projected, Step
from nearfar.methods._preset import preset
from nearfar.methods._serves import ANY, Serves
from nearfar.modules import PredictorKind, SiameseNorms, siamese_predictor, siamese_projector
from nearfar.objectives import NegativeCosineLoss
from nearfar.views import ViewRecipe, moco_v2_views

__all__ = ["SimSiam", "simsiam"]


@final
class SimSiam(Method):
    """Two views, one network: the prediction of each view is turned to the other's projection.

    The loss is the mean of both directions, ``D(p1, sg z2) / 2 + D(p2, sg z1) / 2`` with the
    negative cosine D: from −1 to 1. Its lowest value is also that of a collapsed network; what
    keeps it from there is that predictor and stopped gradient push vectors off their common centre.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections.
        predictor: Projections to predictions of the other view's; ``nn.Identity()`` removes it, and
            the representation collapses.
        stop_gradient: Hold the targets still; without it the representation collapses.
        symmetric: Predict both views; otherwise the second one from the first alone.
        predictor_rate: The predictor's learning rate, times that of the rest; 0 leaves it at its
            random start, from which nothing is learnt.
        predictor_constant: Keep the predictor's rate at its peak while that of the rest falls: the
            projections it has to foretell change to the end.

    When to use:
        The smallest method without negatives that works: no queue, no copy, batches of 64 to 2,048
        alike. Short trainings gain most. BYOL and the methods with negatives gain more from long
        ones.

    Good to know:
        The loss says nothing about success: −1 is reached by collapse. Watch the standard deviation
        of unit projections (about 1/√dim when all is well, 0 when collapsed) and m_o (near 0, or
        1). Batch-norm in the heads matters more than for other methods. The two directions are
        halved, as by the authors; BYOL adds them, and so does the analysis by Zhang et al.
        Short runs on few data may leave nearest neighbours worse than the untrained encoder has
        them, before they get better.

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
        """Each view's prediction against the other view's projection; the mean of both."""
        representations, (z1, z2), (p1, p2) = projected
        t1, t2 = (z1.detach(), z2.detach()) if self.stop_gradient else (z1, z2)
        loss = self.objective(p1, t2)
        if self.symmetric:
            loss = loss / 2 + self.objective(p2, t1) / 2
        return Step(loss=loss, representations=representations, projections=(z1, z2))

    def chance(self, batch_size: int) -> float | None:
        """None: a collapsed network has the lowest loss, so the loss alone says nothing."""
        return None

    def paces(self) -> tuple[Pace, ...]:
        """The predictor, at a rate that does not fall."""
        return (Pace(self.predictor, factor=self.predictor_rate, constant=self.predictor_constant),)


@preset(parts=(siamese_projector,))
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

    Args:
        predictor: ``perceptron`` (the paper's), ``tanh`` of a linear layer, ``linear``, ``bias``
            (one vector added) or ``none``, which collapses.
        predictor_hidden: Width of the predictor's inner layer; a quarter of a projection's if not
            given.

    Example:
        >>> import torch
        >>> from nearfar.modules import ConvNet
        >>> method = simsiam(ConvNet(channels=1), 256, dim=64)
        >>> step = method((torch.rand(8, 1, 16, 16), torch.rand(8, 1, 16, 16)))
        >>> -1 <= step.loss.item() <= 1
        True
    """
    projector = siamese_projector(width, dim=dim, hidden=hidden, layers=layers, norms=norms)
    head = siamese_predictor(
        projector.outputs, kind=predictor, hidden=predictor_hidden, norms=norms
    )
    return SimSiam(encoder, projector, head, **options)

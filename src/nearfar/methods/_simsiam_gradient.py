"""SimSiam's gradient: the component that prevents collapse.

Each view's vector receives the basic gradient towards the other view, and the extra gradient of
SimSiam or of a triplet loss, whose batch mean or residual can be removed. Everything is trained by
gradient. Zhang et al., ICLR 2022, arXiv 2203.16262.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, TypeAlias, final

from torch import Tensor, nn

from nearfar._docstrings import documented_by
from nearfar.checks import check_choice
from nearfar.inputs import View
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Pace, Projected, Step
from nearfar.methods._method_remedies import restore, restore_norms, widen_projector
from nearfar.methods._preset import preset
from nearfar.methods._preset_heads import siamese_head
from nearfar.methods._serves import ANY, Serves
from nearfar.modules import SiameseNorms, siamese_projector
from nearfar.objectives import ExtraGradientLoss, simsiam_extra_gradient, triplet_extra_gradient
from nearfar.parallel import gather
from nearfar.records import Remedy
from nearfar.views import ViewRecipe, moco_v2_views

__all__ = ["SimSiamGradient", "simsiam_gradient"]

Extra: TypeAlias = Literal["simsiam", "triplet"]
_EXTRAS = ("simsiam", "triplet")


@final
@documented_by(ExtraGradientLoss)
class SimSiamGradient(Method):
    """Two views, one network, and components of the extra gradient of SimSiam or of a triplet.

    With a predictor, predictions are aligned with those of the other view, and the extra gradient
    is SimSiam's, ``Z2 − P2``; both components together are SimSiam. Without a predictor,
    projections are aligned with those of the other view, and the extra gradient is ``−Zn`` of
    another sample; both components together are a triplet loss without margin.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections.
        predictor: Projections to predictions; None for the triplet's extra gradient.

    When to use:
        To study what prevents collapse. For SimSiam either component suffices, for a triplet only
        the centre, which removes the common mean. With neither component, both collapse. For a
        good encoder use SimSiam, or a method with more negatives.

    Good to know:
        The value of the loss is not meaningful, only its gradient is. The other sample is the
        previous one in the batch, whose order is random in each epoch. The residual component of a
        triplet is noise: without it the paper's encoder improves.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), tables 3 and 4.
    """

    paper: ClassVar = "Zhang et al. 2022, arXiv 2203.16262"
    negatives: ClassVar = False
    momentum: ClassVar = False
    serves: ClassVar = {ANY: Serves(), "images": Serves(views=ViewRecipe(moco_v2_views))}
    objective: ExtraGradientLoss

    def __init__(
        self,
        encoder: nn.Module,
        projector: nn.Module,
        predictor: nn.Module | None = None,
        *,
        keep_center: bool = True,
        keep_residual: bool = True,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.projector = projector
        self.predictor = predictor
        self.objective = ExtraGradientLoss(keep_center=keep_center, keep_residual=keep_residual)

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode and project each view, and predict it if there is a predictor."""
        h1, h2 = (self.encoder(view) for view in views)
        z1, z2 = self.projector(h1), self.projector(h2)
        if self.predictor is None:
            return (h1, h2), (z1, z2)
        return (h1, h2), (z1, z2), (self.predictor(z1), self.predictor(z2))

    def compare(self, projected: Projected) -> Step:
        """Gather, since the mean couples the batch, and average both directions."""
        representations, projections, *predictions = projected
        z1, z2 = (gather(z) for z in projections)
        if predictions:
            p1, p2 = (gather(p) for p in predictions[0])
            loss = self._both(
                p1, p2, simsiam_extra_gradient(z1, p1), simsiam_extra_gradient(z2, p2)
            )
        else:
            others = (triplet_extra_gradient(z.roll(1, dims=0)) for z in (z1, z2))
            loss = self._both(z1, z2, *others)
        return Step(loss=loss, representations=representations, projections=projections)

    def chance(self, batch_size: int) -> float | None:
        """None: the loss has no chance level."""
        return None

    def paces(self) -> tuple[Pace, ...]:
        """The learning rate of the predictor."""
        return () if self.predictor is None else (Pace(self.predictor, constant=True),)

    def _both(self, a1: Tensor, a2: Tensor, extra1: Tensor, extra2: Tensor) -> Tensor:
        loss: Tensor = self.objective(a1, a2, extra2) / 2 + self.objective(a2, a1, extra1) / 2
        return loss

    def remedies(self, facts: RunFacts) -> tuple[Remedy, ...]:
        """The gradient component that prevents collapse, batch-norm, a wider projector."""
        why = "keep the centre component of the extra gradient, which removes the common mean"
        keep = restore("keep_center", self.objective.keep_center, True, why=why)
        return (keep, *restore_norms(self.projector), *widen_projector(self.projector))


@preset(parts=(siamese_projector, siamese_head))
def simsiam_gradient(
    encoder: nn.Module,
    width: int,
    *,
    extra: Extra = "simsiam",
    hidden: int | None = None,
    dim: int | None = None,
    layers: int | None = None,
    norms: SiameseNorms = "projector",
    predictor_hidden: int | None = None,
    **options: Any,
) -> SimSiamGradient:
    """The gradient components of SimSiam or of a triplet loss, around any encoder.

    Args:
        extra: The extra gradient: ``simsiam`` or ``triplet``.

    Example:
        >>> import torch
        >>> from nearfar.modules import ConvNet
        >>> method = simsiam_gradient(ConvNet(channels=1), 256, dim=64, keep_residual=False)
        >>> method.objective.keep_center, method.objective.keep_residual
        (True, False)
    """
    check_choice(_EXTRAS, extra=extra)
    projector = siamese_projector(width, dim=dim, hidden=hidden, layers=layers, norms=norms)
    predictor = None
    if extra == "simsiam":
        predictor = siamese_head(projector.outputs, predictor_hidden=predictor_hidden, norms=norms)
    return SimSiamGradient(encoder, projector, predictor, **options)

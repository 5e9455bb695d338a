"""Methods that train by one component of a gradient alone: center, residual or decorrelation."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal, final

from torch import nn

from nearfar.checks import check_choice
from nearfar.inputs import View
from nearfar.methods import Method, Projected, Serves, Step, preset
from nearfar.modules import SiameseNorms, siamese_projector
from nearfar.objectives import CenterLoss, DecorrelationLoss, Objective, ResidualLoss
from nearfar.parallel import gather
from nearfar.views import ViewRecipe, moco_v2_views

__all__ = ["Component", "one_component"]

_LOSSES: dict[str, Callable[[], Objective]] = {
    "center": CenterLoss,
    "residual": ResidualLoss,
    "decorrelation": DecorrelationLoss,
}


@final
class Component(Method):
    """Two views, each of which is moved by one component, without regard to the other view.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections.
        objective: The loss of one view.
    """

    paper: ClassVar = "Zhang et al. 2022, arXiv 2203.16262"
    negatives: ClassVar = False
    momentum: ClassVar = False
    serves: ClassVar = {"images": Serves(views=ViewRecipe(moco_v2_views))}
    objective: Objective

    def __init__(self, encoder: nn.Module, projector: nn.Module, objective: Objective) -> None:
        super().__init__()
        self.encoder = encoder
        self.projector = projector
        self.objective = objective

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode and project each view."""
        h1, h2 = (self.encoder(view) for view in views)
        return (h1, h2), (self.projector(h1), self.projector(h2))

    def compare(self, projected: Projected) -> Step:
        """The mean loss of both views over the global batch."""
        representations, projections = projected
        loss = sum(self.objective(gather(z)) / 2 for z in projections)
        return Step(loss=loss, representations=representations, projections=projections)

    def chance(self, batch_size: int) -> float | None:
        """None: the loss has no chance level."""
        return None


@preset(parts=(siamese_projector,))
def one_component(
    encoder: nn.Module,
    width: int,
    *,
    component: Literal["center", "residual", "decorrelation"] = "decorrelation",
    norms: SiameseNorms = "projector",
) -> Component:
    """One component of a gradient alone, with SimSiam's projector.

    Args:
        encoder: Inputs to representations.
        width: Dimension of the representations.
        component: Loss of each view: ``center``, ``residual`` or ``decorrelation``.
        norms: As of :func:`nearfar.modules.siamese_projector`.
    """
    check_choice(tuple(_LOSSES), component=component)
    projector = siamese_projector(width, norms=norms)
    return Component(encoder, projector, _LOSSES[component]())

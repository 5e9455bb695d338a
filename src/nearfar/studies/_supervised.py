"""Supervised training as a method, the baseline with labels.

A linear layer on the representation of one random view, or on a projection of it to the sphere,
trained with cross-entropy. It is not part of nearfar.methods, whose methods use no labels.
"""

from __future__ import annotations

import math
from typing import ClassVar, final

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from nearfar.inputs import View, tensor_view
from nearfar.methods import Method, Projected, Step
from nearfar.objectives import Objective
from nearfar.ops import to_sphere, widen
from nearfar.parallel import gather

__all__ = ["ClassLoss", "Supervised", "supervised"]


@final
class ClassLoss(Objective):
    """Cross-entropy of the samples' classes.

    Args:
        classes: Number of classes.
    """

    def __init__(self, *, classes: int) -> None:
        super().__init__()
        self.classes = classes

    def forward(
        self, scores: Float[Tensor, "batch classes"], labels: Int64[Tensor, " batch"]
    ) -> Tensor:
        """Mean cross-entropy over the samples, in float32 or wider."""
        return F.cross_entropy(widen(scores), labels)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float:
        """Loss at chance, ln(classes): all classes are equally likely."""
        return math.log(self.classes)


@final
class Supervised(Method):
    """Supervised training: one view and its class, a linear layer on the representation.

    Args:
        encoder: Maps inputs to representations.
        head: Maps representations, or unit projections, to one logit per class.
        classes: Number of classes.
        projector: Maps representations to projections, if there are any between.
    """

    paper: ClassVar = "the classes themselves"
    sees: ClassVar = "one view and its class"
    negatives: ClassVar = False
    momentum: ClassVar = False
    positives: ClassVar = False
    objective: ClassLoss

    def __init__(
        self,
        encoder: nn.Module,
        head: nn.Module,
        *,
        classes: int,
        projector: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.projector = projector or nn.Identity()
        self._projects = projector is not None
        self.head = head
        self.objective = ClassLoss(classes=classes)

    def project(self, views: tuple[View, ...]) -> Projected:
        """Class logits; the last view is the label."""
        view, labels = views[0], tensor_view(views[-1], method="Supervised")
        representation = self.encoder(view)
        projection = self.projector(representation)
        scores = self.head(to_sphere(projection) if self._projects else projection)
        return (representation,), (projection, scores), (labels.to(torch.int64),)

    def compare(self, projected: Projected) -> Step:
        """The loss of the whole batch."""
        (representation,), (projection, scores), (labels,) = projected
        loss = self.objective(gather(scores), gather(labels))
        return Step(loss=loss, representations=(representation,), projections=(projection,))

    def chance(self, batch_size: int) -> float | None:
        """Loss at chance, ln(classes)."""
        return self.objective.chance(batch_size=batch_size)


def supervised(
    encoder: nn.Module, width: int, *, classes: int, dim: int | None = None
) -> Supervised:
    """A classifier around any encoder; :class:`nearfar.views.WithIndex` supplies the labels.

    Args:
        encoder: Maps inputs to representations.
        width: Dimensions of a representation.
        classes: Number of classes.
        dim: Dimension of a linear projection between representation and logits, normalised; there
            is none by default.

    Example:
        >>> from nearfar.modules import ConvNet
        >>> method = supervised(ConvNet(channels=1), 256, classes=3)
        >>> step = method((torch.rand(8, 1, 16, 16), torch.arange(8) % 3))
        >>> step.representations[0].shape
        torch.Size([8, 256])
    """
    projector = None if dim is None else nn.Linear(width, dim)
    return Supervised(
        encoder, nn.Linear(dim or width, classes), classes=classes, projector=projector
    )

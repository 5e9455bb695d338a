"""BYOL: predict the target network's projection of the other view.

No negatives. Encoder, projector and predictor are trained by gradient; the target network is an
exponential moving average of encoder and projector, whose decay increases to 1. Grill et al.,
NeurIPS 2020, arXiv 2006.07733.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal, final

from torch import nn

from nearfar.checks import check_choice, check_fraction, check_not_negative
from nearfar.inputs import View
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Pace, Projected, Step
from nearfar.methods._method_remedies import (
    raise_decay,
    raise_predictor_rate,
    restore_predictor,
    widen_projector,
)
from nearfar.methods._preset import preset
from nearfar.methods._preset_heads import projector
from nearfar.methods._serves import ANY, Serves
from nearfar.modules import MomentumCopy, PerceptronHead
from nearfar.objectives import BYOLLoss
from nearfar.records import Remedy
from nearfar.views import ViewRecipe, byol_views

__all__ = ["BYOL", "byol"]

_LONGEST = 0.996  # largest decay, for 1,000 epochs


@final
class BYOL(Method):
    """Online network with a predictor, and an EMA target network.

    The predictor maps the online projection of one view to the target network's projection of the
    other view. There are no negatives: predictor and target network together prevent collapse.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections.
        predictor: Projections to predictions of the target's projections; ``nn.Identity()`` for
            none.
        decay: Initial decay of the target, τ_base; 0 stays 0 and copies the online network at every
            update, 1 keeps the random initialisation.
        predictor_rate: Learning rate of the predictor, as a multiple of the base learning rate.

    When to use:
        Batches of a few hundred samples, and augmentations that have not been tuned: on ImageNet
        (300 epochs) 72.5 % with a batch of 4,096 and 71.8 % with 256, where SimCLR drops from 67.9
        to 64.3 %; with cropping alone 59.4 % (SimCLR 40.3 %). A batch of 64 is too small (59.7 %).
        It has two networks and encodes each view twice; SimSiam has one network.

    Good to know:
        A collapsed network minimises the loss, and there is no chance level: rely on the verdict.
        Without a predictor, or without the lag of the target, it collapses; a constant random
        target still gives 18.8 %. Short runs need a lower decay: 0.99 for up to 300 epochs, 0.97
        for 40. With a predictor learning rate ten times higher, no target network is needed (66.6
        %). The loss is the sum of both directions, 0 to 8; some implementations use a half or a
        quarter of it, with matching learning rates. Weight decay matters; it is not applied to
        biases and normalisation layers.

    Reference:
        Grill, Strub, Altché, Tallec and others: Bootstrap Your Own Latent (NeurIPS 2020), arXiv
        2006.07733, section 3.1, equations 1 and 2, tables 5 and 19; authors' code
        google-deepmind/deepmind-research, byol.
    """

    paper: ClassVar = "Grill et al. 2020, arXiv 2006.07733"
    negatives: ClassVar = False
    momentum: ClassVar = True
    serves: ClassVar = {ANY: Serves(), "images": Serves(views=ViewRecipe(byol_views))}
    objective: BYOLLoss

    def __init__(
        self,
        encoder: nn.Module,
        projector: nn.Module,
        predictor: nn.Module,
        *,
        decay: float = _LONGEST,
        predictor_rate: float = 1.0,
    ) -> None:
        super().__init__()
        check_fraction(decay=decay)
        check_not_negative(predictor_rate=predictor_rate)
        self.encoder = encoder
        self.projector = projector
        self.predictor = predictor
        self.target = MomentumCopy(nn.Sequential(encoder, projector))
        self.objective = BYOLLoss()
        self.decay = decay
        self.predictor_rate = predictor_rate

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode, project and predict each view; the targets are from the target network."""
        h1, h2 = (self.encoder(view) for view in views)
        z1, z2 = self.projector(h1), self.projector(h2)
        p1, p2 = self.predictor(z1), self.predictor(z2)
        t1, t2 = (self.target(view) for view in views)
        return (h1, h2), (z1, z2), (p1, p2), (t1, t2)

    def compare(self, projected: Projected) -> Step:
        """Predictions against the targets of the other view; the sum of both directions."""
        representations, projections, (p1, p2), (t1, t2) = projected
        loss = self.objective(p1, t2) + self.objective(p2, t1)
        return Step(loss=loss, representations=representations, projections=projections)

    def after_update(self, progress: float) -> None:
        """Update the target with decay 1 − (1 − τ_base)(cos πp + 1)/2."""
        decay = 1 - (1 - self.decay) * (math.cos(math.pi * progress) + 1) / 2
        decay = decay if self.decay else 0.0  # table 5a of the paper: no averaging
        self.target.follow(nn.Sequential(self.encoder, self.projector), decay=decay)

    def chance(self, batch_size: int) -> float | None:
        """None: collapse minimises the loss."""
        return None

    def paces(self) -> tuple[Pace, ...]:
        """The predictor's own learning rate."""
        return (Pace(self.predictor, factor=self.predictor_rate),)

    def remedies(self, facts: RunFacts) -> tuple[Remedy, ...]:
        """The predictor, a slower target, a faster predictor, a wider projector."""
        return (
            restore_predictor(self.predictor),
            raise_decay(self.decay),
            raise_predictor_rate(self.predictor_rate),
            *widen_projector(self.projector),
        )


@preset(parts=(projector,))
def byol(
    encoder: nn.Module,
    width: int,
    *,
    hidden: int | None = None,
    dim: int = 256,
    decay: float | None = None,
    predictor: Literal["perceptron", "none"] = "perceptron",
    facts: RunFacts | None = None,
    **options: Any,
) -> BYOL:
    """BYOL as published, around any encoder.

    Args:
        hidden: Width of the hidden layers of projector and predictor; by default twice that of the
            representation (4,096 for the paper's ResNet-50).
        decay: … By default it depends on the number of updates, in line with the authors' choices
            (0.97, 0.99, 0.996 for 40, 300, 1,000 epochs of ImageNet).
        predictor: ``perceptron``, or ``none``, which collapses.
        facts: Facts about the run: the number of updates.

    Example:
        >>> from nearfar.methods import RunFacts
        >>> encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 32))
        >>> runs = [RunFacts(updates=n) for n in (390, 12_512, 312_800)]
        >>> [round(byol(encoder, 32, facts=facts).decay, 3) for facts in runs]
        [0.757, 0.97, 0.996]
    """
    if decay is None:
        decay = _decay_of(facts.updates) if facts and facts.updates else _LONGEST
    check_choice(("perceptron", "none"), predictor=predictor)
    hidden = hidden or 2 * width
    return BYOL(
        encoder,
        projector(width, hidden=hidden, dim=dim),
        nn.Identity() if predictor == "none" else PerceptronHead(dim, hidden=hidden, outputs=dim),
        decay=decay,
        **options,
    )


def _decay_of(updates: int) -> float:
    """Decay by a power law through the authors' three values, so that short runs update faster."""
    return min(_LONGEST, max(0.5, 1 - 8.7 * math.pow(updates, -0.6)))

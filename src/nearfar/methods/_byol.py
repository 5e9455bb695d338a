"""BYOL: predict a slow copy's projection of the other view.

No negatives. Encoder, projector and predictor move by gradient; the target network is a momentum
copy of encoder and projector whose decay rises to 1. Grill et al., NeurIPS 2020, arXiv 2006.07733.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal, final

from torch import nn

from nearfar.checks import check_choice, check_fraction, check_not_negative
from nearfar.inputs import View
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Pace, Projected, Step
from nearfar.methods._preset import preset
from nearfar.methods._serves import ANY, Serves
from nearfar.modules import MomentumCopy, PerceptronHead
from nearfar.objectives import BYOLLoss
from nearfar.views import ViewRecipe, byol_views

__all__ = ["BYOL", "byol"]

_LONGEST = 0.996  # of 1,000 epochs


@final
class BYOL(Method):
    """Online network with a predictor, target network that follows.

    From a view's projection the predictor guesses what a slow copy of the network makes of the
    other view. Nothing is pushed apart: predictor and slow copy keep the outputs from becoming one
    point.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections.
        predictor: Projections to predictions of the target's projections; ``nn.Identity()``
            removes it (and the representation collapses).
        decay: Of the target at the start, τ_base; 0 stays 0 and makes the target a copy of the
            online network, 1 leaves it at its random start.
        predictor_rate: The predictor's learning rate, times that of the rest.

    When to use:
        Batches of some hundred samples, and views one is not sure of: on ImageNet (300 epochs)
        72.5 % with 4,096 samples and 71.8 % with 256, where SimCLR falls from 67.9 to 64.3 %; with
        crops alone 59.4 %, SimCLR 40.3 %. With 64 samples it loses as well (59.7 %). It keeps two
        networks and encodes each view twice; SimSiam does with one.

    Good to know:
        The loss is lowest where all is one point, and has no value at chance: only the verdict
        tells. Without predictor, or with a target that does not lag, it collapses; a target that
        never moves still gives 18.8 %. A lower decay suits short runs: 0.99 for up to 300 epochs,
        0.97 for 40. A predictor that learns ten times as fast does without the slow copy (66.6 %).
        The sum of both directions, 0 to 8: some code halves or quarters it, and its learning rates
        with it. Weight decay matters: it is on weights alone, not on biases and norms.

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
        decay: float = 0.996,
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
        """Encode, project and predict each view; the slow copy's projection is its target."""
        h1, h2 = (self.encoder(view) for view in views)
        z1, z2 = self.projector(h1), self.projector(h2)
        p1, p2 = self.predictor(z1), self.predictor(z2)
        t1, t2 = (self.target(view) for view in views)
        return (h1, h2), (z1, z2), (p1, p2), (t1, t2)

    def compare(self, projected: Projected) -> Step:
        """Each view's prediction against the other view's target; the sum of both directions."""
        representations, projections, (p1, p2), (t1, t2) = projected
        loss = self.objective(p1, t2) + self.objective(p2, t1)
        return Step(loss=loss, representations=representations, projections=projections)

    def after_update(self, progress: float) -> None:
        """The target follows, slower and slower: 1 − (1 − τ_base)(cos πp + 1)/2."""
        decay = 1 - (1 - self.decay) * (math.cos(math.pi * progress) + 1) / 2
        decay = decay if self.decay else 0.0  # the paper's table 5a: then it is no average
        self.target.follow(nn.Sequential(self.encoder, self.projector), decay=decay)

    def chance(self, batch_size: int) -> float | None:
        """None: a collapsed network has the lowest loss, so the loss alone says nothing."""
        return None

    def paces(self) -> tuple[Pace, ...]:
        """The predictor, if it is to be faster or slower than the rest."""
        return (Pace(self.predictor, factor=self.predictor_rate),)


@preset()
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
        hidden: Width of the inner layers of projector and predictor; twice the representation's if
            not given (4,096 for the paper's ResNet-50).
        dim: Dimensions of a projection.
        decay: Initial decay of the target, τ_base; 0 copies the online network at every update, 1
            keeps the random initialisation. If not given, it follows the length of the run, as the
            authors chose it (0.97, 0.99, 0.996 for 40, 300, 1,000 epochs of ImageNet).
        predictor: ``perceptron``, or ``none``, which collapses.
        facts: Of the run: the number of updates.

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
        PerceptronHead(width, hidden=hidden, outputs=dim),
        nn.Identity() if predictor == "none" else PerceptronHead(dim, hidden=hidden, outputs=dim),
        decay=decay,
        **options,
    )


def _decay_of(updates: int) -> float:
    """A power law through the authors' three: a target must follow within the training."""
    return min(_LONGEST, max(0.5, 1 - 8.7 * math.pow(updates, -0.6)))

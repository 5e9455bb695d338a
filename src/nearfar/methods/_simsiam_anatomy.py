"""SimSiam's anatomy: the branch on which the predictor prevents collapse.

Three architectures in addition to SimSiam's: the predictor on the target's branch (collapses), on
both (collapses), or on both and inverted on the target's (does not collapse). Encoder and
predictors have separate losses, and everything is trained by gradient. Zhang et al., ICLR 2022,
arXiv 2203.16262.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal, TypeAlias, final

from torch import Tensor, nn

from nearfar.checks import check_choice
from nearfar.inputs import View
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Pace, Projected, Step
from nearfar.methods._method_remedies import restore, restore_norms, widen_projector
from nearfar.methods._preset import preset
from nearfar.methods._preset_heads import siamese_head
from nearfar.methods._serves import ANY, Serves
from nearfar.modules import SiameseNorms, frozen_call, siamese_projector
from nearfar.objectives import NegativeCosineLoss
from nearfar.objectives._objective import total
from nearfar.records import Remedy
from nearfar.views import ViewRecipe, moco_v2_views

__all__ = ["SimSiamAnatomy", "simsiam_anatomy"]

Place: TypeAlias = Literal["mirror", "symmetric", "inverse"]
_PLACES = ("mirror", "symmetric", "inverse")
_PLACE: Place = "inverse"  # the one that does not collapse


@final
class SimSiamAnatomy(Method):
    """Two views, one network, and a predictor trained by a separate loss.

    With D the negative cosine similarity (stop-gradient on its second argument), h the predictor
    and g its inverse, each loss is averaged over both directions:

    * predictor: ``D(h(sg z1), z2)``;
    * encoder: ``D(z1, h(z2))`` (``mirror``), ``D(h(z1), h(z2))`` (``symmetric``) or
      ``D(h(z1), g(h(z2)))`` (``inverse``), with frozen predictors;
    * inverse: ``D(g(sg h(z1)), z1)``.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections.
        predictor: Projections to predictions, h.
        inverse: Predictions back to projections, g; required if `place` is ``inverse``.
        place: Branch of the predictor: ``mirror`` (target; collapses), ``symmetric`` (both;
            collapses), ``inverse`` (both, inverted on the target's; does not collapse).

    When to use:
        To study which part of SimSiam prevents collapse: ``mirror`` and ``symmetric`` collapse,
        ``inverse`` performs nearly as well as SimSiam. For a good encoder use SimSiam.

    Good to know:
        The loss is the sum of all terms and does not indicate success; the term ``encoder`` is the
        encoder's loss. The paper gives the losses of ``inverse`` only (its second encoder term
        lacks the ½ of the others, presumably a typo); those of the other two follow its pattern.
        The separate predictor loss is needed because a predictor behind a stop-gradient is not
        trained by the encoder's loss.

    Raises:
        ValueError: An unknown `place`, or an inverse that is missing or not used.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), figures 1 to 3, table 2, algorithm 5.
    """

    paper: ClassVar = "Zhang et al. 2022, arXiv 2203.16262"
    negatives: ClassVar = False
    momentum: ClassVar = False
    serves: ClassVar = {ANY: Serves(), "images": Serves(views=ViewRecipe(moco_v2_views))}
    objective: NegativeCosineLoss

    def __init__(
        self,
        encoder: nn.Module,
        projector: nn.Module,
        predictor: nn.Module,
        inverse: nn.Module | None = None,
        *,
        place: Place = _PLACE,
    ) -> None:
        super().__init__()
        check_choice(_PLACES, place=place)
        if (place == "inverse") != (inverse is not None):
            raise ValueError(f"`inverse` must be given for `place`='inverse' only, got {place!r}")
        self.encoder = encoder
        self.projector = projector
        self.predictor = predictor
        self.inverse = inverse
        self.objective = NegativeCosineLoss()
        self.place = place

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode and project; compute predictions for the predictor's and the encoder's loss."""
        h1, h2 = (self.encoder(view) for view in views)
        z1, z2 = self.projector(h1), self.projector(h2)
        p1, p2 = self.predictor(z1.detach()), self.predictor(z2.detach())
        projected = (h1, h2), (z1, z2), (p1, p2)
        if self.place == "mirror":
            return projected
        online = frozen_call(self.predictor, z1), frozen_call(self.predictor, z2)
        if self.inverse is None:
            return *projected, online
        return *projected, online, (self.inverse(p1.detach()), self.inverse(p2.detach()))

    def compare(self, projected: Projected) -> Step:
        """The sum of the losses of predictor, encoder and inverse."""
        representations, projections, predictions, *rest = projected
        z1, z2 = projections
        online = rest[0] if rest else projections
        inverted = rest[1] if len(rest) > 1 else None
        terms = {
            "predictor": self._cross(predictions, projections),
            "encoder": self._cross(online, inverted or predictions),
        }
        if inverted:
            terms["inverse"] = self._cross(inverted, (z2, z1))
        return Step(
            loss=total(terms),
            representations=representations,
            projections=projections,
            terms=terms,
        )

    def chance(self, batch_size: int) -> float | None:
        """None: collapse minimises the loss."""
        return None

    def paces(self) -> tuple[Pace, ...]:
        """The learning rates of both predictors."""
        heads = (self.predictor, self.inverse)
        return tuple(Pace(head, constant=True) for head in heads if head is not None)

    def _cross(self, online: tuple[Tensor, ...], targets: tuple[Tensor, ...]) -> Tensor:
        """Compare the vectors of each view with the detached ones of the other."""
        (a1, a2), (t1, t2) = online, targets
        loss: Tensor = self.objective(a1, t2.detach()) / 2 + self.objective(a2, t1.detach()) / 2
        return loss

    def remedies(self, facts: RunFacts) -> tuple[Remedy, ...]:
        """The place of the predictor that does not collapse, batch-norm, a wider projector."""
        why = "invert the predictor on the target's branch, the only place that does not collapse"
        place = restore("place", self.place, "inverse", why=why)
        return (place, *restore_norms(self.projector), *widen_projector(self.projector))


@preset(parts=(siamese_projector, siamese_head))
def simsiam_anatomy(
    encoder: nn.Module,
    width: int,
    *,
    place: Place = _PLACE,
    hidden: int | None = None,
    dim: int | None = None,
    layers: int | None = None,
    norms: SiameseNorms = "projector",
    predictor_hidden: int | None = None,
) -> SimSiamAnatomy:
    """The variants of SimSiam's architecture that explain it, around any encoder.

    Example:
        >>> import torch
        >>> from nearfar.modules import ConvNet
        >>> method = simsiam_anatomy(ConvNet(channels=1), 256, dim=64)
        >>> step = method((torch.rand(8, 1, 16, 16), torch.rand(8, 1, 16, 16)))
        >>> sorted(step.terms)
        ['encoder', 'inverse', 'predictor']
    """
    projector = siamese_projector(width, dim=dim, hidden=hidden, layers=layers, norms=norms)
    head = partial(siamese_head, projector.outputs, predictor_hidden=predictor_hidden, norms=norms)
    inverse = head() if place == "inverse" else None
    return SimSiamAnatomy(encoder, projector, head(), inverse, place=place)

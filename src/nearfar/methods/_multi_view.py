"""MultiView: keep the information that the input shares with a signal, discard the rest.

The self-supervised signal is another view: of the same image, or of another modality. Three terms:
contrast each input with the signals of other samples (CL), predict the signal from the
representation of the input (FP), and predict the representation of the input from its signal (IP).
Tsai, Wu, Salakhutdinov, Morency, ICLR 2021, arXiv 2006.05576.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

from torch import nn

from nearfar._docstrings import documented_by
from nearfar._verdict_names import COMPLETE, DIMENSIONAL, NOTHING
from nearfar.inputs import View, numbers
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Projected, Step, encode
from nearfar.methods._method_remedies import add_projector, lower_temperature, raise_weight
from nearfar.methods._preset import preset
from nearfar.methods._preset_heads import optional_projector
from nearfar.methods._serves import ANY, Serves
from nearfar.modules import PerceptronHead
from nearfar.objectives import MultiViewLoss
from nearfar.objectives._objective import total
from nearfar.ops import to_sphere
from nearfar.parallel import gather
from nearfar.records import Remedy
from nearfar.views import ViewRecipe, simclr_views

__all__ = ["MultiView", "multiview"]

_FORWARD_WEIGHT = 0.0  # no decoder


@final
@documented_by(MultiViewLoss)
class MultiView(Method):
    """Two views, one shared or two separate encoders, λ_CL·CL + λ_FP·FP + λ_IP·IP.

    The second view is the signal of the first. The contrastive term (CL) and the forward predictive
    term (FP) retain the information that input and signal share; the inverse predictive term (IP)
    discards the rest.

    The inverse term and the decoder use l2-normalised representations, as in the authors' code;
    otherwise the inverse term could be reduced by shrinking norms.

    Args:
        encoder: Inputs and signals to representations; see :class:`nearfar.modules.TwoSided`.
        projector: Representations to projections, the paper's G.
        decoder: Representations of inputs to the values of their signals
            (:func:`nearfar.inputs.numbers`), the paper's R; required if `forward_weight` is above
            0.
        signal_dim: Output dimension of the decoder; 0 without a decoder.
        temperature: … The paper: 0.1 on Omniglot, 0.5 on CIFAR-10.
        inverse_weight: … The authors' λ is `dim` / 2 times this one, as they use twice the mean
            over dimensions.

    Raises:
        ValueError: A negative weight, or a forward weight without a decoder.

    When to use:
        Two views of different modalities, such as images and captions, with one encoder each; or to
        study what a representation should discard. With only the contrastive term on two views of
        an image this is SimCLR, which has the tuned settings.

    Good to know:
        A constant representation minimises the inverse term, so it needs one of the other terms,
        and a small weight. If the views share little task-relevant information, the inverse term
        discards task-relevant information (theorem 1 bounds the amount). The reconstruction error
        is summed over the signal's dimensions, so its weight must decrease with their number. The
        authors' Omniglot runs pair two drawings of the same character, which requires its label;
        two views of one drawing do not. On CIFAR-10 they apply the inverse term to representations,
        as here.

    Reference:
        Tsai, Wu, Salakhutdinov, Morency: Self-supervised Learning from a Multi-view Perspective
        (ICLR 2021), arXiv 2006.05576, equations 1 to 4; authors' code
        yaohungt/Self_Supervised_Learning_Multiview.
    """

    paper: ClassVar = "Tsai et al. 2021, arXiv 2006.05576"
    negatives: ClassVar = True
    momentum: ClassVar = False
    for_pairs: ClassVar = True
    serves: ClassVar = {ANY: Serves(), "images": Serves(views=ViewRecipe(simclr_views))}
    objective: MultiViewLoss

    def __init__(
        self,
        encoder: nn.Module,
        projector: nn.Module,
        decoder: nn.Module | None = None,
        *,
        signal_dim: int = 0,
        temperature: float = 0.1,
        contrastive_weight: float = 1.0,
        forward_weight: float = _FORWARD_WEIGHT,
        inverse_weight: float = 0.0,
        symmetric: bool = True,
    ) -> None:
        super().__init__()
        if forward_weight > 0 and (decoder is None or signal_dim < 1):
            raise ValueError(
                f"`decoder` and `signal_dim` must be given with `forward_weight` {forward_weight}"
            )
        self.encoder = encoder
        self.projector = projector
        self.decoder = decoder if forward_weight > 0 else None
        self.objective = MultiViewLoss(
            temperature=temperature,
            contrastive_weight=contrastive_weight,
            forward_weight=forward_weight,
            inverse_weight=inverse_weight,
            symmetric=symmetric,
        )
        self.signal_dim = signal_dim

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode and project both views; decode the signal, and keep it as the target."""
        h1, h2 = encode(self.encoder, views)
        projections = self.projector(h1), self.projector(h2)
        if self.decoder is None:
            return (h1, h2), projections
        signals = numbers(views[1], count=self.signal_dim).to(h1.dtype)
        return (h1, h2), projections, (self.decoder(to_sphere(h1)), signals)

    def compare(self, projected: Projected) -> Step:
        """Gather, and add up the three terms."""
        representations, (z1, z2), *rest = projected
        decoded, signals = (gather(part) for part in rest[0]) if rest else (None, None)
        h1, h2 = (to_sphere(gather(h)) for h in representations)
        terms = self.objective.terms(gather(z1), gather(z2), decoded, signals, h1, h2)
        return Step(
            loss=total(terms),
            representations=representations,
            projections=(z1, z2),
            terms=terms,
        )

    def chance(self, batch_size: int) -> float | None:
        """λ_CL·ln(2N − 1), or λ_CL·ln N if not symmetric; None if another term has weight."""
        return self.objective.chance(batch_size=batch_size)

    def candidates(self, batch_size: int) -> int | None:
        """Number of candidates: all other views in the batch, or all signals."""
        return 2 * batch_size - 1 if self.objective.symmetric else batch_size

    def remedies(self, facts: RunFacts) -> tuple[Remedy, ...]:
        """Other weights of the terms, a lower temperature, a projector."""
        now = self.objective
        inverse = Remedy(
            option="inverse_weight",
            now=now.inverse_weight,
            to=now.inverse_weight / 2 or None,
            why="lower the weight of the inverse term, which a constant representation minimises",
            against=(COMPLETE, DIMENSIONAL),
        )
        contrastive = raise_weight(
            "contrastive_weight",
            now.contrastive_weight,
            why="raise the weight of the contrastive term, which spreads samples out",
            against=(COMPLETE, DIMENSIONAL, NOTHING),
        )
        contrasts = now.contrastive_weight > 0
        temperature = (lower_temperature(now.temperature),) if contrasts else ()
        return (inverse, contrastive, *temperature, *add_projector(self.projector))


@preset(parts=(optional_projector,), without=("signal_dim",))
def multiview(
    encoder: nn.Module,
    width: int,
    *,
    dim: int | None = None,
    hidden: int | None = None,
    forward_weight: float = _FORWARD_WEIGHT,
    facts: RunFacts | None = None,
    **options: Any,
) -> MultiView:
    """The multi-view objective around any encoder, as in the paper's Omniglot runs.

    Args:
        hidden: … The decoder has the same.
        facts: Facts about the run: the dimension of the signals (``signal_dim``), which a forward
            weight requires.

    Example:
        >>> import torch
        >>> from nearfar.methods import RunFacts
        >>> encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 32))
        >>> facts = RunFacts(signal_dim=64)
        >>> method = multiview(encoder, 32, forward_weight=0.01, inverse_weight=0.1, facts=facts)
        >>> step = method((torch.rand(8, 1, 8, 8), torch.rand(8, 1, 8, 8)))
        >>> sorted(step.terms)
        ['contrastive', 'forward', 'inverse']
    """
    hidden = hidden or width
    signal_dim = facts.signal_dim if facts and facts.signal_dim else 0
    head = optional_projector(width, hidden=hidden, dim=dim)
    decoder = None
    if forward_weight > 0 and signal_dim > 0:
        decoder = PerceptronHead(width, hidden=hidden, outputs=signal_dim)
    options |= {"signal_dim": signal_dim, "forward_weight": forward_weight}
    return MultiView(encoder, head, decoder, **options)

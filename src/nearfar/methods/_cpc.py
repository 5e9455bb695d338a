"""CPC: identify the encoding of a future time step among negatives.

One view. Strided convolutions encode each step, a recurrent network summarises the past, and a
bilinear critic per number of steps ahead scores candidate encodings; everything is trained by
gradient. van den Oord, Li, Vinyals, 2018, arXiv 1807.03748.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, final

import torch
from torch import nn

from nearfar._docstrings import documented_by
from nearfar._verdict_names import COMPLETE, DIMENSIONAL, NOTHING
from nearfar.checks import check_integer
from nearfar.inputs import View
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Projected, Step
from nearfar.methods._method_remedies import compare_over_batch
from nearfar.methods._preset import preset
from nearfar.methods._serves import Serves
from nearfar.modules import BilinearCritic, StepEncoder
from nearfar.objectives import CPCLoss
from nearfar.objectives._cpc import Candidates
from nearfar.parallel import gather
from nearfar.records import Remedy
from nearfar.records._remedy_record import lowered, raised
from nearfar.views import ViewRecipe, window_view

__all__ = ["CPC", "cpc"]


@final
@documented_by(CPCLoss)
class CPC(Method):
    """One view, an encoder with time steps, and one critic per number of steps ahead.

    Given the context of the past, the encoding of a future step is identified among the encodings
    of other steps and other sequences. This learns features that vary slowly.

    Args:
        encoder: Encoder with encodings and contexts: a :class:`nearfar.modules.StepEncoder`.
        critics: Contexts to encodings, one per number of steps ahead: 1, 2, …
        times: Number of the encoder's time steps per view, if known, for :meth:`chance` and
            :meth:`candidates`.

    Raises:
        TypeError: The encoder has no time steps.

    When to use:
        Audio and other long sequences, where order is informative and no label-preserving
        augmentation is known. For short sequences with known augmentations use SimCLR or VICReg on
        two views.

    Good to know:
        The number of steps ahead matters: too few can be predicted from local features. On speech,
        2 / 4 / 8 / 12 / 16 steps gave a phone accuracy of 28.5 / 57.6 / 63.6 / 64.6 / 63.8 % (table
        2). So does the source of negatives: without those of the same sequence, accuracy was 7
        points lower. Each encoding is compared with all steps × samples of the batch, so memory
        grows with both. The loss cannot certify more information than the logarithm of the number
        of candidates. There is no second view, so a run is evaluated on two weakly augmented views.

    Reference:
        van den Oord, Li, Vinyals: Representation Learning with Contrastive Predictive Coding
        (2018), arXiv 1807.03748, section 2 and equation 4; no code by the authors.
    """

    paper: ClassVar = "van den Oord et al. 2018, arXiv 1807.03748"
    sees: ClassVar = "one sequence"
    negatives: ClassVar = True
    momentum: ClassVar = False
    serves: ClassVar = {
        # candidates are all time steps in a batch, so a few sequences suffice
        "sequences": Serves(
            views=ViewRecipe(window_view), training={"batch_size": 16, "updates": 1_000}
        )
    }
    positives: ClassVar = False
    objective: CPCLoss

    def __init__(
        self,
        encoder: nn.Module,
        critics: nn.ModuleList,
        *,
        candidates: Candidates = "batch",
        times: int | None = None,
    ) -> None:
        super().__init__()
        _check_steps(encoder)
        self.encoder = encoder
        self.projector = nn.Identity()
        self.critics = critics
        self.objective = CPCLoss(candidates=candidates)
        self.times = times

    def project(self, views: tuple[View, ...]) -> Projected:
        """The encoding and the context of each step."""
        (view,) = views
        encoder = _check_steps(self.encoder)
        encodings = encoder.encodings(view)
        _check_horizon(len(self.critics), encodings.shape[1])
        return (encodings,), (encoder.contexts(encodings),)

    def compare(self, projected: Projected) -> Step:
        """Score the prediction of each context against the encodings of the batch."""
        (encodings,), (contexts,) = projected
        summary = contexts.mean(dim=1)
        if self.objective.candidates != "same_sequence":
            encodings, contexts = gather(encodings), gather(contexts)
        predictions = torch.stack([critic(contexts) for critic in self.critics])
        losses = self.objective.horizons(predictions, encodings)
        first = self.objective.skip + 1
        return Step(
            loss=losses.mean(),
            representations=(summary,),
            projections=(summary,),
            terms={f"k={k}": loss / len(losses) for k, loss in enumerate(losses, first)},
        )

    def chance(self, batch_size: int) -> float | None:
        """Ln of the number of candidates; None if the number of steps is unknown."""
        candidates = self.candidates(batch_size)
        return None if candidates is None else math.log(candidates)

    def candidates(self, batch_size: int) -> int | None:
        """Number of candidate encodings; None if the number of steps is unknown."""
        if self.times is None:
            return None
        return {
            "batch": batch_size * self.times,
            "same_sequence": self.times,
            "other_sequences": 1 + (batch_size - 1) * self.times,
        }[self.objective.candidates]

    def remedies(self, facts: RunFacts) -> tuple[Remedy, ...]:
        """Candidates from the whole batch, another number of predicted steps."""
        now = len(self.critics)
        most = math.inf if self.times is None else self.times - 1
        further = Remedy(
            option="steps",
            now=now,
            to=raised(now, by=2, most=most),
            why="predict more steps ahead, for which local features do not suffice",
            against=(COMPLETE, DIMENSIONAL),
        )
        nearer = Remedy(
            option="steps",
            now=now,
            to=lowered(now, by=2, least=1),
            why="predict fewer steps ahead, which is easier",
            against=(NOTHING,),
        )
        return (compare_over_batch(self.objective.candidates), further, nearer)


@preset(without=("times",))
def cpc(
    encoder: nn.Module,
    width: int,
    *,
    steps: int = 12,
    facts: RunFacts | None = None,
    **options: Any,
) -> CPC:
    """CPC as published, around an encoder with time steps.

    Args:
        encoder: Encoder with encodings and contexts, such as
            :class:`nearfar.modules.StridedEncoder`.
        width: Dimension of the contexts.
        steps: Number of time steps predicted ahead; less than the number of time steps per view.
        facts: Facts about the run: the length of the views. If it is known, the loss at chance is
            available, and views that are too short raise an error.

    Raises:
        TypeError: The encoder has no time steps.
        ValueError: A view has too few time steps for `steps`.

    Example:
        >>> from nearfar.methods import RunFacts
        >>> from nearfar.modules import StridedEncoder
        >>> encoder = StridedEncoder(strides=(5, 4, 2, 2))
        >>> method = cpc(encoder, 256, facts=RunFacts(length=2720))
        >>> step = method((torch.randn(4, 1, 2720),))
        >>> step.representations[0].shape, f"{method.chance(4):.2f}"
        (torch.Size([4, 256]), '4.91')
    """
    check_integer(at_least=1, steps=steps)
    stepped = _check_steps(encoder)
    times = None
    if facts and facts.length is not None:
        times = int(stepped.count_steps(torch.tensor(facts.length)))
        _check_horizon(steps, times)
    critics = [BilinearCritic(width, stepped.encoding_dim) for _ in range(steps)]
    return CPC(encoder, nn.ModuleList(critics), times=times, **options)


def _check_horizon(steps: int, times: int) -> None:
    if times <= steps:
        raise ValueError(
            f"`steps` must be below the {times} time steps of the encoder's output for a view,"
            f" got {steps}: predict fewer steps, or use longer views"
        )


def _check_steps(encoder: nn.Module) -> StepEncoder:
    if not isinstance(encoder, StepEncoder):
        raise TypeError(
            "`encoder` must have time steps (encodings and contexts), like"
            f" nearfar.modules.StridedEncoder; {type(encoder).__name__} has none"
        )
    return encoder

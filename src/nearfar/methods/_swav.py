"""SwAV: predict the cluster assignment of another view.

Assignments are balanced over the batch, so that samples are not all assigned to one prototype;
small crops predict the assignments of the large ones. Encoder, projector and prototypes are trained
by gradient, without a momentum encoder; prototypes are normalised after each update. Caron, Misra,
Mairal, Goyal, Bojanowski, Joulin, NeurIPS 2020, arXiv 2006.09882.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from nearfar._docstrings import documented_by
from nearfar._verdict_names import COMPLETE, DIMENSIONAL, NOTHING
from nearfar.checks import check_fraction, check_integer
from nearfar.inputs import View
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Projected, Step, encode
from nearfar.methods._method_remedies import lower_temperature, widen_projector
from nearfar.methods._preset import preset
from nearfar.methods._preset_heads import projector
from nearfar.methods._serves import ANY, Serves
from nearfar.modules import KeyQueue
from nearfar.objectives import SwappedPredictionLoss
from nearfar.ops import to_sphere
from nearfar.parallel import gather
from nearfar.records import Remedy
from nearfar.records._remedy_record import lowered, raised
from nearfar.views import ViewRecipe, swav_views

__all__ = ["SwAV", "swav"]

_DIM = 128  # of the projections
_SAMPLES_OF_A_PROTOTYPE = 100
_LEAST_PROTOTYPES, _MOST_PROTOTYPES = 64, 3_000


@final
@documented_by(SwappedPredictionLoss, projector)
class SwAV(Method):
    """Swapped prediction of cluster assignments, without negatives.

    The first two views are assigned to prototypes by the Sinkhorn algorithm, with an equal number
    of samples per prototype. Every view predicts the assignments of the first two views, except its
    own; small crops are cheap additional views that only predict.

    Args:
        encoder: Inputs to representations; must accept two image sizes if there are small crops.
        projector: Representations to projections.
        prototypes: Number of prototypes, K.
        queue_size: Number of projections of earlier batches, for each of the first two views, that
            are assigned together with the batch (the paper: none at a batch size of 4,096, 3,840 at
            256); a multiple of the (global) batch size. For batches that are small compared with K.
        queue_start: Fraction of the training after which the queue is used, once it is full (15 of
            200 epochs).
        frozen: Fraction of the training during which prototypes are not updated (1 of 100 epochs);
            1 never updates them.

    When to use:
        Many images with natural clusters, and batches too small for contrastive learning:
        assignments need a few thousand samples, which a queue can provide. With images large enough
        to be cropped, small crops contribute most of the accuracy. For small or few images
        :class:`~nearfar.methods.SimCLR` and :class:`~nearfar.methods.BYOL` are easier to train.

    Good to know:
        A loss that stays at ln K indicates collapse, and so does one near 0 without equipartition.
        If batch and queue have fewer samples than there are prototypes, assignments are not
        meaningful: use fewer prototypes. In a short run a long queue contains outdated projections,
        and the loss rises when it is first used: disable it, or start it later. The authors fill
        the queue only from the time it is used; here it is filled from the start. Prototypes are
        compared by cosine, so normalising them after each update (before it in the authors' code)
        only keeps their effective learning rate constant. Vision transformers with a fixed grid do
        not accept small crops: set ``small_views`` to 0.

    Reference:
        Caron, Misra, Mairal, Goyal, Bojanowski, Joulin, NeurIPS 2020 (arXiv 2006.09882), section 3
        and appendix A; authors' code facebookresearch/swav.
    """

    paper: ClassVar = "Caron et al. 2020, arXiv 2006.09882"
    sees: ClassVar = "2 large and 6 small crops"
    negatives: ClassVar = False
    momentum: ClassVar = False
    serves: ClassVar = {ANY: Serves(), "images": Serves(views=ViewRecipe(swav_views))}
    objective: SwappedPredictionLoss
    progress: Tensor
    seen: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        projector: nn.Module,
        *,
        dim: int = _DIM,
        prototypes: int = _MOST_PROTOTYPES,
        queue_size: int = 0,
        queue_start: float = 0.075,
        frozen: float = 0.01,
        temperature: float = 0.1,
        epsilon: float = 0.05,
        iterations: int = 3,
    ) -> None:
        super().__init__()
        check_integer(at_least=1, dim=dim)
        check_integer(at_least=2, prototypes=prototypes)
        check_integer(at_least=0, queue_size=queue_size)
        check_fraction(queue_start=queue_start, frozen=frozen)
        self.encoder = encoder
        self.projector = projector
        self.prototypes = nn.Parameter(to_sphere(torch.randn(prototypes, dim)))
        self.queues = nn.ModuleList(
            KeyQueue(size=queue_size, dim=dim) for _ in range(2 if queue_size else 0)
        )
        self.objective = SwappedPredictionLoss(
            temperature=temperature, epsilon=epsilon, iterations=iterations
        )
        self.queue_size = queue_size
        self.queue_start = queue_start
        self.frozen = frozen
        self.register_buffer("progress", torch.zeros(()))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode the large crops in one batch, the small ones in another, and project all."""
        if len(views) < 2:
            raise ValueError(f"`views` must be 2 or more, got {len(views)}")
        representations = encode(self.encoder, views[:2])
        if len(views) > 2:
            representations += encode(self.encoder, views[2:])
        projections = self.projector(torch.cat(representations))
        return representations, projections.chunk(len(views))

    def compare(self, projected: Projected) -> Step:
        """Assign batch and queue to prototypes, and predict the assignments of other views."""
        representations, projections = projected
        z1, z2, *others = (gather(z) for z in projections)
        loss = self.objective(
            z1,
            z2,
            self.prototypes,
            *(self._queued() or (None, None)),
            torch.stack(others) if others else None,
        )
        return Step(
            loss=loss,
            representations=representations,
            projections=projections,
            carry=(z1.detach(), z2.detach()),
        )

    def after_batch(self, step: Step) -> None:
        """Enqueue this batch, gathered from all processes; drop gradients of frozen prototypes."""
        for queue, z in zip(self.queues, step.carry, strict=False):
            assert isinstance(queue, KeyQueue)
            queue.push(z)
        self.seen += len(step.carry[0])
        if self.prototypes.grad is not None:
            self.prototypes.grad.masked_fill_(self.progress < self.frozen, 0.0)

    @torch.no_grad()
    def after_update(self, progress: float) -> None:
        """Normalise the prototypes."""
        self.prototypes.copy_(to_sphere(self.prototypes))
        self.progress.fill_(progress)

    def chance(self, batch_size: int) -> float | None:
        """Ln K, the loss if all prototypes are equally likely."""
        return self.objective.chance(batch_size=batch_size, num_negatives=len(self.prototypes) - 1)

    def _queued(self) -> tuple[Tensor, ...] | None:
        """The queued projections, once the queues are full and in use."""
        if not self.queue_size:
            return None
        ready = (self.progress >= self.queue_start) & (self.seen >= self.queue_size)
        return tuple(queue.get_buffer("keys") for queue in self.queues) if bool(ready) else None

    def remedies(self, facts: RunFacts) -> tuple[Remedy, ...]:
        """Sharper assignments, another number of prototypes, a lower temperature."""
        count, now = self.prototypes.shape[0], self.objective
        sharper = Remedy(
            option="epsilon",
            now=now.epsilon,
            to=lowered(now.epsilon, by=1.5, least=0.02),
            why="lower epsilon, so that assignments are sharper",
            against=(COMPLETE, NOTHING),
        )
        fewer = Remedy(
            option="prototypes",
            now=count,
            to=lowered(count, by=2, least=10),
            why="use fewer prototypes, so that each has more samples of a batch",
            against=(COMPLETE, NOTHING),
        )
        more = Remedy(
            option="prototypes",
            now=count,
            to=raised(count, by=2, most=facts.samples or math.inf),
            why="use more prototypes, so that more directions are used",
            against=(DIMENSIONAL,),
        )
        return (
            sharper,
            fewer,
            more,
            lower_temperature(now.temperature),
            *widen_projector(self.projector),
        )


@preset(parts=(projector,))
def swav(
    encoder: nn.Module,
    width: int,
    *,
    hidden: int | None = None,
    dim: int = _DIM,
    prototypes: int | None = None,
    facts: RunFacts | None = None,
    **options: Any,
) -> SwAV:
    """SwAV as published, around any encoder.

    Args:
        prototypes: … By default one per 100 samples, between 64 and the paper's 3,000 (3,000 if the
            number of samples is unknown).
        facts: Facts about the run: the number of samples.

    Example:
        >>> import torch
        >>> from nearfar.methods import RunFacts
        >>> from nearfar.modules import ConvNet
        >>> method = swav(ConvNet(channels=1), 256, facts=RunFacts(samples=1_797))
        >>> large, small = torch.rand(2, 8, 1, 16, 16), torch.rand(4, 8, 1, 8, 8)
        >>> step = method((*large, *small))
        >>> len(step.projections), method.prototypes.shape, f"{method.chance(8):.2f}"
        (6, torch.Size([64, 128]), '4.16')
    """
    if prototypes is None:
        fitting = _MOST_PROTOTYPES
        if facts and facts.samples is not None:
            fitting = max(_LEAST_PROTOTYPES, facts.samples // _SAMPLES_OF_A_PROTOTYPE)
        prototypes = min(_MOST_PROTOTYPES, fitting)
    head = projector(width, hidden=hidden, dim=dim)
    return SwAV(encoder, head, dim=dim, prototypes=prototypes, **options)

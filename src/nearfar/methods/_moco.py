"""MoCo: identify the key of the same image among a queue of keys from earlier batches.

The query encoder is trained by gradient, the key encoder is its exponential moving average, and the
queue makes the number of negatives independent of the batch size. He, Fan, Wu, Xie, Girshick, CVPR
2020, arXiv 1911.05722 (v1); Chen, Fan, Girshick, He 2020, arXiv 2003.04297 (v2).
"""

from __future__ import annotations

from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from nearfar._docstrings import documented_by
from nearfar._verdict_names import COMPLETE, DIMENSIONAL
from nearfar.checks import check_fraction, check_integer
from nearfar.inputs import View, select
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Projected, Step
from nearfar.methods._method_remedies import lower_temperature, raise_decay, widen_projector
from nearfar.methods._preset import preset
from nearfar.methods._preset_heads import projector
from nearfar.methods._serves import ANY, Serves
from nearfar.modules import KeyQueue, MomentumCopy, PerceptronHead
from nearfar.objectives import InfoNCELoss
from nearfar.parallel import gather
from nearfar.records import Remedy
from nearfar.views import ViewRecipe, moco_v1_views, moco_v2_views

__all__ = ["MoCo", "moco_v1", "moco_v2"]

_DIM, _QUEUE = 128, 65_536  # of the projections; number of keys: as published


@final
@documented_by(InfoNCELoss, projector)
class MoCo(Method):
    """Queries against keys of a momentum encoder, with a queue of negatives.

    The query of one view must match the key of the other view among keys of earlier batches. Keys
    come from a momentum encoder, which changes slowly enough for keys of different ages to be
    consistent; the queue makes the number of negatives independent of the batch size.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections.
        queue_size: Number of keys in the queue; a multiple of the (global) batch size.
        decay: Decay of the momentum encoder; 0 copies the query encoder at each update.
        key_splits: Number of parts in which a batch of keys is encoded, each with its own
            batch-norm statistics, so that these do not leak which samples are in the same batch.
            The paper shuffles batches across GPUs; here every ``key_splits``-th sample is in the
            same part, which also works on one device.

    When to use:
        Many negatives with small batches: a batch size of 256 and a queue of 65,536 keys reach 60.6
        % (v1) and 67.5 % (v2) on ImageNet in 200 epochs. The loss has one direction, so only one
        view is backpropagated. If memory allows batches of thousands, SimCLR has fewer parts. On
        small data a long queue contains every sample several times, and with it false negatives
        (the presets limit the queue to one epoch).

    Good to know:
        The loss rises at first, because the queue is initialised with random keys, which are easy
        negatives. A slowly changing key encoder is essential: with a decay of 0 the keys in the
        queue come from different networks. Batch-norm statistics let query and key identify each
        other; on one device set `key_splits` above 1. The queue size must be a multiple of the
        batch size. v2 is v1 with a two-layer projector without batch-norm, blur, and a temperature
        of 0.2 instead of 0.07. The authors' v1 decays the learning rate in two steps; here it
        follows a cosine.

    Reference:
        He, Fan, Wu, Xie, Girshick: Momentum Contrast for Unsupervised Visual Representation
        Learning (CVPR 2020), arXiv 1911.05722, section 3 and equation 1; Chen, Fan, Girshick, He:
        Improved Baselines with Momentum Contrastive Learning (2020), arXiv 2003.04297; authors'
        code facebookresearch/moco.
    """

    paper: ClassVar = "He et al. 2020, arXiv 1911.05722; Chen et al. 2020, arXiv 2003.04297"
    negatives: ClassVar = True
    momentum: ClassVar = True
    serves: ClassVar = {
        ANY: Serves(),
        "images": Serves(views=ViewRecipe(moco_v2_views)),
        # only the query encoder gets a gradient: with two encoders the halves alternate
        "pairs": Serves(views=ViewRecipe(settings={"turns": True})),
    }
    objective: InfoNCELoss

    def __init__(
        self,
        encoder: nn.Module,
        projector: nn.Module,
        *,
        dim: int = _DIM,
        queue_size: int = _QUEUE,
        temperature: float = 0.07,
        decay: float = 0.999,
        key_splits: int = 1,
    ) -> None:
        super().__init__()
        check_fraction(decay=decay)
        check_integer(at_least=1, key_splits=key_splits)
        self.encoder = encoder
        self.projector = projector
        self.target = MomentumCopy(nn.Sequential(encoder, projector))
        self.queue = KeyQueue(size=queue_size, dim=dim)
        self.objective = InfoNCELoss(temperature=temperature)
        self.decay = decay
        self.key_splits = key_splits

    def project(self, views: tuple[View, ...]) -> Projected:
        """Queries from the first view, keys from the second."""
        representations = self.encoder(views[0])
        queries = self.projector(representations)
        keys = self._keys(views[1])
        return (representations,), (queries, keys)

    def compare(self, projected: Projected) -> Step:
        """InfoNCE of each query with its key, with negatives from the queue."""
        representations, (queries, keys) = projected
        return Step(
            loss=self.objective(queries, keys, self.queue.keys.clone()),
            representations=representations,
            projections=(queries, keys),
            carry=gather(keys),
        )

    def after_batch(self, step: Step) -> None:
        """Enqueue the keys of this batch, gathered from all processes."""
        self.queue.push(step.carry)

    def after_update(self, progress: float) -> None:
        """Update the momentum encoder."""
        self.target.follow(nn.Sequential(self.encoder, self.projector), decay=self.decay)

    def chance(self, batch_size: int) -> float | None:
        """ln(1 + K): the positive and the K negatives are equally likely."""
        return self.objective.chance(batch_size=batch_size, num_negatives=self.queue.keys.shape[0])

    def candidates(self, batch_size: int) -> int | None:
        """Number of candidates: the positive and the queue."""
        return 1 + int(self.queue.keys.shape[0])

    def _keys(self, view: View) -> Tensor:
        if self.key_splits == 1:
            whole: Tensor = self.target(view)
            return whole
        parts = [
            self.target(select(view, slice(i, None, self.key_splits)))
            for i in range(self.key_splits)
        ]
        keys = torch.empty_like(torch.cat(parts))
        for i, part in enumerate(parts):
            keys[i :: self.key_splits] = part
        return keys

    def remedies(self, facts: RunFacts) -> tuple[Remedy, ...]:
        """A lower temperature, more negatives, a slower momentum encoder, a wider projector."""
        size = self.queue.keys.shape[0]
        fits = facts.samples is None or 2 * size <= facts.samples
        queue = Remedy(
            option="queue_size",
            now=size,
            to=2 * size if fits else None,
            why="use a longer queue, so that there are more negatives",
            against=(COMPLETE, DIMENSIONAL),
        )
        temperature = lower_temperature(self.objective.temperature)
        return (temperature, queue, raise_decay(self.decay), *widen_projector(self.projector))


def _with_queue(
    encoder: nn.Module,
    projector: nn.Module,
    *,
    dim: int,
    queue_size: int | None,
    facts: RunFacts | None,
    **options: Any,
) -> MoCo:
    """MoCo with a queue of at most one epoch by default, so that each sample is in it once.

    Args:
        queue_size: … By default the published 65,536, or the number of samples in an epoch's full
            batches if that is less.
        facts: Facts about the run: the batch size, and the number of batches per epoch.
    """
    chosen = _QUEUE if queue_size is None else queue_size
    if queue_size is None and facts and facts.batch_size and facts.batches_per_epoch:
        chosen = min(_QUEUE // facts.batch_size, facts.batches_per_epoch) * facts.batch_size
    method = MoCo(encoder, projector, dim=dim, queue_size=chosen, **options)
    if queue_size is None and chosen != _QUEUE:
        method.notes = (
            f"queue of {chosen:,} keys instead of {_QUEUE:,}: a multiple of the batch size, with"
            " each sample at most once",
        )
    return method


@preset(serves={"images": Serves(views=ViewRecipe(moco_v1_views))}, parts=(_with_queue,))
def moco_v1(
    encoder: nn.Module,
    width: int,
    *,
    dim: int = _DIM,
    queue_size: int | None = None,
    facts: RunFacts | None = None,
    **options: Any,
) -> MoCo:
    """MoCo v1 as published: a linear projector, temperature 0.07."""
    projector = PerceptronHead(width, hidden=width, outputs=dim, layers=1)
    return _with_queue(encoder, projector, dim=dim, queue_size=queue_size, facts=facts, **options)


@preset(parts=(projector, _with_queue))
def moco_v2(
    encoder: nn.Module,
    width: int,
    *,
    hidden: int | None = None,
    dim: int = _DIM,
    queue_size: int | None = None,
    temperature: float = 0.2,
    facts: RunFacts | None = None,
    **options: Any,
) -> MoCo:
    """MoCo v2 as published: a two-layer projector, temperature 0.2."""
    projector = PerceptronHead(width, hidden=hidden or width, outputs=dim, normalize=False)
    options |= {"temperature": temperature}
    return _with_queue(encoder, projector, dim=dim, queue_size=queue_size, facts=facts, **options)

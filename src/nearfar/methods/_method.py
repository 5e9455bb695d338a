"""The protocol that every training method speaks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias

from torch import Tensor, nn

from nearfar.checks import check_not_negative
from nearfar.inputs import View, join, joinable
from nearfar.methods._serves import Served
from nearfar.objectives._objective import Objective

__all__ = ["Method", "Pace", "Projected", "Step", "encode"]

Projected: TypeAlias = tuple[tuple[Tensor, ...], ...]
"""What a method computes of each sample by itself: groups of tensors, one a view.

Row `i` of every tensor belongs to sample `i`, so that batches can be cut and joined by rows.
"""


@dataclass(frozen=True)
class Step:
    """What one forward pass of a method gives.

    Attributes:
        loss: The scalar to minimise.
        representations: Encoder outputs, one matrix per view.
        projections: What the objective compares, one matrix per view (not normalised).
        terms: Named parts of the loss as they enter it, with their weights, so that they add up to
            it; and the loss of an adversary, which has a gradient of its own and no share in it.
            They are detached here.
        carry: What the method wants back in :meth:`Method.after_batch`.
    """

    loss: Tensor
    representations: tuple[Tensor, ...]
    projections: tuple[Tensor, ...]
    terms: Mapping[str, Tensor] = field(default_factory=dict)
    carry: Any = None

    def __post_init__(self) -> None:
        terms = {
            name: term.detach() if isinstance(term, Tensor) else term
            for name, term in self.terms.items()
        }
        object.__setattr__(self, "terms", terms)


@dataclass(frozen=True)
class Pace:
    """How a part of a method learns, where that is not as the rest.

    Attributes:
        part: Whose parameters.
        factor: Times the learning rate of the rest.
        constant: Whether the rate stays at its peak once it is there.

    Raises:
        ValueError: A negative factor.
    """

    part: nn.Module
    factor: float = 1.0
    constant: bool = False

    def __post_init__(self) -> None:
        check_not_negative(factor=self.factor)


class Method(nn.Module, ABC):
    """A published method: parts come in through the constructor, two verbs are its figure.

    :meth:`project` is what happens to each sample by itself, :meth:`compare` what samples have to
    do with one another; ``forward`` is one after the other. Cut there, any method trains on
    batches larger than memory (:func:`nearfar.training.cached_backward`).

    Neither changes state, but batch-norm's statistics. Queues move in :meth:`after_batch`, momentum
    copies in :meth:`after_update`. No optimiser, augmentation, data or label is known.

    Attributes:
        encoder: Input → representation; what a user keeps.
        projector: Representation → the space the objective compares in.
        objective: The loss, with its hyper-parameters; its class stands in the annotation.
        paper: Short citation.
        sees: The views it takes of a sample, in a few words.
        negatives: Whether the objective compares with other samples.
        momentum: Whether a slowly following copy is kept.
        positives: Whether its views show the same sample, so that their agreement says something.
        indexed: Whether a further view tells the index of each sample, for what is kept of it.
        any_views: Whether it takes as many views of a sample as it is shown, two or more.
        serves: The kinds of data it is for and what it asks of each, by name of the kind or ``ANY``
            (:class:`Serves`). A method that declares nothing is trained on views handed over.
        notes: What a user should know of how this one was built.
    """

    encoder: nn.Module
    projector: nn.Module
    objective: Objective
    paper: ClassVar[str]
    sees: ClassVar[str] = "two views"
    negatives: ClassVar[bool]
    momentum: ClassVar[bool]
    positives: ClassVar[bool] = True
    indexed: ClassVar[bool] = False
    any_views: ClassVar[bool] = False
    serves: ClassVar[Served] = MappingProxyType({})
    notes: tuple[str, ...] = ()

    @abstractmethod
    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode, project, predict, targets: everything computed sample by sample."""

    @abstractmethod
    def compare(self, projected: Projected) -> Step:
        """Gather, compare, the loss: everything that couples samples."""

    def forward(self, views: tuple[View, ...]) -> Step:
        """Project the views, then compare what came out."""
        return self.compare(self.project(views))

    @abstractmethod
    def chance(self, batch_size: int) -> float | None:
        """The loss at which nothing was learnt, for a global batch; None where there is none."""

    def candidates(self, batch_size: int) -> int | None:
        """Keys that each query is compared with, its own among them; None without negatives."""
        return None

    def paces(self) -> tuple[Pace, ...]:
        """The parts that learn at a rate of their own."""
        return ()

    def embed(self, x: View) -> Tensor:
        """The representation for downstream use."""
        representation: Tensor = self.encoder(x)
        return representation

    def embed_views(self, views: tuple[View, ...]) -> tuple[tuple[Tensor, Tensor], ...]:
        """Representation and projection of each view, as a diagnosis compares them."""
        representations = [self.embed(view) for view in views]
        return tuple((h, self.projector(h)) for h in representations)

    def after_batch(self, step: Step) -> None:
        """Called once after each backward pass: queues move here."""

    def after_update(self, progress: float) -> None:
        """Called once after each optimiser update; `progress` runs from 0 to 1."""


def encode(encoder: nn.Module, views: tuple[View, ...]) -> tuple[Tensor, ...]:
    """A representation of each view, in one pass where the views can be joined."""
    if not joinable(views):
        return tuple(encoder(view) for view in views)
    together: Tensor = encoder(join(views))
    return together.chunk(len(views))

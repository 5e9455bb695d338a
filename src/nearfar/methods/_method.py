"""The interface of every training method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias

from torch import Tensor, nn

from nearfar.checks import check_not_negative
from nearfar.inputs import View, join, joinable
from nearfar.methods._facts import RunFacts
from nearfar.methods._serves import Served
from nearfar.objectives._objective import Objective
from nearfar.records import Remedy

__all__ = ["Method", "Pace", "Projected", "Step", "encode"]

Projected: TypeAlias = tuple[tuple[Tensor, ...], ...]
"""Per-sample results: groups of tensors, one tensor per view.

Row `i` of every tensor belongs to sample `i`, so that batches can be split and concatenated.
"""


@dataclass(frozen=True)
class Step:
    """Result of one forward pass.

    Attributes:
        loss: The scalar to minimise.
        representations: Encoder outputs, one matrix per view.
        projections: Inputs of the objective, one matrix per view (not normalised).
        terms: Named terms of the loss, weighted so that they add up to it; in addition the loss of
            an adversary, which has its own gradient and does not contribute to the loss. Stored
            detached.
        carry: Values passed on to :meth:`Method.after_batch`.
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
    """A separate learning rate for a part of a method.

    Attributes:
        part: The part.
        factor: Multiple of the base learning rate.
        constant: Whether the learning rate stays constant after warm-up.

    Raises:
        ValueError: A negative factor.
    """

    part: nn.Module
    factor: float = 1.0
    constant: bool = False

    def __post_init__(self) -> None:
        check_not_negative(factor=self.factor)


class Method(nn.Module, ABC):
    """A training method, whose parts are passed to the constructor.

    :meth:`project` is per-sample; :meth:`compare` couples samples across the batch; ``forward``
    calls both. This split lets any method train on batches larger than memory
    (:func:`nearfar.training.cached_backward`).

    Neither modifies any state other than batch-norm statistics: queues are updated in
    :meth:`after_batch`, momentum encoders in :meth:`after_update`. A method has no optimiser,
    augmentation, data or labels.

    Attributes:
        encoder: Input → representation; the part that is kept.
        projector: Representation → the space in which the objective compares.
        objective: The loss with its hyper-parameters; the annotation names its class.
        paper: Short citation.
        sees: Description of its views of a sample, in a few words.
        negatives: Whether the objective contrasts with other samples.
        momentum: Whether there is a momentum encoder.
        positives: Whether its views form positive pairs, so that their alignment is meaningful.
        indexed: Whether an extra view carries dataset indices, for methods with per-sample state.
        any_views: Whether any number of views (two or more) is supported.
        for_pairs: Whether it is made for pairs of two columns: of a table with several columns of
            texts it asks for two.
        serves: Supported modalities, with the views and options for each (:class:`Serves`), by the
            name of the modality or ``ANY``. If empty, views must be passed explicitly.
        notes: Notes for the user on choices made when the instance was built.
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
    for_pairs: ClassVar[bool] = False
    serves: ClassVar[Served] = MappingProxyType({})
    notes: tuple[str, ...] = ()

    @abstractmethod
    def project(self, views: tuple[View, ...]) -> Projected:
        """Per-sample computation: encoder, projector, predictor, targets."""

    @abstractmethod
    def compare(self, projected: Projected) -> Step:
        """Gather, and compute the loss, which couples samples."""

    def forward(self, views: tuple[View, ...]) -> Step:
        """The loss of a batch of views."""
        return self.compare(self.project(views))

    @abstractmethod
    def chance(self, batch_size: int) -> float | None:
        """The loss at chance for a global batch; None if there is no such value."""

    def candidates(self, batch_size: int) -> int | None:
        """Number of keys per query, the positive included; None without negatives."""
        return None

    def paces(self) -> tuple[Pace, ...]:
        """Parts with a separate learning rate."""
        return ()

    def remedies(self, facts: RunFacts) -> tuple[Remedy, ...]:
        """Changes of the method's settings that can mend a bad verdict, most promising first.

        Advice names those against the verdict. One whose value is None, or the present one, is
        skipped, as is one of an option that the preset does not have.
        """
        return ()

    def embed(self, x: View) -> Tensor:
        """The representation for downstream use."""
        representation: Tensor = self.encoder(x)
        return representation

    def embed_views(self, views: tuple[View, ...]) -> tuple[tuple[Tensor, Tensor], ...]:
        """Representation and projection of each view, for diagnostics."""
        representations = [self.embed(view) for view in views]
        return tuple((h, self.projector(h)) for h in representations)

    def after_batch(self, step: Step) -> None:
        """Called once after each backward pass, to update queues."""

    def after_update(self, progress: float) -> None:
        """Called once after each optimiser update; `progress` goes from 0 to 1."""


def encode(encoder: nn.Module, views: tuple[View, ...]) -> tuple[Tensor, ...]:
    """The representation of each view, in one forward pass if views can be concatenated."""
    if not joinable(views):
        return tuple(encoder(view) for view in views)
    together: Tensor = encoder(join(views))
    return together.chunk(len(views))

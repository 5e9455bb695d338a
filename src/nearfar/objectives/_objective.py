"""Base class of objectives: a loss function with its hyper-parameters stored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from nearfar.parallel import Ring

__all__ = ["Objective", "shared", "total"]


class Objective(nn.Module, ABC):
    """A loss to be minimised.

    A subclass stores keyword-only hyper-parameters, of which a temperature can be a learnable
    scalar, calls its function in one line, and returns the loss at chance. If the loss has several
    terms, a method ``terms`` takes the arguments of ``forward`` and returns them by name, weighted,
    so that they add up to the loss.
    """

    forward: Callable[..., Tensor]

    @abstractmethod
    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float | None:
        """The loss when all candidates score equally, or None if there is no such value.

        Args:
            batch_size: Pairs in the (global) batch.
            num_negatives: Negatives per query if they do not come from the batch; 0 if unknown.
        """

    def extra_repr(self) -> str:
        """The hyper-parameters, as passed to the constructor."""
        shown = {k: v for k, v in vars(self).items() if not k.startswith("_") and k != "training"}
        learnt = {name: value.tolist() for name, value in self.named_parameters(recurse=False)}
        return ", ".join(f"{name}={value!r}" for name, value in {**shown, **learnt}.items())


def total(terms: Mapping[str, Tensor]) -> Tensor:
    """The loss that weighted terms add up to."""
    return torch.stack(list(terms.values())).sum()


def shared(*, temperature: float | Tensor, ring: Ring | None = None) -> None:
    """The arguments that several objectives share.

    Args:
        temperature: Divides the similarities; above 0.
        ring: Pass projections around a ring of processes, each with a shard of the batch, instead
            of gathering them in every process: the same loss and gradient, with the work divided.
    """

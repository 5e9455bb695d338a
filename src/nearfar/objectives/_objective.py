"""What every objective class is: hyper-parameters remembered, one function called."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

__all__ = ["Objective", "total"]


class Objective(nn.Module, ABC):
    """A loss that is minimised.

    A subclass stores keyword-only hyper-parameters, calls its function in one line, and says what
    the loss reads when nothing was learnt. Where the loss has several terms, a method ``terms``
    takes what ``forward`` takes and gives them by name, weighted, so that they add up to the loss.
    """

    forward: Callable[..., Tensor]

    @abstractmethod
    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float | None:
        """The loss when every candidate looks alike, or None where no such value exists.

        Args:
            batch_size: Pairs in the (global) batch.
            num_negatives: Negatives of each query, where they are not the batch; 0 if not told.
        """

    def extra_repr(self) -> str:
        """Hyper-parameters, as the constructor takes them."""
        shown = {k: v for k, v in vars(self).items() if not k.startswith("_") and k != "training"}
        learnt = {name: value.tolist() for name, value in self.named_parameters(recurse=False)}
        return ", ".join(f"{name}={value!r}" for name, value in {**shown, **learnt}.items())


def total(terms: Mapping[str, Tensor]) -> Tensor:
    """The loss that weighted terms add up to."""
    return torch.stack(list(terms.values())).sum()

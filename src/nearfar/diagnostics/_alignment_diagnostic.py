"""Alignment: mean distance of two views of a sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Self, final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_positive
from nearfar.diagnostics._diagnostic import Better, Diagnostic, checked_pair
from nearfar.objectives._alignment import alignment_loss

__all__ = ["Alignment", "alignment"]


@torch.no_grad()
def alignment(
    z1: Float[Tensor, "samples dim"], z2: Float[Tensor, "samples dim"], *, alpha: float = 2
) -> Float[Tensor, ""]:
    r"""Mean distance between the unit vectors of two views of a sample, to the power `alpha`.

    .. math:: \frac1n \sum_i \lVert u_i - v_i \rVert_2^\alpha, \qquad
              u_i = z^1_i / \lVert z^1_i \rVert, \; v_i = z^2_i / \lVert z^2_i \rVert

    Args:
        z1: First view of each sample; rows need not be normalised.
        z2: Second view of the same samples, in the same order.
        alpha: Exponent of the distance, above 0.

    Range:
        0 (identical views) to :math:`2^\alpha`; unrelated isotropic views have about
        :math:`2^{\alpha/2}`.

    Reading:
        Lower is better as long as uniformity stays low: a constant encoder has 0 as well. It falls
        during healthy training; if uniformity rises towards 0 at the same time, the encoder
        collapses.

    Reference:
        Wang & Isola 2020, section 4.1 (arXiv 2005.10242).

    Example:
        >>> z1 = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        >>> z2 = torch.tensor([[0.0, 3.0], [0.0, 5.0]])
        >>> print(f"{alignment(z1, z2):.2f}")
        1.00
    """
    return alignment_loss(*checked_pair(z1, z2), alpha=alpha)


@final
class Alignment(Diagnostic):
    """:func:`alignment` over a stream of pairs; keeps a sum and a count."""

    better: ClassVar[Better] = Better.LOWER
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {
        "complete collapse": lambda dim: 0.0,
        "unrelated views": lambda dim: 2.0,
    }

    _sum: Tensor
    _count: Tensor

    def __init__(self, *, alpha: float = 2) -> None:
        check_positive(alpha=alpha)
        super().__init__()
        self.alpha = alpha
        self.add_state("_sum", torch.zeros((), dtype=torch.float64))
        self.add_state("_count", torch.tensor(0))

    @torch.no_grad()
    def update(self, z1: Float[Tensor, "samples dim"], z2: Float[Tensor, "samples dim"]) -> None:
        """Add both views of more samples."""
        first, second = self.accept(z1=z1, z2=z2)
        self._sum = self._sum + len(z1) * alignment_loss(first, second, alpha=self.alpha)
        self._count = self._count + len(z1)

    def compute(self) -> Float[Tensor, ""]:
        """The alignment over all pairs so far, in float64."""
        if self._count == 0:
            raise ValueError("`Alignment` has no rows yet: call `update` first")
        return self._sum / self._count

    def merge(self, other: Self) -> Self:
        """A new diagnostic over the pairs of both."""
        merged = self._joined(other)
        merged._sum = self._sum + other._sum.to(self.device)
        merged._count = self._count + other._count.to(self.device)
        return merged

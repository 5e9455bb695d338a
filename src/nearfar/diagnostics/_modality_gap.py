"""Modality gap: distance between the centres of the two views' embeddings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Self, final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.diagnostics._diagnostic import Better, Diagnostic
from nearfar.ops import to_sphere

__all__ = ["ModalityGap", "modality_gap"]


def modality_gap(
    z1: Float[Tensor, "samples dim"], z2: Float[Tensor, "samples dim"]
) -> Float[Tensor, ""]:
    r"""Distance between the centres of the two views' unit vectors.

    .. math:: \Big\lVert \frac1n \sum_i u_i - \frac1n \sum_i v_i \Big\rVert_2, \qquad
              u_i = z^1_i / \lVert z^1_i \rVert, \; v_i = z^2_i / \lVert z^2_i \rVert

    Args:
        z1: First view (the inputs) of each sample; rows need not be normalised.
        z2: Second view (the signals) of the same samples, in any order.

    Range:
        0 (equal centres, also at complete collapse) to 2 (each view collapsed to a point, the two
        antipodal). Two untrained encoders have about √2, as each concentrates around a direction
        of its own.

    Reading:
        Lower is better in the absence of collapse. Two encoders start apart, and a contrastive
        loss at low temperature closes the gap slowly or never; cross-modal retrieval still works,
        but neighbours of both modalities cannot be ranked in one list.

    Reference:
        Liang, Zhang, Kwon, Yeung, Zou: Mind the gap (NeurIPS 2022), arXiv 2203.02053.

    Example:
        >>> z1 = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> print(f"{modality_gap(z1, z1.flip(0)):.2f} {modality_gap(z1, -z1):.2f}")
        0.00 1.41
    """
    measured = ModalityGap()
    measured.update(z1, z2)
    return measured.compute()


@final
class ModalityGap(Diagnostic):
    """:func:`modality_gap` over a stream of pairs; keeps a sum and a count."""

    better: ClassVar[Better] = Better.LOWER
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {
        "complete collapse": lambda dim: 0.0,
        "opposite points": lambda dim: 2.0,
        "unrelated views": lambda dim: 0.0,
    }

    _sum: Tensor
    _count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("_sum", torch.zeros(1, dtype=torch.float64))
        self.add_state("_count", torch.tensor(0))

    def update(self, z1: Float[Tensor, "samples dim"], z2: Float[Tensor, "samples dim"]) -> None:
        """Add both views of more samples."""
        u, v = map(to_sphere, self.accept(z1=z1, z2=z2))
        self._sum = self._sum + (u - v).sum(dim=0)
        self._count = self._count + len(u)

    def compute(self) -> Float[Tensor, ""]:
        """The distance over all pairs so far, in float64."""
        if self._count == 0:
            raise ValueError("`ModalityGap` has no rows yet: call `update` first")
        distance: Tensor = (self._sum / self._count).norm()
        return distance

    def merge(self, other: Self) -> Self:
        """A new diagnostic over the pairs of both."""
        merged = self._joined(other)
        merged._sum = self._sum + other._sum.to(self.device)
        merged._count = self._count + other._count.to(self.device)
        return merged

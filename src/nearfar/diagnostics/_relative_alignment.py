"""Relative alignment: distance of views of a sample relative to that of different samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Self, final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.diagnostics._diagnostic import Better, Diagnostic, checked_pair
from nearfar.ops import to_sphere

__all__ = ["RelativeAlignment", "relative_alignment"]


def relative_alignment(
    z1: Float[Tensor, "samples dim"], z2: Float[Tensor, "samples dim"]
) -> Float[Tensor, ""]:
    r"""Squared distance of two views of a sample, over that of views of different samples.

    .. math:: \frac{\frac1n \sum_i \lVert u_i - v_i \rVert^2}
                   {\frac1{n(n-1)} \sum_{i \ne j} \lVert u_i - v_j \rVert^2}

    for unit vectors :math:`u, v`. Unlike alignment, it distinguishes agreement from crowding.

    Args:
        z1: First view of each sample; rows need not be normalised.
        z2: Second view of the same samples, in the same order; 2 rows or more.

    Range:
        0 (views agree) to about 2. 1 means that views of a sample are as far apart as different
        samples; also, by convention, complete collapse.

    Reading:
        Lower is better. Below 0.5 the views agree; above 0.9 any loss that compares views is near
        its chance value. It should fall from the first epoch on.

    Cost:
        Linear in samples and dimension: the sum over pairs is a product of means.

    Example:
        >>> z1 = torch.eye(4)
        >>> near, mixed = relative_alignment(z1, z1 + 0.2), relative_alignment(z1, z1.flip(0))
        >>> print(f"{near:.3f} {mixed:.3f}")
        0.047 1.500
    """
    measured = RelativeAlignment()
    measured.update(z1, z2)
    return measured.compute()


@final
class RelativeAlignment(Diagnostic):
    """:func:`relative_alignment` over a stream of pairs; keeps sums, not samples."""

    better: ClassVar[Better] = Better.LOWER
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {
        "complete collapse": lambda dim: 1.0,
        "unrelated views": lambda dim: 1.0,
    }

    _sum1: Tensor
    _sum2: Tensor
    _squares: float
    _near: float
    _count: int

    def __init__(self) -> None:
        self.reset()

    @torch.no_grad()
    def update(self, *embeddings: Tensor) -> None:
        """Add both views of more samples."""
        z1, z2 = embeddings
        u, v = (to_sphere(z).cpu() for z in checked_pair(z1, z2))
        self._sum1 = self._sum1 + u.sum(dim=0)
        self._sum2 = self._sum2 + v.sum(dim=0)
        self._squares += float(u.square().sum() + v.square().sum())
        self._near += float((u - v).square().sum())
        self._count += u.shape[0]

    def compute(self) -> Float[Tensor, ""]:
        """The ratio over all pairs so far, in float64."""
        near, far = self.distances()
        return torch.where(far > 1e-12, near / far.clamp_min(1e-12), torch.ones_like(far))

    def distances(self) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """Mean squared distance of views of one sample, and of views of different samples."""
        count = self._count
        if count < 2:
            raise ValueError(f"`RelativeAlignment` needs at least 2 rows, got {count}")
        every = count * self._squares - 2 * float(self._sum1 @ self._sum2)
        far = max(0.0, every - self._near) / (count * (count - 1))
        near, apart = torch.tensor([self._near / count, far], dtype=torch.float64)
        return near, apart

    def merge(self, other: Self) -> Self:
        """A new diagnostic over the pairs of both."""
        merged = type(self)()
        merged._sum1, merged._sum2 = self._sum1 + other._sum1, self._sum2 + other._sum2
        merged._squares = self._squares + other._squares
        merged._near = self._near + other._near
        merged._count = self._count + other._count
        return merged

    def reset(self) -> None:
        """Discard all pairs."""
        self._sum1 = self._sum2 = torch.zeros(1, dtype=torch.float64)
        self._squares = self._near = 0.0
        self._count = 0

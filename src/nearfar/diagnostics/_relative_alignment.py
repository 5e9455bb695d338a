"""Relative alignment: distance of views of a sample relative to that of different samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Self, final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.diagnostics._diagnostic import Better, Diagnostic
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
    _squares: Tensor
    _near: Tensor
    _count: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name, shape in (("_sum1", (1,)), ("_sum2", (1,)), ("_squares", ()), ("_near", ())):
            self.add_state(name, torch.zeros(shape, dtype=torch.float64))
        self.add_state("_count", torch.tensor(0))

    def update(self, z1: Float[Tensor, "samples dim"], z2: Float[Tensor, "samples dim"]) -> None:
        """Add both views of more samples."""
        u, v = map(to_sphere, self.accept(z1=z1, z2=z2))
        self._sum1 = self._sum1 + u.sum(dim=0)
        self._sum2 = self._sum2 + v.sum(dim=0)
        self._squares = self._squares + u.square().sum() + v.square().sum()
        self._near = self._near + (u - v).square().sum()
        self._count = self._count + len(u)

    def compute(self) -> Float[Tensor, ""]:
        """The ratio over all pairs so far, in float64."""
        near, far = self.distances()
        return torch.where(far > 1e-12, near / far.clamp_min(1e-12), torch.ones_like(far))

    def distances(self) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """Mean squared distance of views of one sample, and of views of different samples."""
        count = int(self._count)
        if count < 2:
            raise ValueError(f"`RelativeAlignment` needs at least 2 rows, got {count}")
        every = count * self._squares - 2 * (self._sum1 * self._sum2).sum()
        apart = (every - self._near).clamp_min(0) / (count * (count - 1))
        return self._near / count, apart

    def merge(self, other: Self) -> Self:
        """A new diagnostic over the pairs of both."""
        merged = self._joined(other)
        for name in ("_sum1", "_sum2", "_squares", "_near", "_count"):
            setattr(merged, name, getattr(self, name) + getattr(other, name).to(self.device))
        return merged

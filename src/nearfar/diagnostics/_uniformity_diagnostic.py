"""Uniformity: how evenly the embeddings cover the sphere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Self, final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_positive
from nearfar.diagnostics._diagnostic import Better, Diagnostic, checked_rows
from nearfar.diagnostics._reservoir import Reservoir
from nearfar.objectives._uniformity import uniformity_loss
from nearfar.ops._unit_sphere import uniformity_minimum

__all__ = ["Uniformity", "uniformity"]


@torch.no_grad()
def uniformity(z: Float[Tensor, "samples dim"], *, t: float = 2) -> Float[Tensor, ""]:
    r"""Logarithm of the mean Gaussian potential between unit vectors of different samples.

    .. math:: \ln \frac{2}{n (n - 1)} \sum_{i < j} e^{-t \lVert u_i - u_j \rVert^2}, \qquad
              u_i = z_i / \lVert z_i \rVert

    Args:
        z: One view of each sample, 2 rows or more; rows need not be normalised.
        t: Inverse width of the kernel, above 0.

    Range:
        0 (complete collapse) down to :func:`nearfar.ops.uniformity_floor`; independent uniform
        points have :func:`nearfar.ops.uniformity_minimum`, near −2t in many dimensions.

    Reading:
        Lower is better as long as the views agree: random embeddings can be uniform as well. It
        falls during healthy training; a rise towards 0 indicates collapse.

    Cost:
        Time quadratic in the samples, memory linear.

    Reference:
        Wang & Isola 2020, section 4.1 (arXiv 2005.10242), without self-pairs as in the mini-batch
        estimator.

    Example:
        >>> square = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
        >>> print(f"{uniformity(square):.3f}")
        -4.396
    """
    return uniformity_loss(checked_rows(z, min_rows=2), t=t)


@final
class Uniformity(Diagnostic):
    """:func:`uniformity` over a stream; keeps at most `capacity` samples.

    Cost:
        The mean potential is not a function of moments, so samples are kept in a
        :class:`Reservoir` of `capacity` rows: exact up to that many, a random subset beyond.
    """

    better: ClassVar[Better] = Better.LOWER
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {
        "complete collapse": lambda dim: 0.0,
        "isotropic": uniformity_minimum,
    }

    def __init__(self, *, t: float = 2, capacity: int = 2048) -> None:
        check_positive(t=t)
        super().__init__()
        self.t = t
        self._reservoir = Reservoir(capacity)

    def update(self, z: Float[Tensor, "samples dim"]) -> None:
        """Add rows."""
        self._reservoir.update(*self.accept(z=z))

    def compute(self) -> Float[Tensor, ""]:
        """The uniformity of the rows kept."""
        if self._reservoir.seen < 2:
            raise ValueError(f"`Uniformity` needs at least 2 rows, got {self._reservoir.seen}")
        return uniformity(self._reservoir.rows, t=self.t)

    def merge(self, other: Self) -> Self:
        """A new diagnostic over the rows of both."""
        merged = self._joined(other)
        merged._reservoir = self._reservoir.merge(other._reservoir)
        return merged

"""Centre and residual: the unit vectors' common direction and what deviates from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Self, final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.diagnostics._diagnostic import Better, Diagnostic, checked_rows
from nearfar.diagnostics._reservoir import Reservoir
from nearfar.ops import to_sphere

__all__ = ["CenterResidual", "center_residual"]


def _lengths(rows: Tensor, center: Tensor) -> tuple[Tensor, Tensor]:
    return center.norm(), (rows - center).norm(dim=1).mean()


@torch.no_grad()
def center_residual(
    z: Float[Tensor, "samples dim"],
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    r"""Length of the mean unit vector, and mean length of the residuals around it.

    .. math:: m_o = \lVert o \rVert, \quad m_r = \frac1n \sum_i \lVert u_i - o \rVert, \qquad
              o = \frac1n \sum_i u_i, \; u_i = z_i / \lVert z_i \rVert

    Args:
        z: One view of each sample, 2 rows or more; rows need not be normalised.

    Returns:
        :math:`m_o` and :math:`m_r`.

    Range:
        Both in [0, 1], with :math:`m_o^2 + m_r^2 \le 1`.

    Reading:
        :math:`m_o \to 1, m_r \to 0` is complete collapse. Isotropic vectors have
        :math:`m_o \approx 1/\sqrt n` and :math:`m_r \approx 1`. Features after a ReLU lie in one
        orthant and have about 0.57 and 0.82, which is not a collapse.

    Reference:
        Zhang et al. 2022, section 3 (arXiv 2203.16262).

    Example:
        >>> m_o, m_r = center_residual(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
        >>> print(f"{m_o:.4f} {m_r:.4f}")
        0.7071 0.7071
    """
    rows = to_sphere(checked_rows(z, min_rows=2))
    return _lengths(rows, rows.mean(dim=0))


@final
class CenterResidual(Diagnostic):
    """:func:`center_residual` over a stream; keeps a sum and at most `capacity` samples.

    `better` and `anchors` refer to :math:`m_o`; :math:`m_r` moves in the opposite direction.

    Cost:
        :math:`m_o` is exact. The residuals' mean length is not a function of moments, so
        :math:`m_r` is computed on a :class:`Reservoir` of `capacity` rows: exact up to that many.
    """

    better: ClassVar[Better] = Better.LOWER
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {
        "complete collapse": lambda dim: 1.0,
        "isotropic": lambda dim: 0.0,
    }

    _sum: Tensor

    def __init__(self, *, capacity: int = 2048) -> None:
        super().__init__()
        self._reservoir = Reservoir(capacity)
        self.add_state("_sum", torch.zeros(1, dtype=torch.float64))

    def update(self, z: Float[Tensor, "samples dim"]) -> None:
        """Add rows."""
        rows = to_sphere(*self.accept(z=z))
        self._sum = self._sum + rows.sum(dim=0)
        self._reservoir.update(rows)

    def compute(self) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """:math:`m_o` and :math:`m_r` over all rows so far."""
        seen = self._reservoir.seen
        if seen < 2:
            raise ValueError(f"`CenterResidual` needs at least 2 rows, got {seen}")
        return _lengths(self._reservoir.rows.double(), self._sum / seen)

    def merge(self, other: Self) -> Self:
        """A new diagnostic over the rows of both."""
        merged = self._joined(other)
        merged._reservoir = self._reservoir.merge(other._reservoir)
        merged._sum = self._sum + other._sum.to(self.device)
        return merged

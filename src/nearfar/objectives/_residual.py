"""The residual component of a negative gradient, alone."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_matrix
from nearfar.objectives._objective import Objective
from nearfar.ops import to_sphere

__all__ = ["ResidualLoss", "residual_loss"]


def residual_loss(z: Float[Tensor, "batch dim"]) -> Float[Tensor, ""]:
    r"""Move every sample along its own residual, away from the batch's centre.

    .. math:: L = -\frac1N \sum_{i=1}^{N} Z_i \cdot \mathrm{sg}(Z_i - o_z), \qquad
              Z_i = z_i / \lVert z_i \rVert, \; o_z = \frac1N \sum_{i=1}^{N} Z_i

    with sg the stop-gradient. It serves to test a conjecture, that the residual component of a
    negative gradient reverses collapse, not to train. Vectors are normalised internally; sums
    accumulate in float32 or wider.

    Args:
        z: One view's projections, non-zero.

    Returns:
        Mean over samples.

    Raises:
        ValueError: Not a matrix, or fewer than 2 samples.
        TypeError: An integer tensor.

    Scale:
        A balanced batch: −1, the minimum. Complete collapse: 0, the maximum. Equal to ‖o_z‖² − 1.

    Cost:
        Time and memory batch·dim. Couples the batch through the centre: gather first.

    Relations:
        Its gradient is minus that of :func:`center_loss`, as a pull towards the sample itself has
        no effect on the sphere. The two values add up to −1.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), conjecture 1, the second phase of figure 4.

    Example:
        >>> import torch
        >>> z = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> print(f"{residual_loss(z):.4f}")
        -0.5000
    """
    check_matrix(min_rows=2, z=z)
    units = to_sphere(z)
    return -(units * (units - units.mean(dim=0)).detach()).sum(dim=1).mean()


@final
class ResidualLoss(Objective):
    """:func:`residual_loss` as a module."""

    def forward(self, z: Tensor) -> Tensor:
        """The loss of one view's projections."""
        return residual_loss(z)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> None:
        """None: the loss has no chance value."""

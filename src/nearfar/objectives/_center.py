"""The centre component of a negative gradient, alone."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_matrix
from nearfar.objectives._objective import Objective
from nearfar.ops import to_sphere

__all__ = ["CenterLoss", "center_loss"]


def center_loss(z: Float[Tensor, "batch dim"]) -> Float[Tensor, ""]:
    r"""Move every sample towards the batch's (detached) centre.

    .. math:: L = -\frac1N \sum_{i=1}^{N} Z_i \cdot \mathrm{sg}(o_z), \qquad
              Z_i = z_i / \lVert z_i \rVert, \; o_z = \frac1N \sum_{i=1}^{N} Z_i

    with sg the stop-gradient. It serves to test a conjecture, that the centre component of a
    negative gradient causes collapse, not to train. Vectors are normalised internally; sums
    accumulate in float32 or wider.

    Args:
        z: One view's projections, non-zero.

    Returns:
        Mean over samples.

    Raises:
        ValueError: Not a matrix, or fewer than 2 samples.
        TypeError: An integer tensor.

    Scale:
        Complete collapse: −1, the minimum. A balanced batch: 0, the maximum. Equal to −‖o_z‖².

    Cost:
        Time and memory batch·dim. Couples the batch through the centre: gather first.

    Relations:
        Its gradient is half that of −‖o_z‖² and minus that of :func:`residual_loss`; the two
        values add up to −1.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), conjecture 1, the first phase of figure 4.

    Example:
        >>> import torch
        >>> z = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> print(f"{center_loss(z):.4f}")
        -0.5000
    """
    check_matrix(min_rows=2, z=z)
    units = to_sphere(z)
    return -(units * units.mean(dim=0).detach()).sum(dim=1).mean()


@final
class CenterLoss(Objective):
    """:func:`center_loss` as a module."""

    def forward(self, z: Tensor) -> Tensor:
        """The loss of one view's projections."""
        return center_loss(z)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> None:
        """None: the loss has no chance value."""

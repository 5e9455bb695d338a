"""Forward and inverse predictive learning between an input and its signal."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_same_shape
from nearfar.objectives._objective import Objective
from nearfar.objectives._vicreg import invariance_term
from nearfar.ops import widen

__all__ = [
    "ForwardPredictiveLoss",
    "InversePredictiveLoss",
    "forward_predictive_loss",
    "inverse_predictive_loss",
]


def forward_predictive_loss(
    reconstructions: Float[Tensor, "batch ..."], signals: Float[Tensor, "batch ..."]
) -> Float[Tensor, ""]:
    r"""Reconstruct each signal from the input's representation.

    .. math:: L = \frac1N \sum_{i=1}^{N} \lVert s_i - R(z_i) \rVert_2^2

    with the decoder's output :math:`R(z_i)`. Squares are summed over all elements of a signal, of
    any shape. Sums accumulate in float32 or wider.

    Args:
        reconstructions: The decoder's outputs, one per sample along the first axis.
        signals: The targets, in the same order.

    Returns:
        Mean over samples.

    Raises:
        ValueError: Shapes that differ, or an empty batch.
        TypeError: Integer tensors.

    Scale:
        Perfect: 0. Unbounded above. A constant reconstruction has at least the signals' variance,
        summed over their elements.

    Cost:
        Time and memory of the signals' size. Does not couple the batch.

    Relations:
        The mean squared error times the number of elements. Up to constants, the conditional
        entropy of the signal under a Gaussian decoder; the paper maximises minus this.

    Reference:
        Tsai, Wu, Salakhutdinov, Morency, ICLR 2021 (arXiv 2006.05576), equation 2.

    Example:
        >>> import torch
        >>> signals = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
        >>> print(f"{forward_predictive_loss(signals + 0.5, signals):.2f}")
        1.00
    """
    check_same_shape(reconstructions=reconstructions, signals=signals)
    for name, tensor in (("reconstructions", reconstructions), ("signals", signals)):
        if not tensor.is_floating_point():
            raise TypeError(f"`{name}` must be floating point, got {tensor.dtype}")
        if tensor.numel() == 0 or tensor.ndim == 0:
            raise ValueError(f"`{name}` needs at least 1 sample, got shape {tuple(tensor.shape)}")
    return (widen(reconstructions) - widen(signals)).square().sum() / len(signals)


def inverse_predictive_loss(
    z1: Float[Tensor, "batch dim"], z2: Float[Tensor, "batch dim"]
) -> Float[Tensor, ""]:
    r"""Predict the input's representation from the signal's.

    .. math:: L = \frac1N \sum_{i=1}^{N} \lVert z^1_i - z^2_i \rVert_2^2

    Vectors are not normalised; sums accumulate in float32 or wider.

    Args:
        z1: The input's representations.
        z2: The signal's representations, in the same order.

    Returns:
        Mean over samples.

    Raises:
        ValueError: Not two matrices of equal shape.
        TypeError: Integer tensors.

    Scale:
        Perfect alignment or complete collapse: 0. Grows with the vectors' squared length.

    Cost:
        Time and memory batch·dim. Does not couple the batch.

    Relations:
        VICReg's :func:`invariance_term`; for unit vectors, :func:`alignment_loss` with ``alpha=2``.
        The mean squared error times dim (the authors' code uses twice the mean squared error).
        Up to constants, the conditional entropy of the input's representation given the signal's,
        under a Gaussian; the paper maximises minus this. Alone it is minimised by a constant
        encoder.

    Reference:
        Tsai, Wu, Salakhutdinov, Morency, ICLR 2021 (arXiv 2006.05576), equation 3.

    Example:
        >>> import torch
        >>> print(f"{inverse_predictive_loss(torch.zeros(2, 3), torch.ones(2, 3)):.1f}")
        3.0
    """
    return invariance_term(z1, z2)


@final
class ForwardPredictiveLoss(Objective):
    """:func:`forward_predictive_loss` as a module."""

    def forward(self, reconstructions: Tensor, signals: Tensor) -> Tensor:
        """The loss of decoded signals."""
        return forward_predictive_loss(reconstructions, signals)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> None:
        """None: the loss has no chance value."""


@final
class InversePredictiveLoss(Objective):
    """:func:`inverse_predictive_loss` as a module."""

    def forward(self, z1: Tensor, z2: Tensor) -> Tensor:
        """The loss of two views' representations."""
        return inverse_predictive_loss(z1, z2)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> None:
        """None: the loss has no chance value."""

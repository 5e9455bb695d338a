"""Triplet losses on distances and on cosines."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor
from torch.linalg import vector_norm

from nearfar._docstrings import documented_by
from nearfar.checks import check_matrix, check_not_negative, check_same_shape
from nearfar.objectives._objective import Objective
from nearfar.ops import to_sphere, widen

__all__ = ["CosineTripletLoss", "TripletLoss", "cosine_triplet_loss", "triplet_loss"]


def triplet_loss(
    anchors: Float[Tensor, "batch dim"],
    positives: Float[Tensor, "batch dim"],
    negatives: Float[Tensor, "batch dim"],
    *,
    margin: float,
) -> Float[Tensor, ""]:
    r"""Pull each anchor towards its positive until its negative is farther by a margin.

    .. math:: L = \frac1N \sum_{i=1}^{N}
              \max\big(0,\; m + \lVert a_i - p_i \rVert_2 - \lVert a_i - n_i \rVert_2\big)

    with :math:`m` the margin. Vectors are not normalised; sums accumulate in float32 or wider. The
    gradient at distance 0 is set to 0.

    Args:
        anchors: One row per sample.
        positives: One positive per anchor.
        negatives: One negative per anchor.
        margin: Margin between the distances, 0 or above.

    Returns:
        Mean over triplets.

    Raises:
        ValueError: Not three matrices of equal shape, or a negative margin.
        TypeError: Integer tensors.

    Scale:
        Negatives farther than positives by the margin: 0, the minimum. Chance (both equally far),
        and complete collapse: the margin. Unbounded above.

    Cost:
        Time and memory batch·dim. Does not couple the batch.

    Relations:
        All violated triplets have equal weight, where :func:`info_nce_loss` gives hard negatives
        more. :func:`cosine_triplet_loss` is the same on similarities. In sources that write
        ``max(0, m + s(a, p) − s(a, n))``, s is a distance, as here.

    Reference:
        Schroff, Kalenichenko, Philbin, CVPR 2015 (arXiv 1503.03832), section 3.1, where the
        distances, of unit vectors, are squared.

    Example:
        >>> import torch
        >>> anchors, positives = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]])
        >>> near, far = torch.tensor([[0.0, 5.5]]), torch.tensor([[0.0, 7.0]])
        >>> for negatives in (near, far):
        ...     print(f"{triplet_loss(anchors, positives, negatives, margin=1.0):.2f}")
        0.50
        0.00
    """
    _check(anchors, positives, negatives, margin)
    anchors = widen(anchors)
    near: Tensor = vector_norm(anchors - widen(positives), dim=1)
    far: Tensor = vector_norm(anchors - widen(negatives), dim=1)
    return (margin + near - far).relu().mean()


def cosine_triplet_loss(
    anchors: Float[Tensor, "batch dim"],
    positives: Float[Tensor, "batch dim"],
    negatives: Float[Tensor, "batch dim"],
    *,
    margin: float,
) -> Float[Tensor, ""]:
    r"""Pull each anchor towards its positive until its negative is less similar by a margin.

    .. math:: L = \frac1N \sum_{i=1}^{N} \max\big(0,\; m + \cos(a_i, n_i) - \cos(a_i, p_i)\big)

    with :math:`m` the margin. Vectors are normalised internally; sums accumulate in float32 or
    wider.

    Args:
        anchors: One row per sample, non-zero.
        positives: One positive per anchor.
        negatives: One negative per anchor.
        margin: Margin between the cosines, 0 or above; above 2 it is always violated.

    Returns:
        Mean over triplets.

    Raises:
        ValueError: Not three matrices of equal shape, or a negative margin.
        TypeError: Integer tensors.

    Scale:
        Negatives less similar than positives by the margin: 0, the minimum where the margin is at
        most 2. Chance (both equally similar), and complete collapse: the margin. Bounded by
        max(0, m − 2) and m + 2.

    Cost:
        Time and memory batch·dim. Does not couple the batch.

    Relations:
        On unit vectors ``cos = 1 − d²/2``, so this is the triplet loss on halved squared distances:
        FaceNet's with twice the margin, halved.

    Reference:
        Chen, Kornblith, Norouzi, Hinton, ICML 2020 (arXiv 2002.05709), table 2, where it is
        negated and called margin triplet.

    Example:
        >>> import torch
        >>> anchors, positives = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.8, 0.6]])
        >>> negatives = torch.tensor([[0.6, 0.8]])
        >>> print(f"{cosine_triplet_loss(anchors, positives, negatives, margin=0.4):.2f}")
        0.20
    """
    _check(anchors, positives, negatives, margin)
    anchors = to_sphere(anchors)
    near = (anchors * to_sphere(positives)).sum(dim=1)
    far = (anchors * to_sphere(negatives)).sum(dim=1)
    return (margin + far - near).relu().mean()


def _check(anchors: Tensor, positives: Tensor, negatives: Tensor, margin: float) -> None:
    check_matrix(anchors=anchors, positives=positives, negatives=negatives)
    check_same_shape(anchors=anchors, positives=positives, negatives=negatives)
    check_not_negative(margin=margin)


@final
@documented_by(triplet_loss)
class TripletLoss(Objective):
    """:func:`triplet_loss` with its hyper-parameters stored."""

    def __init__(self, *, margin: float) -> None:
        super().__init__()
        check_not_negative(margin=margin)
        self.margin = margin

    def forward(self, anchors: Tensor, positives: Tensor, negatives: Tensor) -> Tensor:
        """The loss of triplets."""
        return triplet_loss(anchors, positives, negatives, margin=self.margin)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float:
        """The margin: positive and negative are equally far."""
        return self.margin


@final
@documented_by(cosine_triplet_loss)
class CosineTripletLoss(Objective):
    """:func:`cosine_triplet_loss` with its hyper-parameters stored."""

    def __init__(self, *, margin: float) -> None:
        super().__init__()
        check_not_negative(margin=margin)
        self.margin = margin

    def forward(self, anchors: Tensor, positives: Tensor, negatives: Tensor) -> Tensor:
        """The loss of triplets."""
        return cosine_triplet_loss(anchors, positives, negatives, margin=self.margin)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float:
        """The margin: positive and negative are equally similar."""
        return self.margin

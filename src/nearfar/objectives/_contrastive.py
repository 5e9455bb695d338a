"""The contrastive loss that tends to alignment plus uniformity."""

from __future__ import annotations

import math
from typing import final

from jaxtyping import Float
from torch import Tensor

from nearfar._docstrings import documented_by
from nearfar.checks import check_matrix, check_same_shape, check_temperature
from nearfar.objectives._info_nce import info_nce_loss
from nearfar.objectives._objective import Objective
from nearfar.parallel import Ring

__all__ = ["ContrastiveLoss", "contrastive_loss"]


@documented_by(info_nce_loss)
def contrastive_loss(
    z1: Float[Tensor, "batch dim"],
    z2: Float[Tensor, "batch dim"],
    negatives: Float[Tensor, "bank dim"] | Float[Tensor, "batch negatives dim"] | None = None,
    *,
    temperature: float | Float[Tensor, ""],
    ring: Ring | None = None,
) -> Float[Tensor, ""]:
    r"""Pull the two views of a sample together, push them away from M other samples.

    .. math:: L = \frac1N \sum_{i=1}^{N} -\ln \frac{e^{\cos(z^1_i, z^2_i) / \tau}}
              {e^{\cos(z^1_i, z^2_i) / \tau} + \sum_{m=1}^{M} e^{\cos(z^1_i, z^-_{im}) / \tau}}

    with M given negatives :math:`z^-` and the temperature :math:`\tau`. Without `negatives` it is
    the mini-batch estimator, the average of 2N terms: each view as anchor, the opposite view's
    other samples as negatives, M = N − 1. Vectors are normalised internally; sums accumulate in
    float32 or wider.

    Args:
        z1: First view's projections, non-zero; the anchors if `negatives` are given (the paper's
            f(y)).
        z2: Second view's projections, in the same order (the paper's f(x)).
        negatives: M projections of other samples, shared by all anchors or one set per anchor.

    Returns:
        Mean over anchors; with a ring, over all processes' anchors.

    Raises:
        ValueError: Shapes that do not match, no negatives, negatives with a ring, a non-positive
            temperature.
        TypeError: Integer tensors.

    Scale:
        Chance or complete collapse: ln(1 + M), which is ln N within a batch. Perfect alignment of
        well separated samples: tends to 0 as the temperature falls. Bounded by 0 and
        ln(1 + M·e^(2/τ)).

    Cost:
        Time N·M·dim, twice that within a batch; memory that of the arguments, as the similarity
        matrix is never materialised. Couples the batch unless negatives are given: gather first,
        or pass a ring.

    Relations:
        With `negatives` it is :func:`info_nce_loss`; without, the mean of its two directions. For
        M → ∞, ``L − ln M`` tends to ``alignment / (2τ) − 1/τ`` (:func:`alignment_loss` with
        ``alpha=2``) plus the mean over anchors of ``ln E exp(cos / τ)``, minimised by perfectly
        uniform views (theorem 1). The latter is :func:`uniformity_loss` with ``t = 1/(2τ)``, but
        with the logarithm taken per anchor. Convergence is slow at low temperature: the distance
        is of order ``e^(2/τ) / M + 1/√M``.

    Reference:
        Wang & Isola, ICML 2020 (arXiv 2005.10242), equation 1; for the batch, their
        mini-batch formula, which lacks its minus sign in print.

    Example:
        >>> import torch
        >>> z1 = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> z2 = torch.tensor([[0.8, 0.6], [0.8, 0.6]])
        >>> print(f"{contrastive_loss(z1, z2, temperature=0.5):.4f}")
        0.7031
        >>> print(f"{contrastive_loss(z1, z2, -z1, temperature=0.5):.4f}")
        0.2503
    """
    alone = negatives is None and ring is None
    check_matrix(min_rows=2 if alone else 1, z1=z1, z2=z2)
    check_same_shape(z1=z1, z2=z2)
    if negatives is not None:
        return info_nce_loss(z1, z2, negatives, temperature=temperature, ring=ring)
    there = info_nce_loss(z1, z2, temperature=temperature, ring=ring)
    back = info_nce_loss(z2, z1, temperature=temperature, ring=ring)
    return (there + back) / 2


@final
@documented_by(contrastive_loss)
class ContrastiveLoss(Objective):
    """:func:`contrastive_loss` with its hyper-parameters stored."""

    def __init__(self, *, temperature: float | Tensor) -> None:
        super().__init__()
        check_temperature(temperature)
        self.temperature = temperature

    def forward(
        self, z1: Tensor, z2: Tensor, negatives: Tensor | None = None, *, ring: Ring | None = None
    ) -> Tensor:
        """The loss of two views' projections, with in-batch or given negatives."""
        return contrastive_loss(z1, z2, negatives, temperature=self.temperature, ring=ring)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float:
        """Log number of candidates: the batch size, or 1 + M."""
        return math.log(1 + num_negatives if num_negatives else batch_size)

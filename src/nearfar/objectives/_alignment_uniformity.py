"""Weighted sum of alignment and uniformity, the two terms of contrastive learning."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor

from nearfar._docstrings import documented_by
from nearfar.checks import check_matrix, check_not_negative, check_positive, check_same_shape
from nearfar.objectives._alignment import alignment_loss
from nearfar.objectives._objective import Objective, total
from nearfar.objectives._uniformity import uniformity_loss
from nearfar.parallel import Ring

__all__ = ["AlignmentUniformityLoss", "alignment_uniformity_loss"]


@documented_by(alignment_loss, uniformity_loss)
def alignment_uniformity_loss(
    z1: Float[Tensor, "batch dim"],
    z2: Float[Tensor, "batch dim"],
    *,
    alpha: float = 2.0,
    t: float = 2.0,
    alignment_weight: float = 1.0,
    uniformity_weight: float = 1.0,
    ring: Ring | None = None,
) -> Float[Tensor, ""]:
    r"""Pull the two views of a sample together, push all samples of each view apart.

    .. math:: L = \lambda_a L_\mathrm{align}(z^1, z^2; \alpha) + \frac{\lambda_u}2
              \big[L_\mathrm{uniform}(z^1; t) + L_\mathrm{uniform}(z^2; t)\big]

    with :func:`alignment_loss` and :func:`uniformity_loss` (without self-pairs). Vectors are
    normalised internally; sums accumulate in float32 or wider.

    Args:
        z1: First view's projections, non-zero.
        z2: Second view's projections, in the same order.
        alignment_weight: λ_a, weight of the alignment term.
        uniformity_weight: λ_u, weight of the uniformity term.

    Returns:
        The weighted sum; with a ring, over all processes' samples.

    Raises:
        ValueError: Not two matrices of equal shape, fewer than 2 samples, a non-positive `alpha`
            or `t`, or a negative weight.
        TypeError: Integer tensors.

    Scale:
        Complete collapse: 0. Perfect (equal views, uniform in many dimensions): about −2t·λ_u.
        Unrelated uniform views: about λ_a·2^(α/2) − 2t·λ_u. Bounded by −4t·λ_u and λ_a·2^α.

    Cost:
        Time N²·dim, memory N·dim, as the distance matrix is never materialised. Couples the batch:
        gather first, or pass a ring.

    Relations:
        :func:`contrastive_loss` with many negatives at temperature τ corresponds to
        ``alignment_weight = 1/(2τ)``, ``uniformity_weight = 1``, ``t = 1/(2τ)``, up to constants
        and the order of logarithm and mean. Too large an alignment weight causes collapse.

    Reference:
        Wang & Isola, ICML 2020 (arXiv 2005.10242), the terms of section 4.1; the average of both
        views as in the authors' code, ssnl/align_uniform at 78ccdb1.

    Example:
        >>> import torch
        >>> z1 = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
        >>> z2 = torch.tensor([[0.8, 0.6], [-0.6, 0.8], [-0.8, -0.6], [0.6, -0.8]])
        >>> print(f"{alignment_uniformity_loss(z1, z2):.4f}")
        -3.9963
    """
    return total(
        _terms(
            z1,
            z2,
            alpha=alpha,
            t=t,
            alignment_weight=alignment_weight,
            uniformity_weight=uniformity_weight,
            ring=ring,
        )
    )


def _terms(
    z1: Tensor,
    z2: Tensor,
    *,
    alpha: float,
    t: float,
    alignment_weight: float,
    uniformity_weight: float,
    ring: Ring | None,
) -> dict[str, Tensor]:
    check_matrix(min_rows=1 if ring else 2, z1=z1, z2=z2)
    check_same_shape(z1=z1, z2=z2)
    check_not_negative(alignment_weight=alignment_weight, uniformity_weight=uniformity_weight)
    uniformity = (uniformity_loss(z1, t=t, ring=ring) + uniformity_loss(z2, t=t, ring=ring)) / 2
    alignment = alignment_loss(z1, z2, alpha=alpha)
    if ring is not None:
        alignment = ring.gather(alignment[None]).mean()
    return {
        "alignment": alignment_weight * alignment,
        "uniformity": uniformity_weight * uniformity,
    }


@final
@documented_by(alignment_uniformity_loss)
class AlignmentUniformityLoss(Objective):
    """:func:`alignment_uniformity_loss` with its hyper-parameters stored."""

    def __init__(
        self,
        *,
        alpha: float = 2.0,
        t: float = 2.0,
        alignment_weight: float = 1.0,
        uniformity_weight: float = 1.0,
    ) -> None:
        super().__init__()
        check_positive(alpha=alpha, t=t)
        check_not_negative(alignment_weight=alignment_weight, uniformity_weight=uniformity_weight)
        self.alpha = alpha
        self.t = t
        self.alignment_weight = alignment_weight
        self.uniformity_weight = uniformity_weight

    def forward(self, z1: Tensor, z2: Tensor, *, ring: Ring | None = None) -> Tensor:
        """The loss of two views' projections."""
        return alignment_uniformity_loss(
            z1,
            z2,
            alpha=self.alpha,
            t=self.t,
            alignment_weight=self.alignment_weight,
            uniformity_weight=self.uniformity_weight,
            ring=ring,
        )

    def terms(self, z1: Tensor, z2: Tensor, *, ring: Ring | None = None) -> dict[str, Tensor]:
        """``alignment`` and ``uniformity``, weighted: they add up to the loss."""
        return _terms(
            z1,
            z2,
            alpha=self.alpha,
            t=self.t,
            alignment_weight=self.alignment_weight,
            uniformity_weight=self.uniformity_weight,
            ring=ring,
        )

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> None:
        """None: the loss has no chance value."""

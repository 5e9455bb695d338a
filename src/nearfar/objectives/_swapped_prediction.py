"""SwAV's swapped prediction: predict one view's code from another view."""

from __future__ import annotations

import math
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from nearfar._docstrings import documented_by
from nearfar.checks import (
    check_axes,
    check_integer,
    check_matrix,
    check_positive,
    check_same_columns,
    check_same_shape,
    check_temperature,
)
from nearfar.objectives._objective import Objective, shared
from nearfar.ops import full_precision, sinkhorn, to_sphere

__all__ = ["SwappedPredictionLoss", "swapped_prediction_loss"]


@documented_by(shared)
def swapped_prediction_loss(  # noqa: PLR0917  (two pairs of tensors)
    z1: Float[Tensor, "batch dim"],
    z2: Float[Tensor, "batch dim"],
    prototypes: Float[Tensor, "prototypes dim"],
    queue1: Float[Tensor, "queue dim"] | None = None,
    queue2: Float[Tensor, "queue dim"] | None = None,
    small: Float[Tensor, "crops batch dim"] | None = None,
    *,
    temperature: float | Float[Tensor, ""] = 0.1,
    epsilon: float = 0.05,
    iterations: int = 3,
) -> Float[Tensor, ""]:
    r"""Predict each view's prototype assignment (code) from another view of the sample.

    .. math:: L = \frac12 \sum_{j=1}^{2} \frac1{V-1} \sum_{v \neq j} \ell(z^v, q^j), \qquad
              \ell(z, q) = -\frac1N \sum_{i=1}^{N} \sum_{k=1}^{K} q_{ik} \ln
              \frac{e^{\cos(z_i, c_k) / \tau}}{\sum_{k'} e^{\cos(z_i, c_{k'}) / \tau}}

    with prototypes :math:`c_k`, temperature :math:`\tau`, and the codes q of the first two views
    computed by :func:`~nearfar.ops.sinkhorn` from the similarities to the prototypes, without
    gradient. V is 2, plus the number of small crops, which predict both codes and have none
    themselves. Equal partition of the batch among the prototypes prevents collapse. Vectors and
    prototypes are normalised internally; sums accumulate in float32 or wider.

    Args:
        z1: First view's projections, non-zero.
        z2: Second view's projections, in the same order.
        prototypes: K learnable directions.
        queue1: First view's projections of earlier batches. They only enter the computation of
            `z1`'s codes, which small batches need (3,840 of them at a batch of 256 in the paper);
            no gradient reaches them.
        queue2: The same for `z2`.
        small: Projections of further views, such as small crops, one matrix per view.
        epsilon: ε, entropy regularisation of the codes, above 0; smaller is harder.
        iterations: Number of Sinkhorn–Knopp iterations. With 0 a code is its sample's softmax,
            without the equal partition, and one prototype can take all samples.

    Returns:
        Mean over samples and over pairs of a view and another view's code.

    Raises:
        ValueError: Shapes that do not match, one queue without the other, fewer than 2 samples
            without a queue, a non-positive temperature or `epsilon`, negative `iterations`.
        TypeError: Integer tensors.

    Scale:
        Chance (all prototypes equally similar): ln K. Complete collapse: the codes are uniform, so
        the minimum is ln K. Perfect alignment with distinct prototypes: tends to 0 as ε and the
        temperature fall. Bounded by 0 and ln K + 2/τ. Without iterations one prototype can take
        all samples, with a loss near 0.

    Cost:
        Time (V·N + queue)·K·(dim + iterations), memory (V·N + queue)·K. Couples the batch through
        the codes, unless `iterations` is 0: gather first.

    Relations:
        The paper's equation 1 adds the two directions, twice this, and equation 6 all pairs of a
        view and another view's code; the paper's pseudo-code and the authors' code average, as
        here. They renormalise the prototypes before each step; here a prototype's length has no
        effect, and its gradient is orthogonal to it. For fixed codes it is the cross-entropy of a
        cosine classifier.

    Reference:
        Caron et al., NeurIPS 2020 (arXiv 2006.09882), equations 1, 2, 5 and 6; authors' code
        facebookresearch/swav.

    Example:
        >>> import torch
        >>> z1 = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> z2 = torch.tensor([[0.8, 0.6], [0.6, 0.8]])
        >>> print(f"{swapped_prediction_loss(z1, z2, z1, temperature=0.5):.4f}")
        0.3380
        >>> print(f"{swapped_prediction_loss(z1[:1].repeat(2, 1), z2[:1].repeat(2, 1), z1):.4f}")
        3.0635
    """
    if (queue1 is None) != (queue2 is None):
        raise ValueError("`queue1` and `queue2` must be given together, got only one of them")
    check_integer(at_least=0, iterations=iterations)
    check_matrix(min_rows=2 if queue1 is None and iterations else 1, z1=z1, z2=z2)
    check_same_shape(z1=z1, z2=z2)
    check_temperature(temperature)
    others = {"prototypes": prototypes, "queue1": queue1, "queue2": queue2}
    given = {name: tensor for name, tensor in others.items() if tensor is not None}
    check_matrix(min_rows=1, **given)
    check_same_columns(z1=z1, **given)
    centers = to_sphere(prototypes)
    with full_precision(centers):
        scores = [to_sphere(z) @ centers.T for z in (z1, z2)]
        codes = [
            _codes(own, queue, centers, epsilon=epsilon, iterations=iterations)
            for own, queue in zip(scores, (queue1, queue2), strict=True)
        ]
        there = F.cross_entropy(scores[0] / temperature, codes[1])
        back = F.cross_entropy(scores[1] / temperature, codes[0])
        if small is None:
            return (there + back) / 2
        _check_small(small, z1)
        crops = len(small)
        more = (to_sphere(small.flatten(0, 1)) @ centers.T) / temperature
        both = (codes[0] + codes[1]).repeat(crops, 1)
        return (there + back + crops * F.cross_entropy(more, both)) / (2 * (1 + crops))


def _check_small(small: Tensor, z1: Tensor) -> None:
    check_axes("crops × batch × dim", small=small)
    if small.shape[1:] != z1.shape:
        raise ValueError(
            f"`small` must have the rows and columns of `z1`, {tuple(z1.shape)}, in each crop, got"
            f" shape {tuple(small.shape)}"
        )


def _codes(
    scores: Tensor, queue: Tensor | None, centers: Tensor, *, epsilon: float, iterations: int
) -> Tensor:
    """The codes of the batch, computed over batch and queue."""
    with torch.no_grad():
        earlier = [] if queue is None else [to_sphere(queue) @ centers.T]
        codes = sinkhorn(torch.cat([scores, *earlier]), epsilon=epsilon, iterations=iterations)
        return codes[: len(scores)]


@final
@documented_by(swapped_prediction_loss)
class SwappedPredictionLoss(Objective):
    """:func:`swapped_prediction_loss` with its hyper-parameters stored."""

    def __init__(
        self, *, temperature: float | Tensor = 0.1, epsilon: float = 0.05, iterations: int = 3
    ) -> None:
        super().__init__()
        check_temperature(temperature)
        check_positive(epsilon=epsilon)
        check_integer(at_least=0, iterations=iterations)
        self.temperature = temperature
        self.epsilon = epsilon
        self.iterations = iterations

    def forward(  # noqa: PLR0917  (two pairs of tensors)
        self,
        z1: Tensor,
        z2: Tensor,
        prototypes: Tensor,
        queue1: Tensor | None = None,
        queue2: Tensor | None = None,
        small: Tensor | None = None,
    ) -> Tensor:
        """The loss of two views' projections and of small crops, over the prototypes."""
        return swapped_prediction_loss(
            z1,
            z2,
            prototypes,
            queue1,
            queue2,
            small,
            temperature=self.temperature,
            epsilon=self.epsilon,
            iterations=self.iterations,
        )

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float | None:
        """The logarithm of K, with K − 1 passed as `num_negatives`; None if that is 0."""
        return math.log(1 + num_negatives) if num_negatives else None

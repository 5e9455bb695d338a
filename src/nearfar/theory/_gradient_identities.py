"""Negative gradients in closed form: basic gradient plus each loss's extra gradient."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_matrix, check_positive, check_same_shape
from nearfar.objectives import simsiam_extra_gradient, triplet_extra_gradient
from nearfar.ops import pairwise_logsumexp, to_sphere

__all__ = [
    "info_nce_extra_gradient",
    "info_nce_negative_gradient",
    "simsiam_extra_gradient",
    "simsiam_negative_gradient",
    "triplet_extra_gradient",
    "triplet_negative_gradient",
]


@torch.no_grad()
def simsiam_negative_gradient(
    z2: Float[Tensor, "batch dim"], predictions2: Float[Tensor, "batch dim"]
) -> Float[Tensor, "batch dim"]:
    r"""SimSiam's negative gradient for the first view's prediction: basic plus extra gradient.

    .. math:: -\frac{\partial}{\partial P_a} \big(-P_a \cdot \mathrm{sg}(Z_b)\big) = Z_b
              = P_b + G_e, \qquad G_e = Z_b - P_b, \quad o_e = o_z - o_p

    Assumptions:
        The gradient of one sample's own term; the other direction of the symmetric loss does not
        depend on :math:`P_a`. The part along :math:`P_a` has no effect (:func:`tangent`).

    Args:
        z2: The other view's projections, non-zero; normalised internally.
        predictions2: The other view's predictions.

    Returns:
        :math:`P_b + G_e`, which is :math:`Z_b`.

    Raises:
        ValueError: Not two matrices of equal shape.
        TypeError: Integer tensors.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), section 4.2.

    Example:
        >>> z2, predictions2 = torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 2.0]])
        >>> print(simsiam_negative_gradient(z2, predictions2))
        tensor([[0.6000, 0.8000]])
    """
    return to_sphere(predictions2) + simsiam_extra_gradient(z2, predictions2)


@torch.no_grad()
def triplet_negative_gradient(
    positives: Float[Tensor, "batch dim"], negatives: Float[Tensor, "batch dim"]
) -> Float[Tensor, "batch dim"]:
    r"""Negative gradient for the anchor of a triplet without margin: basic plus extra gradient.

    .. math:: -\frac{\partial}{\partial Z_a} \big(-Z_a \cdot \mathrm{sg}(Z_b - Z_n)\big)
              = Z_b + G_e, \qquad G_e = -Z_n, \quad o_e = -o_z

    Assumptions:
        :math:`o_e = -o_z` holds exactly where the negatives are a permutation of the batch, in
        expectation otherwise. With a margin (:func:`nearfar.objectives.cosine_triplet_loss`) the
        same for triplets that violate it, 0 for the others.

    Args:
        positives: The other view's projections, non-zero; normalised internally.
        negatives: Another sample's projections.

    Returns:
        :math:`Z_b - Z_n`.

    Raises:
        ValueError: Not two matrices of equal shape.
        TypeError: Integer tensors.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), section 4.1.

    Example:
        >>> positives, negatives = torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 2.0]])
        >>> print(triplet_negative_gradient(positives, negatives))
        tensor([[ 0.6000, -0.2000]])
    """
    check_matrix(positives=positives, negatives=negatives)
    check_same_shape(positives=positives, negatives=negatives)
    return to_sphere(positives) + triplet_extra_gradient(negatives)


def info_nce_extra_gradient(
    queries: Float[Tensor, "batch dim"],
    keys: Float[Tensor, "batch dim"],
    negatives: Float[Tensor, "bank dim"] | None = None,
    *,
    temperature: float,
) -> Float[Tensor, "batch dim"]:
    r"""InfoNCE's extra gradient: minus the softmax-weighted mean of the negatives.

    .. math:: G_{e,i} = -\sum_{n \in C_i} \lambda_{in} Z_n, \qquad
              \lambda_{in} = \frac{e^{Z_i \cdot Z_n / \tau}}{\sum_{l \in C_i} e^{Z_i \cdot Z_l /
              \tau}}

    Statement: InfoNCE's negative gradient points along :math:`Z_b + G_e`, with a magnitude that
    differs between samples (:func:`info_nce_negative_gradient`). At high temperature the weights
    are uniform and :math:`G_e` is nearly :math:`-o_z` for every sample: pure de-centring. At low
    temperature it is minus the nearest negative. In between, the residual part :math:`r_e` points
    away from crowded directions and decorrelates the dimensions (:func:`decorrelation_curve`).

    Args:
        queries: One view's projections, non-zero; normalised internally.
        keys: The other view's projections; a sample's own key is not among its negatives.
        negatives: A bank shared by all queries; by default the batch's other keys.
        temperature: :math:`\tau`, above 0.

    Returns:
        One vector of length at most 1 per query.

    Raises:
        ValueError: Shapes that do not match, no negatives, a non-positive temperature.
        TypeError: Integer tensors.

    Cost:
        Time batch·(batch or bank)·dim, memory that of the arguments.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), section 4.3.

    Example:
        >>> queries = torch.tensor([[1.0, 0.0]])
        >>> bank = torch.tensor([[0.0, 1.0], [-1.0, 0.0]])
        >>> print(info_nce_extra_gradient(queries, queries, bank, temperature=1.0))
        tensor([[ 0.2689, -0.7311]])
    """
    extra, _ = _softmax_mean(queries, keys, negatives, temperature)
    return extra


def info_nce_negative_gradient(
    queries: Float[Tensor, "batch dim"],
    keys: Float[Tensor, "batch dim"],
    negatives: Float[Tensor, "bank dim"] | None = None,
    *,
    temperature: float,
) -> Float[Tensor, "batch dim"]:
    r"""InfoNCE's negative gradient for the unit query, in closed form.

    .. math:: -\frac{\partial L_i}{\partial Z_i} = \frac{1 - p_i}\tau \big(Z_{b,i} + G_{e,i}\big),
              \qquad p_i = \frac{e^{Z_i \cdot Z_{b,i} / \tau}}
              {e^{Z_i \cdot Z_{b,i} / \tau} + \sum_{n \in C_i} e^{Z_i \cdot Z_n / \tau}}

    Statement: the basic gradient and :func:`info_nce_extra_gradient` share one factor, the
    probability of misclassifying the sample over the temperature. With the positive included in
    the softmax the same gradient is :math:`(Z_b - \sum \lambda Z) / \tau`.

    Assumptions:
        The gradient of one sample's own term with respect to the query; keys are constant, as in a
        queue. Where keys are trained too, their gradient is added. The part along the query has no
        effect (:func:`tangent`).

    Args:
        queries: One view's projections, non-zero; normalised internally.
        keys: The other view's projections.
        negatives: A bank shared by all queries; by default the batch's other keys.
        temperature: :math:`\tau`, above 0.

    Returns:
        One vector per query.

    Raises:
        ValueError: Shapes that do not match, no negatives, a non-positive temperature.
        TypeError: Integer tensors.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), section 4.3; the factor
        :math:`(1 - p_i) / \tau` is omitted there.

    Example:
        >>> queries = torch.tensor([[1.0, 0.0]])
        >>> bank = torch.tensor([[0.0, 1.0]])
        >>> print(info_nce_negative_gradient(queries, queries, bank, temperature=1.0))
        tensor([[ 0.2689, -0.2689]])
    """
    extra, sums = _softmax_mean(queries, keys, negatives, temperature)
    keys = to_sphere(keys.detach())
    own = (to_sphere(queries.detach()) * keys).sum(dim=1) / temperature
    mistaken = (sums - own).sigmoid()  # 1 − p
    return (mistaken / temperature)[:, None] * (keys + extra)


def _softmax_mean(
    queries: Tensor, keys: Tensor, negatives: Tensor | None, temperature: float
) -> tuple[Tensor, Tensor]:
    """Minus the softmax-weighted mean of each query's negatives, and their log-sum-exp."""
    check_matrix(min_rows=2 if negatives is None else 1, queries=queries, keys=keys)
    check_same_shape(queries=queries, keys=keys)
    check_positive(temperature=temperature)
    bank = to_sphere((keys if negatives is None else negatives).detach())
    with torch.enable_grad():
        units = to_sphere(queries.detach()).requires_grad_()
        own = negatives is None
        sums = pairwise_logsumexp(units, bank, scale=1 / temperature, exclude_self=own)
        (gradient,) = torch.autograd.grad(sums.sum(), units)  # weighted mean / temperature
    return -temperature * gradient, sums.detach()

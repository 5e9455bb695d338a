"""Negative gradients in closed form: what each loss adds to the pull of the partner."""

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
    r"""SimSiam's pull on the first view's unit prediction, as basic and extra gradient.

    .. math:: -\frac{\partial}{\partial P_a} \big(-P_a \cdot \mathrm{sg}(Z_b)\big) = Z_b
              = P_b + G_e, \qquad G_e = Z_b - P_b, \quad o_e = o_z - o_p

    Assumptions:
        Of one sample's own term; the other direction of the symmetric loss does not reach
        :math:`P_a`. The part along :math:`P_a` moves nothing (:func:`tangent`).

    Args:
        z2: The other view's projections, any length but zero; normalised here.
        predictions2: The other view's predictions.

    Returns:
        :math:`P_b + G_e`, which is :math:`Z_b`.

    Raises:
        ValueError: Not two matrices of one shape.
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
    r"""The pull on a unit anchor of a triplet without margin, as basic and extra gradient.

    .. math:: -\frac{\partial}{\partial Z_a} \big(-Z_a \cdot \mathrm{sg}(Z_b - Z_n)\big)
              = Z_b + G_e, \qquad G_e = -Z_n, \quad o_e = -o_z

    Assumptions:
        :math:`o_e = -o_z` holds for the batch where its negatives are its own samples in another
        order, in expectation otherwise. With a margin
        (:func:`nearfar.objectives.cosine_triplet_loss`) the same for triplets that violate it, 0
        for the others.

    Args:
        positives: The other view's projections, any length but zero; normalised here.
        negatives: Another sample's.

    Returns:
        :math:`Z_b - Z_n`.

    Raises:
        ValueError: Not two matrices of one shape.
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
    r"""What InfoNCE adds to the basic gradient: minus the softmax-weighted mean of the negatives.

    .. math:: G_{e,i} = -\sum_{n \in C_i} \lambda_{in} Z_n, \qquad
              \lambda_{in} = \frac{e^{Z_i \cdot Z_n / \tau}}{\sum_{l \in C_i} e^{Z_i \cdot Z_l /
              \tau}}

    Statement: InfoNCE pulls the unit query along :math:`Z_b + G_e`, with a strength that differs
    between samples (:func:`info_nce_negative_gradient`). For a high temperature the weights are
    even and, in the batch, :math:`G_e` is nearly :math:`-o_z` for all: de-centring alone. For a low
    one it is minus the nearest negative. Between, the residual part :math:`r_e` points against
    the directions in which the batch is crowded, and decorrelates (:func:`decorrelation_curve`).

    Args:
        queries: One view's projections, any length but zero; normalised here.
        keys: The other view's; a sample's own key is not among its negatives.
        negatives: Instead of the batch's other keys, one bank for all queries.
        temperature: :math:`\tau`, above 0.

    Returns:
        One vector, of length at most 1, for each query.

    Raises:
        ValueError: Not matrices of fitting shapes, no negative at all, a temperature not above 0.
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
    r"""InfoNCE's pull on the unit query, in closed form.

    .. math:: -\frac{\partial L_i}{\partial Z_i} = \frac{1 - p_i}\tau \big(Z_{b,i} + G_{e,i}\big),
              \qquad p_i = \frac{e^{Z_i \cdot Z_{b,i} / \tau}}
              {e^{Z_i \cdot Z_{b,i} / \tau} + \sum_{n \in C_i} e^{Z_i \cdot Z_n / \tau}}

    Statement: the partner's pull and that of :func:`info_nce_extra_gradient` are scaled alike, by
    how much the sample is still mistaken for others. With the positive among the candidates of the
    softmax the same reads :math:`(Z_b - \sum \lambda Z) / \tau`.

    Assumptions:
        Of one sample's own term, the queries' side: keys are held fixed, as in a queue. Where keys
        are trained too, their pull comes on top. The part along the query moves nothing
        (:func:`tangent`).

    Args:
        queries: One view's projections, any length but zero; normalised here.
        keys: The other view's.
        negatives: Instead of the batch's other keys, one bank for all queries.
        temperature: :math:`\tau`, above 0.

    Returns:
        One vector for each query.

    Raises:
        ValueError: Not matrices of fitting shapes, no negative at all, a temperature not above 0.
        TypeError: Integer tensors.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), section 4.3; the factor
        :math:`(1 - p_i) / \tau` is left out there.

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
    """Minus the softmax-weighted mean of each query's negatives, and the sum's logarithm."""
    check_matrix(min_rows=2 if negatives is None else 1, queries=queries, keys=keys)
    check_same_shape(queries=queries, keys=keys)
    check_positive(temperature=temperature)
    bank = to_sphere((keys if negatives is None else negatives).detach())
    with torch.enable_grad():
        units = to_sphere(queries.detach()).requires_grad_()
        own = negatives is None
        sums = pairwise_logsumexp(units, bank, scale=1 / temperature, exclude_self=own)
        (gradient,) = torch.autograd.grad(sums.sum(), units)  # the mean, over the temperature
    return -temperature * gradient, sums.detach()

"""InfoNCE: tell each query's key from the other candidates."""

from __future__ import annotations

import math
from typing import final

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from nearfar.checks import check_matrix, check_same_shape, check_temperature
from nearfar.objectives.objective import Objective
from nearfar.ops import pairwise_logsumexp, to_sphere

__all__ = ["InfoNCELoss", "info_nce_loss"]


def info_nce_loss(
    queries: Float[Tensor, "batch dim"],
    keys: Float[Tensor, "batch dim"],
    negatives: Float[Tensor, "bank dim"] | None = None,
    *,
    temperature: float | Float[Tensor, ""],
) -> Float[Tensor, ""]:
    r"""Make each query similar to its own key, push it away from the other candidates.

    .. math:: L = \frac1N \sum_{i=1}^{N} -\ln \frac{e^{\cos(q_i, k_i) / \tau}}
              {e^{\cos(q_i, k_i) / \tau} + \sum_{n \in C_i} e^{\cos(q_i, n) / \tau}}

    where :math:`C_i` holds the batch's other keys or, when a bank is given, the bank alone (as
    MoCo does), and :math:`\tau` is the temperature. One direction: keys are told apart, not
    queries. Vectors are normalised here; sums are in float32 or wider.

    Args:
        queries: One row per sample, any length but zero.
        keys: The same samples' keys, in the same order.
        negatives: Keys of other samples; without them the batch's other keys serve.
        temperature: Divides the similarities; a number above 0 or a learnable scalar.

    Returns:
        The mean over the queries.

    Raises:
        ValueError: Not matrices of fitting shapes, no negative at all, temperature not above 0.
        TypeError: Integer tensors.

    Scale:
        Chance, and complete collapse: the logarithm of the number of candidates, ln N in the batch
        and ln(1 + K) with a bank of K. Perfect alignment of well separated samples tends to 0 from
        above with falling temperature. Bounded by 0 and ln(1 + C·e^(2/τ)), C negatives.

    Cost:
        Time N·(N or K)·dim, memory (N + K)·dim: the similarities are never held together. Couples
        the batch unless a bank is given: gather first.

    Relations:
        The number of candidates' logarithm minus this is a lower bound of the information between
        query and key (in the batch). With both views of all other samples as candidates, in both
        directions, it is :func:`nt_xent_loss`.

    Reference:
        van den Oord, Li, Vinyals 2018 (arXiv 1807.03748), equation 4, with cosine over temperature
        as the score. With a bank: He et al. 2020 (arXiv 1911.05722), equation 1; authors' code
        facebookresearch/moco.

    Example:
        >>> import torch
        >>> queries = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> keys = torch.tensor([[0.8, 0.6], [0.6, 0.8]])
        >>> print(f"{info_nce_loss(queries, keys, temperature=0.5):.4f}")
        0.5130
        >>> print(f"{info_nce_loss(queries, keys, -keys, temperature=0.5):.4f}")
        0.0967
    """
    check_matrix(min_rows=2 if negatives is None else 1, queries=queries, keys=keys)
    check_same_shape(queries=queries, keys=keys)
    check_temperature(temperature)
    queries, keys = to_sphere(queries), to_sphere(keys)
    positives = (queries * keys).sum(dim=1) / temperature
    if negatives is None:
        others = pairwise_logsumexp(queries, keys, scale=1 / temperature, exclude_self=True)
    else:
        check_matrix(negatives=negatives)
        if negatives.shape[1] != queries.shape[1]:
            raise ValueError(
                f"`negatives` must have the columns of `queries`, {queries.shape[1]},"
                f" got {negatives.shape[1]}"
            )
        others = pairwise_logsumexp(queries, to_sphere(negatives), scale=1 / temperature)
    return F.softplus(others - positives).mean()  # logsumexp − positive, but never below 0


@final
class InfoNCELoss(Objective):
    """:func:`info_nce_loss` with its temperature remembered."""

    def __init__(self, *, temperature: float | Tensor) -> None:
        super().__init__()
        check_temperature(temperature)
        self.temperature = temperature

    def forward(self, queries: Tensor, keys: Tensor, negatives: Tensor | None = None) -> Tensor:
        """The loss of queries and their keys, against the batch or a bank."""
        return info_nce_loss(queries, keys, negatives, temperature=self.temperature)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float:
        """The logarithm of the number of candidates: the batch, or own key and bank."""
        return math.log(1 + num_negatives if num_negatives else batch_size)

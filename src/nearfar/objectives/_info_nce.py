"""InfoNCE: identify each query's key among candidates."""

from __future__ import annotations

import math
from typing import final

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from nearfar._deprecation import renamed_arguments, renamed_members
from nearfar._docstrings import documented_by
from nearfar.checks import (
    check_axes,
    check_matrix,
    check_same_columns,
    check_same_shape,
    check_temperature,
)
from nearfar.objectives._objective import Objective, shared
from nearfar.ops import (
    at_given_precision,
    full_precision,
    pairwise_logsumexp,
    to_sphere,
    widen,
)
from nearfar.parallel import Ring

__all__ = ["InfoNCELoss", "info_nce_loss"]


@documented_by(shared)
@renamed_arguments(normalise="normalize")
def info_nce_loss(
    queries: Float[Tensor, "batch dim"],
    keys: Float[Tensor, "batch dim"],
    negatives: Float[Tensor, "bank dim"] | Float[Tensor, "batch negatives dim"] | None = None,
    *,
    temperature: float | Float[Tensor, ""],
    normalize: bool = True,
    ring: Ring | None = None,
) -> Float[Tensor, ""]:
    r"""Pull each query towards its own key, push it away from the negatives.

    .. math:: L = \frac1N \sum_{i=1}^{N} -\ln \frac{e^{s(q_i, k_i)}}
              {e^{s(q_i, k_i)} + \sum_{n \in C_i} e^{s(q_i, n)}}, \qquad
              s(q, k) = \frac{\cos(q, k)}{\tau} \text{ or } \frac{q^\top k}{\tau}

    where :math:`\tau` is the temperature and :math:`C_i` the set of negatives: the batch's other
    keys, or `negatives`, shared by all queries (as in MoCo) or one set per query. One direction:
    negatives are keys, not queries. Sums accumulate in float32 or wider.

    Args:
        queries: One row per sample; non-zero if normalised.
        keys: The same samples' keys, in the same order.
        negatives: Keys of other samples: one matrix shared by all queries or one matrix per query;
            by default the batch's other keys.
        normalize: Whether to use cosine similarity. If not, the inner product, as in CPC, whose
            bilinear score :math:`q^\top W k` is the inner product of the mapped query and the key.
        ring: … Not with `negatives`.

    Returns:
        Mean over queries; with a ring, over all processes' queries.

    Raises:
        ValueError: Shapes that do not match, no negatives, negatives with a ring, a non-positive
            temperature.
        TypeError: Integer tensors.

    Scale:
        Chance or complete collapse: the log number of candidates, ln N within the batch and
        ln(1 + K) with K negatives. Perfect alignment of well separated samples: tends to 0 as the
        temperature falls. Bounded by 0 and ln(1 + C·e^(2/τ)) with C negatives; without
        normalisation unbounded above.

    Cost:
        Time N·(N or K)·dim; memory (N + K)·dim, as the similarity matrix is never materialised
        (N·K·dim with one set per query, the size of the input). Couples the batch unless negatives
        are given: gather first, or pass a ring.

    Relations:
        The log number of candidates minus this is a lower bound on the mutual information of query
        and key (with in-batch negatives). With both views of all other samples as negatives, in
        both directions, it is :func:`nt_xent_loss`.

    Reference:
        van den Oord, Li, Vinyals 2018 (arXiv 1807.03748), equation 4, with cosine over temperature
        as score. With given negatives: He et al. 2020 (arXiv 1911.05722), equation 1; authors' code
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
    alone = negatives is None and ring is None
    check_matrix(min_rows=2 if alone else 1, queries=queries, keys=keys)
    if negatives is not None and ring is not None:
        raise ValueError("`ring` must be None where `negatives` are given, got both")
    check_same_shape(queries=queries, keys=keys)
    check_temperature(temperature)
    ready = to_sphere if normalize else widen
    given = queries
    queries, keys = ready(queries), ready(keys)
    positives = (queries * keys).sum(dim=1) / temperature
    if negatives is None:
        queries, keys = at_given_precision(queries, given), at_given_precision(keys, given)
        others = pairwise_logsumexp(
            queries, keys, scale=1 / temperature, exclude_self=True, ring=ring
        )
    elif negatives.ndim == 3:
        _check_own_negatives(queries, negatives)
        with full_precision(queries):
            scores = (ready(negatives) @ queries[:, :, None]).squeeze(2)
        others = (scores / temperature).logsumexp(dim=1)
    else:
        check_matrix(negatives=negatives)
        check_same_columns(queries=queries, negatives=negatives)
        queries = at_given_precision(queries, given)
        bank = at_given_precision(ready(negatives), given)
        others = pairwise_logsumexp(queries, bank, scale=1 / temperature)
    loss = F.softplus(others - positives).mean()  # never negative, unlike a difference
    return loss if ring is None else ring.gather(loss[None]).mean()


def _check_own_negatives(queries: Tensor, negatives: Tensor) -> None:
    check_axes("batch × negatives × dim", negatives=negatives)
    samples, dim = queries.shape
    if (negatives.shape[0], negatives.shape[2]) != (samples, dim):
        raise ValueError(
            f"`negatives` must have a matrix of {dim} columns for each of the {samples} queries,"
            f" got shape {tuple(negatives.shape)}"
        )


@final
@documented_by(info_nce_loss)
@renamed_members(normalise="normalize")
class InfoNCELoss(Objective):
    """:func:`info_nce_loss` with its hyper-parameters stored."""

    def __init__(self, *, temperature: float | Tensor, normalize: bool = True) -> None:
        super().__init__()
        check_temperature(temperature)
        self.temperature = temperature
        self.normalize = normalize

    def forward(
        self,
        queries: Tensor,
        keys: Tensor,
        negatives: Tensor | None = None,
        *,
        ring: Ring | None = None,
    ) -> Tensor:
        """The loss of queries and keys, with in-batch, shared or per-query negatives."""
        return info_nce_loss(
            queries,
            keys,
            negatives,
            temperature=self.temperature,
            normalize=self.normalize,
            ring=ring,
        )

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float:
        """Log number of candidates: the batch size, or 1 + the number of negatives."""
        return math.log(1 + num_negatives if num_negatives else batch_size)

"""Effective rank (RankMe) of the embeddings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.diagnostics._diagnostic import Better, checked_rows
from nearfar.diagnostics._moments import Moments
from nearfar.ops._spectra import entropy_rank, singular_values

__all__ = ["EffectiveRank", "effective_rank"]


@torch.no_grad()
def effective_rank(z: Float[Tensor, "samples dim"]) -> Float[Tensor, ""]:
    r"""Exponential of the entropy of the singular values: RankMe as published.

    .. math:: \exp\Big(-\sum_k p_k \ln p_k\Big), \qquad
              p_k = \frac{\sigma_k}{\sum_j \sigma_j} + 10^{-7}

    over the singular values of the matrix, neither centred nor normalised. Centring first, as some
    packages do, makes a constant output with a little noise look perfect.

    Args:
        z: One view of each sample.

    Range:
        1 (a single direction) to ``min(samples, dim)``; an isotropic sample has
        :func:`nearfar.ops.isotropic_rank`, a little less than that.

    Reading:
        Higher is better between runs of equal width and sample size, and only if the views agree:
        noise has full rank. A decrease over training indicates dimensional collapse.

    Cost:
        The smaller Gram matrix and its eigenvalues, in float64.

    Reference:
        Garrido et al. 2023, "RankMe", equation 1 (arXiv 2210.02885).

    Example:
        >>> print(f"{effective_rank(torch.eye(8)):.2f} {effective_rank(torch.ones(8, 8)):.2f}")
        8.00 1.00
    """
    return entropy_rank(singular_values(checked_rows(z)))


@final
class EffectiveRank(Moments):
    """:func:`effective_rank` over a stream; keeps the dim × dim second moment, in float64.

    Singular values are accurate to about 1e-8 of the largest, so the two agree to four digits or
    more.
    """

    better: ClassVar[Better] = Better.HIGHER
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {
        "complete collapse": lambda dim: 1.0,
        "isotropic": float,
    }

    def compute(self) -> Float[Tensor, ""]:
        """The effective rank of all rows so far."""
        self.check_rows(least=1)
        values = self.eigenvalues(self._moment, most=int(self._count))
        return entropy_rank(values.sqrt())

"""Hubs: whether some samples are among the nearest neighbours of far too many others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_integer
from nearfar.diagnostics._diagnostic import Better, checked_rows
from nearfar.diagnostics._kept_rows import KeptRows
from nearfar.ops import nearest_neighbors

__all__ = ["Hubness", "Hubs", "hubness", "occurrences"]


class Hubs(NamedTuple):
    """The result of :func:`hubness`.

    Attributes:
        skew: Skewness of the number of times that a sample is a neighbour of another.
        largest: Largest of these numbers as a share of the other samples.
        anti_hubs: Share of samples that are a neighbour of no other.
    """

    skew: Tensor
    largest: Tensor
    anti_hubs: Tensor


@torch.no_grad()
def occurrences(z: Float[Tensor, "samples dim"], *, k: int = 10) -> Tensor:
    """How many other samples have a sample among their `k` nearest, by cosine similarity.

    Args:
        z: One view of each sample.
        k: Number of neighbours, below the number of samples.

    Returns:
        One count per sample, with a mean of `k`.

    Example:
        >>> occurrences(torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]), k=1).tolist()
        [1, 2, 0]
    """
    check_integer(at_least=1, k=k)
    rows = checked_rows(z, min_rows=k + 1)
    counts: Tensor = nearest_neighbors(rows, k=k).rows.flatten().bincount(minlength=len(rows))
    return counts


@torch.no_grad()
def hubness(z: Float[Tensor, "samples dim"], *, k: int = 10) -> Hubs:
    r"""Skewness of the `k`-occurrences, the largest hub, and the share of anti-hubs.

    With :math:`N_i` the number of other samples that have sample :math:`i` among their `k` nearest
    neighbours, whose mean is `k` and whose standard deviation is :math:`s`:

    .. math:: \text{skew} = \frac{1}{n s^3} \sum_i (N_i - k)^3, \qquad
              \text{largest} = \frac{\max_i N_i}{n - 1}, \qquad
              \text{anti-hubs} = \frac1n \big|\{i : N_i = 0\}\big|

    Args:
        z: One view of each sample; rows need not be normalised.
        k: Number of neighbours, below the number of samples.

    Range:
        Skew from about 0 without an upper limit; shares from 0 to 1. 2,000 isotropic rows read a
        skew of 0.2 to 0.4 in 8 to 128 dimensions, as directions have no centre.

    Reading:
        Searches of nearest neighbours return hubs for every query and anti-hubs for none. A strong
        common direction makes hubs; centring removes most of them.

    Cost:
        Time samples²·dim, as of :func:`nearfar.ops.nearest_neighbors`.

    Reference:
        Radovanović, Nanopoulos and Ivanović 2010, "Hubs in space", JMLR 11, section 2.

    Example:
        >>> z = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]])
        >>> print(" ".join(f"{value:.2f}" for value in hubness(z, k=1)))
        0.00 1.00 0.33
    """
    counts = occurrences(z, k=k).double()
    away = counts - counts.mean()
    spread = away.square().mean().sqrt()
    skew = away.pow(3).mean() / spread.pow(3) if bool(spread > 0) else spread
    return Hubs(skew, counts.max() / (len(counts) - 1), (counts == 0).double().mean())


@final
class Hubness(KeptRows):
    """:func:`hubness` over a stream; keeps at most `capacity` samples.

    Cost:
        ``capacity · dim`` numbers in float32: neighbours need all rows.
    """

    better: ClassVar[Better | None] = None
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {}

    def __init__(self, *, k: int = 10, capacity: int = 2_048) -> None:
        check_integer(at_least=1, k=k)
        super().__init__(capacity=capacity)
        self.k = k

    def measure(self, z: Tensor) -> tuple[Tensor, ...]:
        """:func:`hubness` of the rows kept."""
        return hubness(z, k=self.k)

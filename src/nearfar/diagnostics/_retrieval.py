"""Retrieval: recall and rank of a sample's other view among all candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.diagnostics._diagnostic import Better, checked_pair
from nearfar.diagnostics._kept_pairs import KeptPairs
from nearfar.ops import to_sphere

__all__ = ["Retrieval", "Retrieved", "retrieval"]

_BLOCK = 1_024
_EQUAL = 1e-9  # cosines that differ by less are tied


class Retrieved(NamedTuple):
    """The result of :func:`retrieval`; ``back`` is from second views to first views.

    Attributes:
        recall_1: Recall at 1 of each first view's own second view.
        recall_5: Recall at 5.
        recall_10: Recall at 10.
        median_rank: Median rank of the own second view, from 1.
        back_recall_1: Recall at 1 of each second view's own first view.
        back_recall_5: Recall at 5, from second views to first views.
        back_recall_10: Recall at 10, from second views to first views.
        back_median_rank: Median rank of the own first view, from 1.
    """

    recall_1: Tensor
    recall_5: Tensor
    recall_10: Tensor
    median_rank: Tensor
    back_recall_1: Tensor
    back_recall_5: Tensor
    back_recall_10: Tensor
    back_median_rank: Tensor


@torch.no_grad()
def retrieval(z1: Float[Tensor, "samples dim"], z2: Float[Tensor, "samples dim"]) -> Retrieved:
    r"""Recall at 1, 5 and 10 and median rank of a sample's other view, in both directions.

    .. math:: r_i = 1 + \big|\{j : \cos(z^1_i, z^2_j) > \cos(z^1_i, z^2_i)\}\big|, \qquad
              R@k = \frac1n \big|\{i : r_i \le k\}\big|

    Ties are averaged: the recall is its expectation under random order, the rank the mean of the
    tied ranks.

    Args:
        z1: First view of each sample, 2 rows or more; rows need not be normalised.
        z2: Second view of the same samples, in the same order.

    Returns:
        Eight named numbers, the reverse direction last.

    Range:
        Recall 0 to 1, ranks 1 to n. Collapse and unrelated views give k/n and a median rank of
        (n + 1)/2; views closer to each other than to any other sample give 1.

    Reading:
        Higher recall is better, but depends on the number of candidates: compare only at equal
        numbers of pairs. If one direction is much lower than the other, there are hubs, points
        that are near to most others.

    Cost:
        Time n²·dim; memory 1,024·n.

    Example:
        >>> z1 = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
        >>> z2 = torch.tensor([[0.8, 0.6], [0.6, 0.8], [-0.5, 0.9]])
        >>> found = retrieval(z1, z2)
        >>> print(f"{found.recall_1:.2f} {found.back_recall_1:.2f} {found.median_rank:.0f}")
        0.67 0.67 1
    """
    u, v = (to_sphere(z) for z in checked_pair(z1, z2))
    if len(u) < 2:
        raise ValueError(f"`z1` needs at least 2 rows and 1 column, got shape {tuple(z1.shape)}")
    there, back = _read(u, v), _read(v, u)
    return Retrieved(*there, *back)


def _read(queries: Tensor, keys: Tensor) -> tuple[Tensor, ...]:
    """Recall at 1, 5, 10 and the median rank, in one direction."""
    nearer, tied = [], []
    own = (queries * keys).sum(dim=1)
    for start in range(0, len(queries), _BLOCK):
        rows = slice(start, start + _BLOCK)
        beyond = queries[rows] @ keys.T - own[rows, None]
        nearer.append((beyond > _EQUAL).sum(dim=1))
        # the own view does not count as a tie with itself
        tied.append((beyond.abs() <= _EQUAL).sum(dim=1).clamp_min(1) - 1)
    before, ties = torch.cat(nearer).double(), torch.cat(tied).double()
    recalls = [((k - before) / (ties + 1)).clamp(0, 1).mean() for k in (1, 5, 10)]
    return (*recalls, (1 + before + ties / 2).quantile(0.5))


@final
class Retrieval(KeptPairs):
    """:func:`retrieval` over a stream of pairs; keeps at most `capacity` of them.

    Cost:
        ``2 · capacity · dim`` numbers in float32: a rank needs all candidates.
    """

    better: ClassVar[Better] = Better.HIGHER
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {
        "complete collapse": lambda dim: 0.0,
        "isotropic": lambda dim: 1.0,
        "unrelated views": lambda dim: 0.0,
    }

    def __init__(self, *, capacity: int = 8_192) -> None:
        super().__init__(capacity=capacity)

    def measure(self, z1: Tensor, z2: Tensor) -> tuple[Tensor, ...]:
        """:func:`retrieval` of the pairs kept."""
        return retrieval(z1, z2)

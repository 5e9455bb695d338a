"""InfoNCE estimate of the mutual information between two views."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.diagnostics._diagnostic import Better, checked_pair
from nearfar.diagnostics._kept_pairs import KeptPairs
from nearfar.ops import to_sphere

__all__ = ["Information", "Informed", "information"]

_BLOCK = 1_024
_HALVINGS = 7  # temperatures 1, 1/2 … 1/64


class Informed(NamedTuple):
    """The result of :func:`information`, in nats.

    Attributes:
        estimate: Lower bound of the mutual information.
        ceiling: Largest possible value with this many pairs.
    """

    estimate: Tensor
    ceiling: Tensor


@torch.no_grad()
def information(z1: Float[Tensor, "samples dim"], z2: Float[Tensor, "samples dim"]) -> Informed:
    r"""InfoNCE's estimate of the mutual information between two views, and its ceiling ln n.

    .. math:: \hat I = \max_\tau \Big( \ln n + \frac1{2n} \sum_i \Big[ \ln \frac{e^{s_{ii}}}
              {\sum_j e^{s_{ij}}} + \ln \frac{e^{s_{ii}}}{\sum_j e^{s_{ji}}} \Big] \Big), \qquad
              s_{ij} = \frac{\cos(z^1_i, z^2_j)}{\tau}

    The mean of both directions, maximised over temperatures 1, 1/2, 1/4 … 1/64; at least 0, the
    value of a constant score.

    Args:
        z1: First view of each sample, 2 rows or more; rows need not be normalised.
        z2: Second view of the same samples, in the same order.

    Returns:
        The estimate and its ceiling, both in nats.

    Range:
        0 (unrelated views, or complete collapse) to ln n.

    Reading:
        Higher is better: what views share is what can be learnt. A lower bound in expectation for
        each temperature, so a low value may be due to the cosine critic, not the data; near the
        ceiling more pairs are needed. On training pairs, memorisation counts as information.

    Cost:
        Time n²·dim; memory 1,024·n.

    Reference:
        van den Oord, Li, Vinyals 2018 (arXiv 1807.03748), section 2.3; Tsai et al. 2021
        (arXiv 2006.05576), equation 1. With a trained critic instead of the cosine:
        ``nearfar.theory.estimate_information``.

    Example:
        >>> z1 = torch.eye(8)
        >>> found = information(z1, z1 + 0.1)
        >>> print(f"{found.estimate:.2f} of at most {found.ceiling:.2f}")
        2.08 of at most 2.08
    """
    u, v = (to_sphere(z) for z in checked_pair(z1, z2))
    count = len(u)
    if count < 2:
        raise ValueError(f"`z1` needs at least 2 rows and 1 column, got shape {tuple(z1.shape)}")
    ceiling = math.log(count)
    own = (u * v).sum(dim=1)
    spreads = torch.zeros(_HALVINGS, dtype=u.dtype, device=u.device)
    for queries, keys in ((u, v), (v, u)):
        for start in range(0, count, _BLOCK):
            rows = slice(start, start + _BLOCK)
            weights = (queries[rows] @ keys.T - own[rows, None]).exp_()
            for which in range(_HALVINGS):  # half the temperature is the square
                spreads[which] += weights.sum(dim=1).log().sum()
                weights.square_()
    estimate = (ceiling - spreads / (2 * count)).max().clamp(0, ceiling)
    return Informed(estimate, torch.full_like(estimate, ceiling))


@final
class Information(KeptPairs):
    """:func:`information` over a stream of pairs; keeps at most `capacity` of them.

    Cost:
        ``2 · capacity · dim`` numbers in float32: each pair is compared with all others.
    """

    better: ClassVar[Better] = Better.HIGHER
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {
        "complete collapse": lambda dim: 0.0,
        "unrelated views": lambda dim: 0.0,
    }

    def __init__(self, *, capacity: int = 4_096) -> None:
        super().__init__(capacity=capacity)

    def measure(self, z1: Tensor, z2: Tensor) -> tuple[Tensor, ...]:
        """:func:`information` of the pairs kept."""
        return information(z1, z2)

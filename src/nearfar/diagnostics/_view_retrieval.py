"""Retrieval of a sample's other view from a gallery of stated size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_integer
from nearfar.diagnostics._diagnostic import Better, checked_pair
from nearfar.diagnostics._kept_pairs import KeptPairs
from nearfar.ops import to_sphere

__all__ = [
    "ViewRetrieval",
    "ViewsFound",
    "by_distance",
    "nearer_views",
    "view_ranks",
    "view_retrieval",
]

_BLOCK = 1_024
_EQUAL = 1e-9  # cosines that differ by less are tied
_GALLERY = 200


class ViewsFound(NamedTuple):
    """The result of :func:`view_retrieval`, the mean of both directions.

    Attributes:
        recall_1: Probability that the own other view is the nearest of the gallery.
        recall_5: Probability that it is among the 5 nearest.
        order: Probability that the own other view is nearer than that of a random other sample
            (the area under the ROC curve); does not depend on the size of the gallery.
        gallery: Number of candidates, the own other view included.
    """

    recall_1: Tensor
    recall_5: Tensor
    order: Tensor
    gallery: int

    @property
    def chance(self) -> tuple[float, float, float]:
        """The same three numbers for unrelated views."""
        return 1 / self.gallery, min(1.0, 5 / self.gallery), 0.5


@torch.no_grad()
def view_ranks(
    z1: Float[Tensor, "samples dim"], z2: Float[Tensor, "samples dim"]
) -> Float[Tensor, " samples"]:
    """Share of other samples whose second view is nearer to a first view than its own; ties half.

    Args:
        z1: First view of each sample.
        z2: Second view of the same samples.

    Returns:
        Numbers from 0 (the own view is the nearest) to 1, one per sample.

    Example:
        >>> z1 = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
        >>> view_ranks(z1, z1.roll(1, 0)).tolist()
        [1.0, 0.75, 0.5]
    """
    before, ties = _counts(*(to_sphere(z) for z in checked_pair(z1, z2)))
    return (before + ties / 2) / (len(before) - 1)


@torch.no_grad()
def nearer_views(
    z1: Float[Tensor, "samples dim"], z2: Float[Tensor, "samples dim"]
) -> Float[Tensor, "samples samples"]:
    """Whether the second view of sample j is nearer to the first view of sample i than its own.

    One minus the mean over pairs of different samples is the order of retrieval.

    Args:
        z1: First view of each sample; rows need not be normalised.
        z2: Second view of the same samples.

    Returns:
        1 if it is nearer, 0.5 if they are tied, otherwise 0; 0 on the diagonal.

    Example:
        >>> z1 = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
        >>> nearer_views(z1, z1.roll(1, 0))[1].tolist()
        [0.5, 0.0, 1.0]
    """
    u, v = (to_sphere(z) for z in checked_pair(z1, z2))
    beyond = u @ v.T - (u * v).sum(dim=1, keepdim=True)
    nearer = (beyond > _EQUAL).double() + (beyond.abs() <= _EQUAL).double() / 2
    return nearer.fill_diagonal_(0)


@torch.no_grad()
def view_retrieval(
    z1: Float[Tensor, "samples dim"],
    z2: Float[Tensor, "samples dim"],
    *,
    gallery: int | None = None,
) -> ViewsFound:
    r"""How often a sample's own other view is found among those of other samples.

    Recall depends on the number of candidates, so it is given for a gallery of a fixed size: the
    expectation over all galleries of :math:`m` candidates with the own view among them. With
    :math:`b_i` of the :math:`n - 1` other samples nearer than the own view, the probability that
    :math:`j` of them are in the gallery is hypergeometric:

    .. math:: R@k = \frac1n \sum_i \sum_{j < k}
              \binom{b_i}{j} \binom{n - 1 - b_i}{m - 1 - j} \Big/ \binom{n - 1}{m - 1}

    Ties are resolved at random.

    Args:
        z1: First view of each sample, 2 rows or more; rows need not be normalised.
        z2: Second view of the same samples, in the same order.
        gallery: Number of candidates :math:`m`, from 2 to the number of samples; by default 200,
            or all samples if there are fewer.

    Returns:
        Three named numbers with the size of the gallery they are for.

    Raises:
        ValueError: A gallery larger than the samples: recall cannot be extrapolated to it.

    Range:
        Recall from `k` / `gallery` (unrelated views, or collapse) to 1; order from 0.5 to 1.

    Reading:
        Higher is better on the representation, if the inputs themselves do not give the partner
        away. A projection that is trained to compare views has high values by construction.

    Cost:
        Time samples²·dim; memory 1,024·samples.

    Example:
        >>> z1 = torch.randn(300, 16, generator=torch.Generator().manual_seed(0))
        >>> found = view_retrieval(z1, z1 + 0.1 * z1.roll(1, 0))
        >>> print(f"{found.recall_1:.2f} of {found.gallery}, order {found.order:.2f}")
        1.00 of 200, order 1.00
    """
    u, v = (to_sphere(z) for z in checked_pair(z1, z2))
    samples = len(u)
    if samples < 2:
        raise ValueError(f"`z1` needs at least 2 rows and 1 column, got shape {tuple(z1.shape)}")
    size = min(_GALLERY, samples) if gallery is None else gallery
    check_integer(at_least=2, gallery=size)
    if size > samples:
        raise ValueError(
            f"`gallery` must be at most {samples}, the number of samples, got {size}: recall in a"
            " larger gallery cannot be known from these samples"
        )
    both = [_counts(u, v), _counts(v, u)]
    first, fifth = (
        torch.stack([_recall(b, t, samples, size, k) for b, t in both]).mean() for k in (1, 5)
    )
    order = torch.stack([1 - ((b + t / 2) / (samples - 1)).mean() for b, t in both]).mean()
    return ViewsFound(first, fifth, order, size)


@torch.no_grad()
def by_distance(first: Tensor, second: Tensor) -> tuple[Tensor, float]:
    r"""Retrieval by Euclidean distance, for values whose length means something.

    The nearest :math:`k` of a query :math:`q` maximises :math:`q \cdot k - |k|^2 / 2`.

    Args:
        first: Values of one view, samples × columns.
        second: Values of the other view.

    Returns:
        The share of other samples that are nearer than the own other view, from each of both
        views, and the recall at 1 as of :func:`view_retrieval`.

    Example:
        >>> lengths = torch.tensor([[1.0], [2.0], [4.0]])
        >>> shares, recall = by_distance(lengths, lengths + 0.1)
        >>> shares.mean().item(), round(recall, 6)
        (0.0, 1.0)
    """
    queries, keys = zip(*(_lifted(values.double()) for values in (first, second)), strict=True)
    both = [_counts(queries[0], keys[1]), _counts(queries[1], keys[0])]
    samples = len(first)
    size = min(_GALLERY, samples)
    shares = torch.stack([(b + t / 2) / (samples - 1) for b, t in both])
    recall = torch.stack([_recall(b, t, samples, size, 1) for b, t in both]).mean()
    return shares, float(recall)


def _lifted(values: Tensor) -> tuple[Tensor, Tensor]:
    """Values as queries and as keys whose products order keys by their distance."""
    halves = values.square().sum(dim=1, keepdim=True) / 2
    return torch.cat([values, torch.ones_like(halves)], 1), torch.cat([values, -halves], 1)


def _counts(queries: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
    """How many other keys are nearer to a query than its own, and how many are tied with it."""
    nearer, tied = [], []
    own = (queries * keys).sum(dim=1)
    for start in range(0, len(queries), _BLOCK):
        rows = slice(start, start + _BLOCK)
        beyond = queries[rows] @ keys.T - own[rows, None]
        nearer.append((beyond > _EQUAL).sum(dim=1))
        # the own view does not count as a tie with itself
        tied.append((beyond.abs() <= _EQUAL).sum(dim=1).clamp_min(1) - 1)
    return torch.cat(nearer).double(), torch.cat(tied).double()


def _recall(before: Tensor, ties: Tensor, samples: int, gallery: int, k: int) -> Tensor:
    """Expected recall at `k`; the rank among tied candidates is uniform."""
    table = _found(samples, gallery, min(k, gallery))
    summed = torch.cat([table.new_zeros(1), table.cumsum(0)]).to(before.device)
    first, last = before.long(), (before + ties).long()
    found: Tensor = ((summed[last + 1] - summed[first]) / (ties + 1)).mean()
    return found


def _found(samples: int, gallery: int, k: int) -> Tensor:
    """Probability that fewer than `k` of b nearer samples are drawn, for b from 0."""
    others, drawn = samples - 1, gallery - 1
    nearer = torch.arange(others + 1, dtype=torch.float64)
    total = torch.zeros_like(nearer)
    for j in range(k):
        logs = (
            _log_choose(nearer, j)
            + _log_choose(others - nearer, drawn - j)
            - _log_choose(torch.tensor(float(others), dtype=torch.float64), drawn)
        )
        total += logs.exp()
    return total.clamp_max(1)


def _log_choose(n: Tensor, k: int) -> Tensor:
    if k < 0:
        return torch.full_like(n, -torch.inf)
    inside = n >= k
    safe = torch.where(inside, n, torch.full_like(n, float(k)))
    one = torch.ones((), dtype=torch.float64)
    logs = torch.lgamma(safe + 1) - torch.lgamma(one * (k + 1)) - torch.lgamma(safe - k + 1)
    return torch.where(inside, logs, torch.full_like(logs, -torch.inf))


@final
class ViewRetrieval(KeptPairs):
    """:func:`view_retrieval` over a stream of pairs; keeps at most `capacity` of them.

    Cost:
        ``2 · capacity · dim`` numbers in float32: a rank needs all candidates.
    """

    better: ClassVar[Better | None] = Better.HIGHER
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {
        "complete collapse": lambda dim: 0.0,
        "isotropic": lambda dim: 1.0,
        "unrelated views": lambda dim: 0.0,
    }

    def __init__(self, *, gallery: int | None = None, capacity: int = 2_048) -> None:
        super().__init__(capacity=capacity)
        self.gallery = gallery

    def measure(self, z1: Tensor, z2: Tensor) -> tuple[Tensor, ...]:
        """:func:`view_retrieval` of the pairs kept, with the gallery as a tensor."""
        found = view_retrieval(z1, z2, gallery=self.gallery)
        return (*found[:3], torch.tensor(found.gallery))

"""Similarity of two representations of the same samples."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_finite_rows, check_integer, check_matrix
from nearfar.diagnostics._diagnostic import checked_rows
from nearfar.ops import nearest_neighbors

__all__ = ["linear_cka", "neighbor_overlap"]

_LEAST = 4  # samples that the unbiased estimate needs


@torch.no_grad()
def linear_cka(
    x: Float[Tensor, "samples width"], y: Float[Tensor, "samples dim"]
) -> Float[Tensor, ""]:
    r"""Linear centred kernel alignment of two representations, from unbiased estimates.

    .. math:: \frac{H(K, L)}{\sqrt{H(K, K) \, H(L, L)}}, \qquad K = x x^\top, \; L = y y^\top,

    .. math:: H(K, L) = \frac{1}{n(n - 3)} \Big(\mathrm{tr}(\tilde K \tilde L)
              + \frac{1^\top \tilde K 1 \; 1^\top \tilde L 1}{(n - 1)(n - 2)}
              - \frac{2}{n - 2} 1^\top \tilde K \tilde L 1\Big)

    where the tilde sets the diagonal to zero. The usual estimate without it tends to 1 as the
    widths approach the number of samples, also for unrelated representations.

    Args:
        x: One representation, 4 rows or more.
        y: Another one of the same samples, in the same order; its width may differ.

    Range:
        About 0 (unrelated; slightly negative values occur) to 1 (equal up to a rotation, a shift
        and a scale). NaN if one of them does not vary.

    Reading:
        Neither direction is better. A value near 1 against the untrained encoder means that
        training changed little.

    Cost:
        Time samples·width·dim, memory width·dim, in float64.

    Reference:
        Kornblith et al. 2019, "Similarity of Neural Network Representations Revisited", section 3
        (arXiv 1905.00414); the unbiased estimate is from Song et al. 2012, "Feature Selection via
        Dependence Maximization", theorem 2.

    Example:
        >>> x = torch.randn(100, 8, generator=torch.Generator().manual_seed(0))
        >>> noise = torch.randn(100, 50, generator=torch.Generator().manual_seed(1))
        >>> print(f"{linear_cka(x, 3 * x + 1):.2f} {linear_cka(x, noise).abs():.1f}")
        1.00 0.0
    """
    _check_same_samples(x, y, least=_LEAST)
    a, b = (_scaled(checked_rows(z)) for z in (x, y))
    both = _dependence(a, b)
    alone = _dependence(a, a) * _dependence(b, b)
    return both / alone.clamp_min(0).sqrt()


def _check_same_samples(x: Tensor, y: Tensor, *, least: int) -> None:
    check_matrix(min_rows=least, x=x, y=y)
    check_finite_rows(x=x, y=y)
    if len(x) != len(y):
        raise ValueError(f"`y` must have {len(x)} rows, as `x`, got {len(y)}")


def _scaled(rows: Tensor) -> Tensor:
    """Centred rows of mean square length 1; the measure does not depend on either."""
    rows = rows - rows.mean(dim=0)
    length = rows.square().sum(dim=1).mean().sqrt()
    return rows / torch.where(length > 0, length, 1.0)


def _dependence(a: Tensor, b: Tensor) -> Tensor:
    """The unbiased estimate of the Hilbert-Schmidt independence criterion, with linear kernels."""
    count = len(a)
    own_a, own_b = a.square().sum(dim=1), b.square().sum(dim=1)
    # row sums of the kernels without their diagonals
    sums_a, sums_b = a @ a.sum(dim=0) - own_a, b @ b.sum(dim=0) - own_b
    trace = (a.T @ b).square().sum() - (own_a * own_b).sum()
    corrected = trace + sums_a.sum() * sums_b.sum() / ((count - 1) * (count - 2))
    estimate: Tensor = corrected - 2 * (sums_a * sums_b).sum() / (count - 2)
    return estimate / (count * (count - 3))


@torch.no_grad()
def neighbor_overlap(
    x: Float[Tensor, "samples width"], y: Float[Tensor, "samples dim"], *, k: int = 10
) -> Float[Tensor, ""]:
    r"""Share of the `k` nearest neighbours that two representations have in common.

    .. math:: \frac{1}{nk} \sum_i \big|N^x_k(i) \cap N^y_k(i)\big|

    by cosine similarity.

    Args:
        x: One representation.
        y: Another one of the same samples, in the same order; its width may differ.
        k: Number of neighbours, below the number of samples.

    Range:
        ``k / (samples − 1)`` (unrelated) to 1 (the same neighbours).

    Reading:
        Neither direction is better. A value near 1 against the raw features means that a search by
        the encoder finds what a search by the inputs finds.

    Cost:
        Time samples²·(width + dim), as of :func:`nearfar.ops.nearest_neighbors`.

    Example:
        >>> x = torch.randn(100, 8, generator=torch.Generator().manual_seed(0))
        >>> print(f"{neighbor_overlap(x, 2 * x):.2f}")
        1.00
    """
    check_integer(at_least=1, k=k)
    _check_same_samples(x, y, least=k + 1)
    near_x, near_y = nearest_neighbors(x, k=k).rows, nearest_neighbors(y, k=k).rows
    common = (near_x[:, :, None] == near_y[:, None, :].to(near_x.device)).any(dim=2)
    return common.double().mean()

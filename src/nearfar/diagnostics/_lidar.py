"""LiDAR: effective rank of what separates samples, relative to what separates their views."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Self, final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_finite_rows, check_positive, check_same_shape
from nearfar.diagnostics._diagnostic import Better, Diagnostic
from nearfar.ops import entropy_rank

__all__ = ["Lidar", "lidar"]

_DELTA = 1e-4


@torch.no_grad()
def lidar(*views: Float[Tensor, "samples *views dim"], delta: float = _DELTA) -> Float[Tensor, ""]:
    r"""Effective rank of the between-sample scatter, whitened by the scatter of views (LiDAR).

    Each sample is a class, its views are the members. With :math:`\mu_i` the mean of the views of
    sample :math:`i` and :math:`\mu` the mean of all,

    .. math:: \Sigma_b = \frac1n \sum_i (\mu_i - \mu)(\mu_i - \mu)^\top, \qquad
              \Sigma_w = \frac{1}{nq} \sum_{i, j} (z_{ij} - \mu_i)(z_{ij} - \mu_i)^\top
              + \delta I,

    .. math:: \exp\Big(-\sum_k p_k \ln p_k\Big), \qquad
              p_k = \frac{\lambda_k}{\sum_j \lambda_j} + 10^{-7}

    over the eigenvalues of :math:`\Sigma_w^{-1/2} \Sigma_b \Sigma_w^{-1/2}`.

    Args:
        views: Embeddings of q ≥ 2 views of each of n samples: a tensor of shape samples × views ×
            dim, or q matrices.
        delta: :math:`\delta`, above 0; 0.0001 in the paper. It is added to squared lengths, so the
            value depends on the scale of the embeddings.

    Returns:
        A scalar in float64.

    Raises:
        ValueError: n(q − 1) ≤ dim, where the scatter of views is singular and the value would be
            decided by `delta`; NaN or infinity; not three dimensions.

    Range:
        1 to ``min(samples − 1, dim)``.

    Reading:
        Higher is better between runs of equal width, samples and views. Directions that differ as
        much between views of a sample as between samples count little, unlike in
        :func:`effective_rank`.

    Cost:
        Two dim × dim matrices and an eigenvalue decomposition, in float64.

    Reference:
        Thilak et al. 2023, "LiDAR: Sensing Linear Probing Performance in Joint Embedding SSL
        Architectures", section 4 (arXiv 2312.04000).

    Example:
        >>> source = torch.Generator().manual_seed(0)
        >>> means = torch.randn(400, 1, 8, generator=source) * torch.tensor([1.0] * 4 + [0.0] * 4)
        >>> views = means + 0.1 * torch.randn(400, 4, 8, generator=source)
        >>> print(f"{lidar(views):.1f}")
        4.0
    """
    check_positive(delta=delta)
    if len(views) > 1:
        for place, view in enumerate(views, 1):
            check_same_shape(**{"z1": views[0], f"z{place}": view})
    stacked = views[0] if len(views) == 1 else torch.stack(views, dim=1)
    if stacked.dim() != 3 or stacked.shape[1] < 2 or not stacked.is_floating_point():
        raise ValueError(
            "`views` must be floating point of shape samples × views × dim with 2 views or more,"
            f" got {stacked.dtype} of shape {tuple(stacked.shape)}"
        )
    check_finite_rows(views=stacked.flatten(1))
    exact = (stacked.cpu() if stacked.device.type == "mps" else stacked).detach().double()
    _check_size(*exact.shape)
    samples, count, _ = exact.shape
    means = exact.mean(dim=1)
    between = means - means.mean(dim=0)
    within = (exact - means[:, None]).flatten(0, 1)
    return _rank(between.T @ between / samples, within.T @ within / (samples * count), delta=delta)


def _check_size(samples: int, count: int, dim: int) -> None:
    if samples * (count - 1) <= dim:
        raise ValueError(
            f"`views` must have samples × (views − 1) above dim = {dim}, got"
            f" {samples} × {count - 1} = {samples * (count - 1)}: the scatter of views is singular"
        )


def _rank(between: Tensor, within: Tensor, *, delta: float) -> Tensor:
    scatter = within + delta * torch.eye(len(within), dtype=within.dtype, device=within.device)
    # similar to the symmetric form, so that the eigenvalues are the same
    lower = torch.linalg.cholesky(scatter)
    half = torch.linalg.solve_triangular(lower, between, upper=False)
    whitened = torch.linalg.solve_triangular(lower, half.T, upper=False)
    return entropy_rank(torch.linalg.eigvalsh((whitened + whitened.T) / 2).clamp_min(0))


@final
class Lidar(Diagnostic):
    """:func:`lidar` over a stream of samples; keeps two dim × dim matrices, in float64."""

    better: ClassVar[Better | None] = Better.HIGHER
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {"complete collapse": lambda dim: 1.0}

    _within: Tensor
    _moment: Tensor
    _sum: Tensor
    _count: Tensor
    _views: Tensor

    def __init__(self, *, delta: float = _DELTA) -> None:
        check_positive(delta=delta)
        super().__init__()
        self.delta = delta
        for name in ("_within", "_moment"):
            self.add_state(name, torch.zeros(1, 1, dtype=torch.float64))
        self.add_state("_sum", torch.zeros(1, dtype=torch.float64))
        self.add_state("_count", torch.tensor(0))
        self.add_state("_views", torch.tensor(0))

    def update(
        self,
        z1: Float[Tensor, "samples dim"],
        z2: Float[Tensor, "samples dim"],
        *others: Float[Tensor, "samples dim"],
    ) -> None:
        """Add samples: one matrix per view, 2 or more, as many as before."""
        views, known = (z1, z2, *others), int(self._views)
        if known not in (0, len(views)):
            raise ValueError(f"`others` must make {known} views, as before, got {len(views)}")
        rows = torch.stack(self.accept(**{f"z{n}": z for n, z in enumerate(views, 1)}), dim=1)
        means = rows.mean(dim=1)
        within = (rows - means[:, None]).flatten(0, 1)
        self._within = self._within + within.T @ within
        self._moment = self._moment + means.T @ means
        self._sum = self._sum + means.sum(dim=0)
        self._count = self._count + len(rows)
        self._views = self._views * 0 + len(views)

    def compute(self) -> Float[Tensor, ""]:
        """LiDAR of all samples so far."""
        count, views = int(self._count), int(self._views)
        if count == 0:
            raise ValueError("`Lidar` has no rows yet: call `update` first")
        _check_size(count, views, len(self._within))
        mean = self._sum / count
        between = self._moment / count - mean[:, None] * mean
        return _rank(between, self._within / (count * views), delta=self.delta)

    def merge(self, other: Self) -> Self:
        """A new diagnostic over the samples of both."""
        merged = self._joined(other)
        for name in ("_within", "_moment", "_sum", "_count"):
            setattr(merged, name, getattr(self, name) + getattr(other, name).to(self.device))
        merged._views = torch.maximum(self._views, other._views.to(self.device))
        return merged

"""LiDAR: effective rank of what separates samples, relative to what separates their views."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_finite_rows, check_positive
from nearfar.ops import entropy_rank

__all__ = ["lidar"]

_DELTA = 1e-4


@torch.no_grad()
def lidar(views: Float[Tensor, "samples views dim"], *, delta: float = _DELTA) -> Float[Tensor, ""]:
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
        views: Embeddings of q ≥ 2 views of each of n samples.
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
    if views.dim() != 3 or views.shape[1] < 2 or not views.is_floating_point():
        raise ValueError(
            "`views` must be floating point of shape samples × views × dim with 2 views or more,"
            f" got {views.dtype} of shape {tuple(views.shape)}"
        )
    samples, count, dim = views.shape
    if samples * (count - 1) <= dim:
        raise ValueError(
            f"`views` must have samples × (views − 1) above dim = {dim}, got"
            f" {samples} × {count - 1} = {samples * (count - 1)}: the scatter of views is singular"
        )
    check_finite_rows(views=views.flatten(0, 1))
    exact = (views.cpu() if views.device.type == "mps" else views).detach().double()
    means = exact.mean(dim=1)
    between = means - means.mean(dim=0)
    within = (exact - means[:, None]).flatten(0, 1)
    scatter = within.T @ within / (samples * count)
    scatter.diagonal().add_(delta)
    # similar to the symmetric form, so that the eigenvalues are the same
    lower = torch.linalg.cholesky(scatter)
    whitened = torch.linalg.solve_triangular(lower, between.T, upper=False)
    eigenvalues = torch.linalg.eigvalsh(whitened @ whitened.T / samples).clamp_min(0)
    return entropy_rank(eigenvalues)

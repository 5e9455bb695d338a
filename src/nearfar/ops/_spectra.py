"""Singular values of a tall or wide matrix, and the effective rank of their spectrum."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_integer

__all__ = ["entropy_rank", "isotropic_rank", "lost_share", "singular_values"]

_NODES = 1024
"""Midpoints of the quadrature below; its integrand is smooth and periodic."""


def singular_values(matrix: Float[Tensor, "samples dim"]) -> Float[Tensor, " values"]:
    """Singular values, largest first, in float64 on the CPU.

    Computed as square roots of the eigenvalues of the smaller Gram matrix, which is formed on the
    matrix's device: for 8,192 × 512 half the time of an SVD, and only 512 × 512 numbers are
    copied. Values below about 1e-8 of the largest are rounding errors.

    Args:
        matrix: Any finite matrix; rescaled internally, so that squares do not overflow.

    Returns:
        ``min(samples, dim)`` values.

    Example:
        >>> singular_values(torch.tensor([[3.0, 0.0], [0.0, 4.0], [0.0, 0.0]]))
        tensor([4., 3.], dtype=torch.float64)
    """
    exact = matrix.detach().double()
    scale = exact.abs().amax().clamp_min(torch.finfo(torch.float64).tiny)
    exact = exact / scale
    gram = exact.T @ exact if exact.shape[0] >= exact.shape[1] else exact @ exact.T
    eigenvalues = torch.linalg.eigvalsh(gram.cpu()).flip(0).clamp_min(0)
    values: Tensor = eigenvalues.sqrt() * scale.cpu()
    return values


def entropy_rank(values: Float[Tensor, " values"], *, offset: float = 1e-7) -> Float[Tensor, ""]:
    r"""Effective rank: exponential of the entropy of the normalised singular values.

    .. math:: \exp\Big(-\sum_k p_k \ln p_k\Big), \qquad
              p_k = \frac{\sigma_k}{\sum_j \sigma_j} + \epsilon .

    The offset is added after the normalisation, and the :math:`p_k` are not renormalised, as in the
    paper.

    Args:
        values: Singular values, in any order; rank 1 if all are zero.
        offset: The formula's :math:`\epsilon`.

    Returns:
        A number from 1 to ``len(values)``, up to the offset.

    Reference:
        Garrido et al. 2023, "RankMe", equation 1 (arXiv 2210.02885).

    Example:
        >>> print(f"{entropy_rank(torch.tensor([1.0, 1.0, 1.0, 0.0])):.4f}")
        3.0000
    """
    exact = values.double()
    total = exact.sum()
    shares = exact / torch.where(total > 0, total, torch.ones_like(total)) + offset
    rank: Tensor = torch.exp(-(shares * shares.log()).sum())
    return rank


def lost_share(values: Float[Tensor, " values"], *, below: float = 0.01) -> float:
    """Fraction of directions lost behind a sharp drop of the spectrum.

    A value counts as lost if it is less than `below` times the value at half the effective rank.
    A power-law spectrum loses few directions or none; a subspace plus noise loses all directions
    of the noise.

    Args:
        values: Singular values, largest first.
        below: Depth of the drop.

    Returns:
        A fraction in [0, 1].

    Example:
        >>> lost_share(torch.tensor([2.0, 1.0, 0.001, 0.0]))
        0.5
    """
    typical = values[max(0, math.ceil(float(entropy_rank(values)) / 2) - 1)]
    return float((values < below * typical).double().mean())


def isotropic_rank(samples: int, dim: int) -> float:
    r"""The :func:`entropy_rank` of an isotropic Gaussian sample.

    A matrix of `samples` rows has rank at most `samples`, so an effective rank is compared with
    this value, not with `dim`. The squared singular values follow the Marchenko–Pastur law with
    ratio :math:`c = \min(n, d) / \max(n, d)`; with :math:`x^2 = 1 + c + 2\sqrt c \cos\theta` its
    density is :math:`\frac{2 \sin^2 \theta}{\pi x^2}\,d\theta` and the rank is

    .. math:: \min(n, d) \; m \; e^{-\mathbb E[x \ln x] / m}, \qquad m = \mathbb E[x] .

    Args:
        samples: Rows, 1 or more.
        dim: Columns, 1 or more.

    Example:
        >>> print(f"{isotropic_rank(8192, 512):.1f} {isotropic_rank(180, 128):.1f}")
        507.9 113.2
    """
    check_integer(at_least=1, samples=samples, dim=dim)
    fewer, more = sorted((samples, dim))
    ratio = fewer / more
    theta = (torch.arange(_NODES, dtype=torch.float64) + 0.5) * (math.pi / _NODES)
    squares = 1 + ratio + 2 * math.sqrt(ratio) * theta.cos()
    weights = theta.sin().square() / squares
    weights = weights / weights.sum()
    sizes = squares.sqrt()
    mean = (weights * sizes).sum()
    entropy = (weights * sizes * sizes.log()).sum() / mean
    return max(1.0, fewer * float(mean * torch.exp(-entropy)))

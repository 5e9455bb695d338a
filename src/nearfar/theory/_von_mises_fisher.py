"""Entropy on the sphere, estimated with a von Mises–Fisher kernel."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_integer, check_matrix, check_positive
from nearfar.ops import to_sphere, uniformity_minimum
from nearfar.theory._contrastive_limit import log_potentials

__all__ = ["kernel_entropy", "sphere_log_area", "von_mises_fisher_log_normalizer"]


def sphere_log_area(dim: int) -> float:
    r"""Log surface area of the unit sphere, the entropy of the uniform distribution on it.

    .. math:: \ln \frac{2 \pi^{m/2}}{\Gamma(m/2)}

    Args:
        dim: Dimension m of the ambient space; 1 is the two points −1 and 1.

    Returns:
        The maximum of differential entropy on the sphere. Negative from 19 dimensions on.

    Raises:
        ValueError: A dimension below 1.

    Example:
        >>> print(f"{math.exp(sphere_log_area(2)):.4f} {math.exp(sphere_log_area(3)):.4f}")
        6.2832 12.5664
    """
    check_integer(at_least=1, dim=dim)
    return math.log(2) + dim / 2 * math.log(math.pi) - math.lgamma(dim / 2)


def von_mises_fisher_log_normalizer(dim: int, *, concentration: float) -> float:
    r"""Log normalising constant of the von Mises–Fisher density.

    .. math:: \ln Z(\kappa) = \ln \int e^{\kappa\, \mu^\top x} \,dx
              = \ln \frac{2 \pi^{m/2}}{\Gamma(m/2)}
              + \ln {}_0F_1\Big(; \frac m2; \frac{\kappa^2}4\Big)

    over the unit sphere, for any unit vector :math:`\mu`;
    :math:`Z(\kappa) = (2 \pi)^{m/2} I_{m/2 - 1}(\kappa) / \kappa^{m/2 - 1}`.

    Args:
        dim: Dimension m of the ambient space; 1 is the two points −1 and 1.
        concentration: :math:`\kappa`, above 0; :math:`1 / \tau` for a contrastive loss.

    Returns:
        A number above :func:`sphere_log_area`.

    Raises:
        ValueError: A dimension below 1, a non-positive concentration.

    Example:
        >>> print(f"{von_mises_fisher_log_normalizer(3, concentration=2.0):.4f}")
        3.1262
    """
    check_integer(at_least=1, dim=dim)
    check_positive(concentration=concentration)
    log_mean = uniformity_minimum(dim, concentration / 2) + concentration
    return sphere_log_area(dim) + log_mean


@torch.no_grad()
def kernel_entropy(
    z: Float[Tensor, "samples dim"], *, temperature: float, include_self: bool = True
) -> Float[Tensor, ""]:
    r"""Resubstitution estimate of the entropy of directions, by kernel density estimation.

    .. math:: \hat H = -\frac1N \sum_{i=1}^N \ln \hat p(u_i)
              = \ln Z(1/\tau) - \frac1N \sum_{i=1}^N \ln
              \frac1N \sum_{j=1}^N e^{u_i^\top u_j / \tau}, \qquad
              \hat p(x) = \frac1N \sum_{j=1}^N \frac{e^{x^\top u_j / \tau}}{Z(1/\tau)}

    Statement: the uniformity term of the contrastive loss's limit is minus this entropy, up to the
    constant :func:`von_mises_fisher_log_normalizer`: minimising one maximises the other. With the
    exact distribution in place of samples it is at most :func:`sphere_log_area`.

    Args:
        z: One view of each sample, non-zero; normalised internally.
        temperature: Inverse concentration of the kernel, above 0.
        include_self: Whether a sample counts in its own density, as in resubstitution. If not, the
            second term is the uniformity of :func:`contrastive_limit`.

    Returns:
        Nats. Of the order of −2,000 in a thousand dimensions: only differences are meaningful.

    Raises:
        ValueError: Not a matrix, fewer than 2 samples, a non-positive temperature.
        TypeError: An integer tensor.

    Vacuous:
        At low temperature with few samples: each sample's own kernel dominates, and the value is
        :math:`\ln Z - 1/\tau + \ln N` for any distribution.

    Cost:
        Time N²·dim, memory N·dim.

    Reference:
        Wang & Isola, ICML 2020 (arXiv 2005.10242), section 4.2.

    Example:
        >>> square = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
        >>> entropy = kernel_entropy(square, temperature=1.0)
        >>> print(f"{entropy:.3f} of at most {sphere_log_area(2):.3f}")
        1.834 of at most 1.838
    """
    check_matrix(min_rows=2, z=z)
    check_positive(temperature=temperature)
    rows = to_sphere(z)
    potentials = log_potentials(rows, rows if include_self else None, scale=1 / temperature)
    constant = von_mises_fisher_log_normalizer(z.shape[1], concentration=1 / temperature)
    return constant - potentials.mean()

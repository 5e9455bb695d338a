"""Pairs of Gaussian vectors with known mutual information."""

from __future__ import annotations

import math
from typing import final

import torch
from jaxtyping import Float64
from torch import Tensor

from nearfar.checks import check_integer, check_not_negative

__all__ = ["CorrelatedGaussians"]


@final
class CorrelatedGaussians:
    r"""Pairs of standard normal vectors with correlated coordinates.

    .. math:: y = \rho\, x + \sqrt{1 - \rho^2}\, \epsilon, \qquad
              I(x; y) = -\tfrac d2 \ln(1 - \rho^2)

    The optimal critic is known too: :meth:`log_density_ratio`, whose mean over joint pairs is the
    mutual information.

    Args:
        dim: Dimension :math:`d` of each vector.
        information: Mutual information in nats, which determines the correlation.

    Attributes:
        correlation: :math:`\rho`, from 0 to below 1.

    Raises:
        ValueError: A dimension below 1, or negative information.

    Example:
        >>> world = CorrelatedGaussians(4, information=3.0)
        >>> x, y = world.draw(100_000)
        >>> print(f"{world.correlation:.4f} {float(world.log_density_ratio(x, y).mean()):.2f}")
        0.8814 3.00
    """

    def __init__(self, dim: int, *, information: float) -> None:
        check_integer(at_least=1, dim=dim)
        check_not_negative(information=information)
        self.dim = dim
        self.information = float(information)
        self.correlation = math.sqrt(-math.expm1(-2 * information / dim))

    def draw(
        self, samples: int, *, seed: int = 0
    ) -> tuple[Float64[Tensor, "samples dim"], Float64[Tensor, "samples dim"]]:
        """Draw `samples` pairs, reproducibly for a given seed."""
        check_integer(at_least=1, samples=samples)
        check_integer(at_least=0, seed=seed)
        generator = torch.Generator().manual_seed(seed)
        x, noise = torch.randn(2, samples, self.dim, generator=generator, dtype=torch.float64)
        return x, self.correlation * x + math.exp(-self.information / self.dim) * noise

    def log_density_ratio(
        self, x: Float64[Tensor, "*#pairs dim"], y: Float64[Tensor, "*#pairs dim"]
    ) -> Float64[Tensor, "*pairs"]:
        """Logarithm of the joint density over the product of the marginal densities, for each pair.

        The leading axes broadcast: ``x[:, None]`` with ``y[None]`` is the matrix of all pairs.
        """
        left = math.exp(-2 * self.information / self.dim)  # conditional variance of y given x
        apart = (y - self.correlation * x) ** 2 / left
        return self.information + (y**2 - apart).sum(dim=-1) / 2

    def log_density_ratios(
        self, x: Float64[Tensor, "inputs dim"], y: Float64[Tensor, "signals dim"]
    ) -> Float64[Tensor, "inputs signals"]:
        """:meth:`log_density_ratio` of all pairs, by one matrix product.

        Args:
            x: Inputs.
            y: Signals.

        Example:
            >>> world = CorrelatedGaussians(4, information=3.0)
            >>> x, y = world.draw(3)
            >>> world.log_density_ratios(x, y).diagonal().allclose(world.log_density_ratio(x, y))
            True
        """
        left = math.exp(-2 * self.information / self.dim)
        signals, inputs = y.square().sum(dim=1), x.square().sum(dim=1)
        rho = self.correlation
        apart = signals - 2 * rho * (x @ y.T) + rho**2 * inputs[:, None]
        return self.information + (signals - apart / left) / 2

"""Classes on the unit sphere with known means, prior and noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from nearfar._deprecation import renamed_members
from nearfar.checks import check_integer, check_not_negative

__all__ = ["GaussianClasses", "SphereSample"]

NODES = 40


@dataclass(frozen=True)
class SphereSample:
    """Samples of :class:`GaussianClasses`.

    Attributes:
        embeddings: Unit vectors; views share the instances and differ in their augmentation noise.
        labels: Class of each instance.
        instance_means: Exact expectation of each instance's embedding over augmentations; not unit
            vectors.
    """

    embeddings: Float64[Tensor, "views samples dim"]
    labels: Int64[Tensor, " samples"]
    instance_means: Float64[Tensor, "samples dim"]


@final
@renamed_members(centres="centers")
class GaussianClasses:
    r"""Gaussian classes, projected onto the unit sphere: the instance-discrimination setting.

    .. math:: c \sim \rho, \quad x = m_c + \sigma_{\text{instance}} \epsilon, \quad
              f(a(x)) = \frac{x + \sigma_{\text{augmentation}} \epsilon'}
                             {\lVert x + \sigma_{\text{augmentation}} \epsilon' \rVert}

    with unit vectors :math:`m_c` as centres and standard normal noise in every coordinate. Two
    views of an instance share :math:`x`; two instances of a class only share :math:`m_c`. The mean
    of a projected Gaussian has a closed form, so the true class means are exact.

    Args:
        num_classes: Number of classes, 1 or more.
        dim: Dimension of the vectors, 1 or more.
        instance_noise: Standard deviation of a class's instances, per coordinate.
        augmentation_noise: Standard deviation of an instance's augmentations, per coordinate.
        prior: Probability of each class; uniform by default.
        seed: Random seed of the centres.

    Attributes:
        centers: The unit vectors :math:`m_c`.
        prior: Probability of each class.

    Raises:
        ValueError: A count below 1, negative noise, an invalid prior.

    Example:
        >>> world = GaussianClasses(5, 8)
        >>> drawn = world.draw(1000, views=3)
        >>> drawn.embeddings.shape, drawn.labels.shape
        (torch.Size([3, 1000, 8]), torch.Size([1000]))
        >>> world.class_means.norm(dim=1)
        tensor([0.4150, 0.4150, 0.4150, 0.4150, 0.4150], dtype=torch.float64)
    """

    def __init__(
        self,
        num_classes: int = 5,
        dim: int = 8,
        *,
        instance_noise: float = 0.7,
        augmentation_noise: float = 0.3,
        prior: Sequence[float] | Float64[Tensor, " classes"] | None = None,
        seed: int = 0,
    ) -> None:
        check_integer(at_least=1, num_classes=num_classes, dim=dim)
        check_integer(at_least=0, seed=seed)
        check_not_negative(instance_noise=instance_noise, augmentation_noise=augmentation_noise)
        self.instance_noise = instance_noise
        self.augmentation_noise = augmentation_noise
        self.prior = _checked_prior(prior, num_classes)
        normal = torch.randn(num_classes, dim, generator=_generator(seed), dtype=torch.float64)
        self.centers: Float64[Tensor, "classes dim"] = normal / normal.norm(dim=1, keepdim=True)

    @property
    def class_means(self) -> Float64[Tensor, "classes dim"]:
        """Exact mean embedding of each class over instances and augmentations."""
        return _mean_direction(
            self.centers, noise=math.hypot(self.instance_noise, self.augmentation_noise)
        )

    def draw(
        self,
        samples: int | Int64[Tensor, " samples"],
        *,
        views: int = 2,
        seed: int = 0,
    ) -> SphereSample:
        """Draw instances with their classes and views, reproducibly for a given seed.

        Args:
            samples: Number of instances, with classes drawn from the prior; or the class of each
                instance.
            views: Number of views per instance.
            seed: Random seed of the draw; the centres do not depend on it.
        """
        check_integer(at_least=1, views=views)
        check_integer(at_least=0, seed=seed)
        # The centres use the seed itself: a draw with the same seed must not repeat their noise
        generator = _generator(seed + (1 << 32))
        if isinstance(samples, Tensor):
            labels = self._checked(samples)
        else:
            check_integer(at_least=1, samples=samples)
            labels = torch.multinomial(self.prior, samples, replacement=True, generator=generator)
        shape = (views + 1, len(labels), self.centers.shape[1])
        noise = torch.randn(shape, generator=generator, dtype=torch.float64)
        instances = self.centers[labels] + self.instance_noise * noise[0]
        augmented = instances + self.augmentation_noise * noise[1:]
        return SphereSample(
            embeddings=augmented / augmented.norm(dim=2, keepdim=True),
            labels=labels,
            instance_means=_mean_direction(instances, noise=self.augmentation_noise),
        )

    def _checked(self, labels: Tensor) -> Tensor:
        classes = len(self.prior)
        if labels.ndim != 1 or labels.is_floating_point() or not len(labels):
            raise ValueError(
                "`samples` must be an integer or a vector of integers, got"
                f" {labels.dtype} of shape {tuple(labels.shape)}"
            )
        if not 0 <= int(labels.min()) <= int(labels.max()) < classes:
            raise ValueError(
                f"`samples` must contain classes from 0 to {classes - 1},"
                f" got {int(labels.min())} to {int(labels.max())}"
            )
        return labels.long()


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _checked_prior(prior: Sequence[float] | Tensor | None, classes: int) -> Tensor:
    if prior is None:
        return torch.full((classes,), 1 / classes, dtype=torch.float64)
    given = torch.as_tensor(prior, dtype=torch.float64)
    if given.shape != (classes,) or not bool((given >= 0).all()):
        raise ValueError(f"`prior` must have {classes} non-negative entries, got {given.tolist()}")
    if abs(float(given.sum()) - 1) > 1e-6:
        raise ValueError(f"`prior` must sum to 1, got {float(given.sum()):.6g}")
    return given / given.sum()


def _mean_direction(points: Tensor, *, noise: float) -> Tensor:
    r"""Mean of :math:`g / \lVert g \rVert` for a Gaussian `g` around each point.

    It is the gradient of the mean length :math:`\mathbb E \lVert g \rVert` with respect to the
    point, which is given by Kummer's function. Its integral form is a ratio of two integrals of
    :math:`e^{-x \sin^2 \theta} \cos^d \theta` over a quarter turn, for :math:`x` and for 0. The
    integrand is smooth, so Gauss quadrature over its non-negligible part is exact up to rounding.
    """
    length: Tensor = points.norm(dim=1, keepdim=True)
    if noise == 0:
        return points / length
    dim = points.shape[1]
    distance = length / noise
    ratio = (_quarter_turn(distance**2 / 2, dim) - _quarter_turn(torch.zeros(1, 1), dim)).exp()
    growth = math.exp(math.lgamma((dim + 1) / 2) - math.lgamma(dim / 2)) * math.sqrt(2) / dim
    return points / noise * growth * ratio


def _quarter_turn(x: Tensor, dim: int) -> Tensor:
    """Logarithm of the integral, for a column of `x`."""
    nodes, weights = (torch.from_numpy(values) for values in np.polynomial.legendre.leggauss(NODES))
    end = (6.5 / (x.double() + dim / 2).sqrt()).clamp(max=math.pi / 2)
    angles = end * (nodes + 1) / 2
    exponent = -x * angles.sin() ** 2 + dim * angles.cos().log()
    return (exponent + weights.log()).logsumexp(dim=1, keepdim=True) + (end / 2).log()

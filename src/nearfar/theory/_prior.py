"""Class priors: the probability of each latent class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nearfar.checks import check_integer

__all__ = ["Prior", "class_probabilities", "distinct_probabilities"]

Prior = int | Sequence[float] | NDArray[np.floating] | Tensor
"""A number of classes, drawn equally often, or the probability of each."""

_TOLERANCE = 1e-5  # a softmax over thousands of classes in float32 sums to one within it


def class_probabilities(prior: Prior) -> NDArray[np.float64]:
    """The probability of each class, summing to one.

    Args:
        prior: A number of classes, drawn equally often, or the probability of each: above 0,
            summing to 1 up to float32 rounding (then renormalised).

    Raises:
        ValueError: No class, a non-positive probability, NaN, a sum that is not 1.

    Example:
        >>> class_probabilities(4).tolist()
        [0.25, 0.25, 0.25, 0.25]
    """
    if isinstance(prior, int):
        check_integer(at_least=1, prior=prior)
        return np.full(prior, 1 / prior)
    if isinstance(prior, Tensor):
        prior = prior.detach().cpu().double().numpy()
    values = np.asarray(prior, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(
            "`prior` must be a number of classes or one probability per class,"
            f" got shape {tuple(values.shape)}"
        )
    good = np.isfinite(values) & (values > 0)
    if not good.all():
        place = int(np.argmin(good))
        raise ValueError(
            f"`prior` must contain probabilities above 0, got {values[place]:g} for class {place}"
            " (omit classes that never occur)"
        )
    total = float(values.sum())
    if abs(total - 1) > _TOLERANCE:
        raise ValueError(f"`prior` must sum to 1, got a sum of {total:g}")
    return values / total


def distinct_probabilities(prior: Prior) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The distinct probabilities in increasing order, and how many classes have each.

    Example:
        >>> [part.tolist() for part in distinct_probabilities([0.25, 0.5, 0.25])]
        [[0.25, 0.5], [2.0, 1.0]]
        >>> [part.tolist() for part in distinct_probabilities(1_000)]
        [[0.001], [1000.0]]
    """
    if isinstance(prior, int):
        check_integer(at_least=1, prior=prior)
        return np.array([1 / prior]), np.array([float(prior)])
    values, counts = np.unique(class_probabilities(prior), return_counts=True)
    return values, counts.astype(np.float64)

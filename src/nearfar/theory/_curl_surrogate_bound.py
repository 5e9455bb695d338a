"""Arora et al.'s bound in its original setting: hinge or logistic loss, same-class positives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from nearfar.checks import check_choice, check_finite_rows, check_integer, check_matrix
from nearfar.objectives import curl_loss
from nearfar.ops import widen
from nearfar.records import Record
from nearfar.theory._collisions import (
    collision_probability,
    expected_log_collisions,
    log_no_collision,
)
from nearfar.theory._labeled_classes import LabeledClasses
from nearfar.theory._prior import Prior

__all__ = ["CURLSurrogateBound", "curl_surrogate_bound"]

_ENTRIES = 2**22  # numbers per block
_BATCHES = 32  # batches of draws; their means give the standard error


@dataclass(frozen=True)
class CURLSurrogateBound(Record):
    r"""The terms of :func:`curl_surrogate_bound`.

    Attributes:
        unsupervised: The contrastive loss :math:`L_{un}`.
        standard_error: Standard error of `unsupervised`, a mean over random draws.
        collision_probability: :math:`\tau_K`.
        collisions: Minimum cost of colliding negatives: :math:`\tau_K` for the hinge loss,
            :math:`\mathbb E \log_2(1 + \mathrm{Col})` for the logistic loss.
        supervised: The mean classifier's loss given no collision, over random draws.
        bound: The bound on `supervised`.
        collapsed: The value of `supervised` for a collapsed encoder.
    """

    unsupervised: float
    standard_error: float
    collision_probability: float
    collisions: float
    supervised: float
    bound: float
    collapsed: float

    @property
    def vacuous(self) -> bool:
        """Whether a collapsed encoder satisfies the bound."""
        return self.bound >= self.collapsed


@torch.no_grad()
def curl_surrogate_bound(
    embeddings: Float[Tensor, "samples dim"],
    labels: Int[Tensor, " samples"],
    *,
    surrogate: Literal["logistic", "hinge"] = "logistic",
    num_negatives: int = 1,
    block_size: int = 1,
    prior: Prior | None = None,
    draws: int = 4096,
    seed: int = 0,
) -> CURLSurrogateBound:
    r"""Arora et al.'s upper bound on the mean classifier's loss, from the CURL loss.

    .. math:: \mathbb E\big[L^\mu_{\mathrm{sub}} \mid \mathrm{Col} = 0\big] \;\le\;
              \frac{L_{un}(f) - \mathbb E\, \ell(0^{\mathrm{Col}})}{1 - \tau_K}, \qquad
              L_{un}(f) = \mathbb E\, \ell\big(\{f(x) \cdot (f(x^+) - f(x_k^-))\}_{k \le K}\big)

    with :math:`\ell(v) = \log_2(1 + \sum_k e^{-v_k})` or :math:`\max\{0, 1 + \max_k(-v_k)\}`. For
    one negative both have :math:`\ell(0) = 1`, and this is
    :math:`L^\mu_{\sup} \le (L_{un} - \tau) / (1 - \tau)` with :math:`\tau = \sum_c \rho_c^2`: the
    binary classification loss over pairs of different classes.

    *Proof*: anchor and positive are two samples of one class, independent given the class. ℓ is
    convex, so that all but the anchor may be replaced by their class means (Jensen). Without a
    collision, that is the mean classifier's loss; otherwise it is at least the loss on the
    colliding negatives alone, whose v is 0. Blocks of positives and negatives change nothing.

    Assumptions:
        Classes are drawn independently from `prior`, then samples of them with replacement; the
        given samples are the population. Embeddings are not normalised.

    Args:
        embeddings: One row per sample.
        labels: The class of each sample, 0 or more.
        surrogate: "logistic" or "hinge".
        num_negatives: K, 1 or more.
        block_size: Samples averaged for a positive and for each negative, 1 or more.
        prior: A number of classes, or the probability of each; class frequencies if not given.
        draws: Number of anchors drawn.
        seed: Random seed of the draws.

    Raises:
        ValueError: Fewer classes than labels, a class without samples, no negatives, NaN.

    Vacuous:
        A collapsed encoder has `collapsed` on both sides, so with one negative any lower loss is
        informative. With many negatives, :math:`1 - \tau_K` vanishes and the bound diverges.

    Reference:
        Arora et al. 2019 (arXiv 1902.09229), Lemma 4.3 and Theorem 4.5; section 6 on blocks.

    Example:
        >>> labels = torch.arange(4).repeat(25)
        >>> noise = torch.randn(100, 4, generator=torch.Generator().manual_seed(0))
        >>> rows = 3 * torch.eye(4)[labels] + 0.1 * noise
        >>> for num_negatives in (1, 8):
        ...     found = curl_surrogate_bound(
        ...         rows, labels, surrogate="hinge", num_negatives=num_negatives
        ...     )
        ...     print(f"{found.supervised:.2f} <= {found.bound:.2f}", found.vacuous)
        0.00 <= 0.01 False
        0.00 <= 1.36 True
    """
    check_matrix(embeddings=embeddings)
    check_finite_rows(embeddings=embeddings)
    check_choice(("logistic", "hinge"), surrogate=surrogate)
    check_integer(at_least=1, num_negatives=num_negatives, block_size=block_size)
    check_integer(at_least=_BATCHES, draws=draws)
    check_integer(at_least=0, seed=seed)
    rows = widen(embeddings.detach())
    classes = LabeledClasses(labels, samples=len(rows), prior=prior)
    means = _class_means(rows, classes)
    rng = np.random.default_rng(seed)
    per_draw = num_negatives * block_size * rows.shape[1]
    excess, supervised = [], []  # loss minus the draw's own collision cost: lower variance
    for count in _sizes(draws, max(1, _ENTRIES // per_draw)):
        own = classes.draw(rng, count)
        others = classes.draw(rng, (count, num_negatives))
        anchors, positives, negatives = (
            rows[classes.samples(rng, drawn).to(rows.device)]
            for drawn in (own, _repeat(own, block_size), _repeat(others, block_size))
        )
        loss = float(curl_loss(anchors, positives, negatives, surrogate=surrogate))
        collided = (others == own[:, None]).sum(axis=1)
        excess.append(loss - float(_forced(collided, surrogate).mean()))
        own = classes.draw_without_collision(rng, num_negatives, count)
        others = classes.draw_others(rng, own, num_negatives)
        anchors = rows[classes.samples(rng, own).to(rows.device)]
        supervised.append(float(curl_loss(anchors, means[own], means[others], surrogate=surrogate)))
    tau = collision_probability(num_negatives, classes.prior)
    bits = expected_log_collisions(num_negatives, classes.prior) / math.log(2)
    forced = bits if surrogate == "logistic" else tau
    rest = float(np.mean(excess))
    log_weight = log_no_collision(num_negatives, classes.prior)
    return CURLSurrogateBound(
        unsupervised=rest + forced,
        standard_error=float(np.std(excess, ddof=1)) / len(excess) ** 0.5,
        collision_probability=tau,
        collisions=forced,
        supervised=float(np.mean(supervised)),
        bound=rest * math.exp(min(-log_weight, 700.0)),
        collapsed=math.log2(1 + num_negatives) if surrogate == "logistic" else 1.0,
    )


def _forced(collided: NDArray[np.int64], surrogate: str) -> NDArray[np.float64]:
    """The loss on a draw's colliding negatives alone, with all their margins v at 0."""
    if surrogate == "logistic":
        return np.log2(1 + collided)
    return (collided > 0).astype(np.float64)


def _class_means(rows: Tensor, classes: LabeledClasses) -> Tensor:
    labels = torch.from_numpy(classes.labels).to(rows.device)
    sums = rows.new_zeros(len(classes.prior), rows.shape[1]).index_add_(0, labels, rows)
    return sums / torch.from_numpy(classes.sizes).to(sums)[:, None]


def _sizes(draws: int, largest: int) -> Iterator[int]:
    """Sizes of equal batches that add up to at least `draws`, at least _BATCHES of them."""
    batches = max(_BATCHES, -(-draws // largest))
    return (-(-draws // batches) for _ in range(batches))


def _repeat(classes: NDArray[np.int64], block_size: int) -> NDArray[np.int64]:
    return np.broadcast_to(classes[..., None], (*classes.shape, block_size))

"""Bounds and estimates of mutual information from a critic's scores."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_integer, check_matrix
from nearfar.objectives import donsker_varadhan_loss
from nearfar.ops import widen

__all__ = [
    "donsker_varadhan_information",
    "info_nce_information",
    "information_ceiling",
    "jensen_shannon_information",
    "nwj_information",
]

Scores = Float[Tensor, "inputs signals"]


def information_ceiling(num_candidates: int) -> float:
    r"""Largest value of the InfoNCE bound with N candidates, ln N.

    .. math:: I(x; y) \ge \ln N - L_{\text{InfoNCE}}, \qquad L_{\text{InfoNCE}} \ge 0

    A loss of 0 certifies :math:`I \ge \ln N` and nothing more, however large the true value.

    Assumptions:
        The negatives are drawn from the marginal, independently of the query and of each other.
        Hard negatives, such as nearest neighbours, violate this. The proof in the appendix of
        van den Oord et al. needs a density ratio of at least 1, which not every pair has; that of
        Poole et al. does not. InfoNCE need not lie below other estimators: for the same scores it
        can exceed Donsker–Varadhan's value.

    Vacuous:
        Where the views share far more than :math:`\ln N`, as two crops of a photograph do. A loss
        near 0 then means that :math:`N` is too small to measure the information.

    Args:
        num_candidates: Candidates :math:`N` per query, including its own key: the batch size for
            in-batch InfoNCE, 2B − 1 for NT-Xent, 1 + K with K negatives.

    Returns:
        ln N, in nats.

    Reference:
        van den Oord, Li, Vinyals 2018 (arXiv 1807.03748), section 2.3; Poole et al., ICML 2019
        (arXiv 1905.06922), section 2.3.

    Example:
        >>> print(f"{information_ceiling(256):.3f} {information_ceiling(65_537):.3f}")
        5.545 11.090
    """
    check_integer(at_least=1, num_candidates=num_candidates)
    return math.log(num_candidates)


def info_nce_information(scores: Scores) -> Float[Tensor, ""]:
    r"""The InfoNCE lower bound, from a matrix of scores.

    .. math:: \hat I = \frac1n \sum_i \ln \frac{e^{s_{ii}}}{\frac1n \sum_j e^{s_{ij}}} \le \ln n

    Bias:
        A lower bound in expectation, for any critic. At most :func:`information_ceiling`, so far
        too low where the true value exceeds it. Low variance.

    Best critic:
        The log density ratio plus any function of the input alone.

    Args:
        scores: Score of each input (row) with each signal (column); positive pairs are on the
            diagonal.

    Returns:
        Nats: :math:`\ln n` minus :func:`~nearfar.objectives.info_nce_loss`.

    Reference:
        van den Oord et al. 2018 (arXiv 1807.03748); Tsai et al. 2021 (arXiv 2006.05576), equation
        1, where it is the contrastive objective.

    Example:
        >>> print(f"{info_nce_information(10 * torch.eye(4)):.4f}")
        1.3862
    """
    joint, _ = split_scores(scores)
    return (joint - widen(scores).logsumexp(dim=1)).mean() + math.log(len(scores))


def jensen_shannon_information(scores: Scores) -> Float[Tensor, ""]:
    r"""Mean score of positive pairs, for a critic trained with the Jensen–Shannon loss.

    .. math:: \hat I = \frac1n \sum_i s_{ii}

    Bias:
        That of the critic, of either sign: this is not a bound. A critic trained with
        :func:`~nearfar.objectives.jensen_shannon_loss` tends to the log density ratio, and the
        estimate to the true value. No ceiling, and low variance, since no exponential is averaged.

    Best critic:
        The log density ratio; a constant added to the scores is added to the estimate.

    Args:
        scores: As for :func:`info_nce_information`.

    Returns:
        Nats, of any sign.

    Reference:
        Tsai et al. 2021 (arXiv 2006.05576), proposition 1 and its authors' code; loss of Nowozin,
        Cseke, Tomioka 2016 (arXiv 1606.00709).

    Example:
        >>> print(f"{jensen_shannon_information(torch.tensor([[2.0, -1.0], [-1.0, 3.0]])):.2f}")
        2.50
    """
    joint, _ = split_scores(scores)
    return joint.mean()


def nwj_information(scores: Scores) -> Float[Tensor, ""]:
    r"""Nguyen–Wainwright–Jordan lower bound, unbiased for the best critic.

    .. math:: \hat I = 1 + \mathbb E_P[s] - \mathbb E_Q\big[e^{s}\big]

    with :math:`P` the joint and :math:`Q` the product of marginals. This is the usual form with
    :math:`s + 1` as critic, so that the best :math:`s` is the log density ratio itself.

    Bias:
        None for the best critic, negative for others, in expectation. The variance grows like
        :math:`e^I / n`: rare large scores dominate the second term, and a sample without any
        overestimates.

    Best critic:
        The log density ratio.

    Args:
        scores: As for :func:`info_nce_information`; 2 pairs or more.

    Returns:
        Nats, of any sign.

    Reference:
        Nguyen, Wainwright, Jordan 2010 (arXiv 0809.0853); Poole et al. 2019 (arXiv 1905.06922).

    Example:
        >>> print(f"{nwj_information(torch.tensor([[0.5, -1.0], [-1.0, 0.5]])):.4f}")
        1.1321
    """
    joint, marginal = split_scores(scores)
    return 1 + joint.mean() - marginal.exp().mean()


def donsker_varadhan_information(scores: Scores) -> Float[Tensor, ""]:
    r"""Donsker–Varadhan: mean score of positive pairs minus log-mean-exp score of negative pairs.

    .. math:: \hat I = \mathbb E_P[s] - \ln \mathbb E_Q\big[e^{s}\big]

    Bias:
        Negative for a suboptimal critic, positive for a finite sample (by Jensen's inequality, for
        the logarithm of a sample mean), so neither a lower nor an upper bound; never below
        :func:`nwj_information` for the same scores. The variance grows like :math:`e^I / n`.

    Best critic:
        The log density ratio plus any constant.

    Args:
        scores: As for :func:`info_nce_information`; 2 pairs or more.

    Returns:
        Nats, of any sign; minus :func:`~nearfar.objectives.donsker_varadhan_loss`.

    Reference:
        Belghazi et al., ICML 2018 (arXiv 1801.04062).

    Example:
        >>> print(f"{donsker_varadhan_information(torch.tensor([[0.5, -1.0], [-1.0, 0.5]])):.4f}")
        1.5000
    """
    joint, marginal = split_scores(scores)
    return -donsker_varadhan_loss(joint, marginal)


def split_scores(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Scores of positive pairs (diagonal) and negative pairs (off-diagonal)."""
    check_matrix(min_rows=2, scores=scores)
    if scores.shape[0] != scores.shape[1]:
        raise ValueError(
            f"`scores` must be square (inputs × signals), got shape {tuple(scores.shape)}"
        )
    wide = widen(scores)
    apart = ~torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    return wide.diagonal(), wide[apart]

"""How much information scores of pairs prove, and how much they can prove at most."""

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
    r"""The most information that telling one candidate from the others can prove.

    .. math:: I(x; y) \ge \ln N - L_{\text{InfoNCE}}, \qquad L_{\text{InfoNCE}} \ge 0

    With :math:`N` candidates the right one is named by :math:`\ln N` nats; a task that is solved
    says "at least that much", whatever the truth.

    Assumptions:
        Of the bound: the wrong candidates are drawn from the marginal, independently of the query
        and of each other. Nearest neighbours as negatives (or other hard ones) break it. The proof
        in the appendix of van den Oord et al. needs a density ratio of at least 1, which not every
        pair has; that of Poole et al. needs no such thing. Nor is InfoNCE a bound of other
        estimators: it need not lie below Donsker–Varadhan's value for the same scores.

    Vacuous:
        Where the views share far more than :math:`\ln N`, as two crops of a photograph do. A loss
        near 0 then means that :math:`N` is too small for a measurement.

    Args:
        num_candidates: Candidates :math:`N` for each query, its own key among them: the batch for
            InfoNCE in the batch, 2B − 1 for NT-Xent, 1 + K with K negatives.

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
    r"""Information proven by naming each input's own signal among all.

    .. math:: \hat I = \frac1n \sum_i \ln \frac{e^{s_{ii}}}{\frac1n \sum_j e^{s_{ij}}} \le \ln n

    Bias:
        Too low, in expectation never too high, for any critic. Never above
        :func:`information_ceiling`, so far too low where the truth is above it. Low variance.

    Best critic:
        The log density ratio plus anything that depends on the input alone.

    Args:
        scores: Score of each input (row) with each signal (column); pairs drawn together are on the
            diagonal.

    Returns:
        Nats; the number of candidates' logarithm less :func:`~nearfar.objectives.info_nce_loss`.

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
    r"""Mean score of pairs drawn together, for scores that are log density ratios.

    .. math:: \hat I = \frac1n \sum_i s_{ii}

    Bias:
        As large as the critic's, in either direction: no bound at all. A critic trained with
        :func:`~nearfar.objectives.jensen_shannon_loss` tends to the log density ratio, and this to
        the truth. No ceiling, and low variance, since no exponential is averaged.

    Best critic:
        The log density ratio, without a free constant: adding one adds it to the estimate.

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
    r"""Nguyen–Wainwright–Jordan: a bound whose expectation is exact for the best critic.

    .. math:: \hat I = 1 + \mathbb E_P[s] - \mathbb E_Q\big[e^{s}\big]

    with :math:`P` the pairs drawn together and :math:`Q` those drawn apart. This is the usual form
    for the critic :math:`s + 1`, so that the best critic is the log density ratio itself.

    Bias:
        None for the best critic, too low for others, in expectation. The variance grows like
        :math:`e^I / n`: a rare large score decides the second term, and where the sample has none
        the estimate is too high.

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
    r"""Donsker–Varadhan: mean score of pairs drawn together over log-mean-exp of those apart.

    .. math:: \hat I = \mathbb E_P[s] - \ln \mathbb E_Q\big[e^{s}\big]

    Bias:
        Too low for a critic that is not the best, too high for a finite sample (the logarithm of a
        mean is on average below that of the expectation), so neither bound; never below
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
    """Scores of pairs drawn together and apart, from a square matrix."""
    check_matrix(min_rows=2, scores=scores)
    if scores.shape[0] != scores.shape[1]:
        raise ValueError(
            f"`scores` must be square, inputs × their signals, got shape {tuple(scores.shape)}"
        )
    wide = widen(scores)
    apart = ~torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    return wide.diagonal(), wide[apart]

"""PAC-Bayes bounds on the contrastive risk."""

from __future__ import annotations

import math

from nearfar.checks import check_fraction, check_integer, check_not_negative, check_positive

__all__ = ["pac_bayes_bound", "pac_bayes_dependent_bound"]


def pac_bayes_bound(
    risk: float,
    *,
    divergence: float,
    samples: int,
    prior_index: int = 1,
    failure_probability: float = 0.05,
) -> float:
    r"""PAC-Bayes bound on the contrastive risk of a stochastic encoder.

    .. math:: R(Q) \;\le\; \inf_{\lambda > 0}
              \frac{1 - \exp\big(-\tfrac{\lambda}{m} \hat R(Q) - \varepsilon\big)}
                   {1 - e^{-\lambda / m}},
              \qquad \varepsilon = \frac1m \Big(\mathrm{KL}(Q \| P)
              + \ln\frac{\pi^2 j^2}{6 \delta} + \ln(2 \sqrt m)\Big)

    with probability at least 1 − δ over the samples, simultaneously for all posteriors Q.

    *Proof*: Catoni's bound holds for one λ. As :math:`\sup_\lambda` of its exponent is the binary
    divergence, the infimum is the largest r with
    :math:`\mathrm{kl}(\hat R \| r) \le \varepsilon`, and Maurer's form of the PAC-Bayes theorem,
    at the price of :math:`\ln(2 \sqrt m)`, holds for that r: no grid over λ is needed. A union
    bound with weights :math:`6 / (\pi^2 j^2)` over the priors :math:`P_1, P_2, \dots` allows j to
    be chosen on the samples.

    Assumptions:
        Samples (an anchor with its positives and negatives, or blocks of them) are independent and
        identically distributed; the prior P does not depend on them; the loss lies in [0, 1], such
        as the zero-one loss of ranking a negative above the positive.

    Args:
        risk: Empirical risk of Q, between 0 and 1.
        divergence: Kullback–Leibler divergence of the posterior Q from the prior P, in nats.
        samples: Number of samples m, 1 or more.
        prior_index: Index j of the prior in a list fixed in advance, 1 or more.
        failure_probability: δ, between 0 and 1.

    Returns:
        A number between `risk` and 1.

    Raises:
        ValueError: A number out of range.

    Vacuous:
        At 1, and in effect at 0.5, the risk of guessing: the divergence is then of the order of m.
        The bound certifies the contrastive risk only, not a downstream one: in the paper the
        posterior with the smallest bound classifies worst.

    Reference:
        Nozawa, Germain, Guedj 2020 (arXiv 1910.04464), after Catoni 2007 and Maurer 2004.

    Example:
        >>> for risk, divergence in ((0.172, 32_756), (0.170, 30_894)):
        ...     print(f"{pac_bayes_bound(risk, divergence=divergence, samples=47_500):.3f}")
        0.734
        0.718
    """
    check_fraction(risk=risk)
    check_not_negative(divergence=divergence)
    check_integer(at_least=1, samples=samples, prior_index=prior_index)
    _check_failure_probability(failure_probability)
    union = math.log(math.pi**2 * prior_index**2 / (6 * failure_probability))
    allowed = (divergence + union + math.log(2 * math.sqrt(samples))) / samples
    low, high = float(risk), 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _divergence(risk, middle) <= allowed else (low, middle)
    return high


def pac_bayes_dependent_bound(
    risk: float,
    *,
    divergence: float,
    samples: int,
    dependence: int,
    prior_index: int = 1,
    failure_probability: float = 0.05,
) -> float:
    r"""PAC-Bayes bound for dependent samples, such as pairs from one recording.

    .. math:: R(Q) \;\le\; \hat R(Q) + \pi j \sqrt{\frac{1 + 4T}{24\, m\, \delta}
              \big(\chi^2(Q \| P) + 1\big)}

    with probability at least 1 − δ over the samples, simultaneously for all posteriors Q.

    *Proof*: by Chebyshev instead of Chernoff. The loss lies in [0, 1], so its variance is at most
    1/4; each of m samples overlaps at most 4T others (pairs run forward in time only), hence the
    mean's variance is at most (1 + 4T) / 4m; the change of measure from P to Q costs a factor
    :math:`\chi^2 + 1` (Cauchy–Schwarz), Markov's inequality 1/δ, the union bound over priors
    :math:`\pi^2 j^2 / 6`.

    Assumptions:
        Samples are identically distributed, and independent when more than T apart in time; the
        loss lies in [0, 1]; the prior does not depend on the samples.

    Args:
        risk: Empirical risk of Q, between 0 and 1.
        divergence: Chi-squared divergence of the posterior Q from the prior P.
        samples: Number of samples m, 1 or more.
        dependence: T, largest distance in time at which samples are dependent, 0 or more.
        prior_index: Index j of the prior in a list fixed in advance, 1 or more.
        failure_probability: δ, between 0 and 1.

    Returns:
        A number of at least `risk`, often far above 1.

    Raises:
        ValueError: A number out of range.

    Vacuous:
        At 1 and above. It decreases only as :math:`1 / \sqrt{m \delta}`, and the divergence does
        not enter through a logarithm: in the paper it is vacuous throughout, from 2.2 to 141.

    Reference:
        Nozawa, Germain, Guedj 2020 (arXiv 1910.04464), after Alquier and Guedj 2018.

    Example:
        >>> bound = pac_bayes_dependent_bound(0.2, divergence=1, samples=100_000, dependence=4)
        >>> print(f"{bound:.2f}")
        0.25
    """
    check_fraction(risk=risk)
    check_not_negative(divergence=divergence)
    check_integer(at_least=1, samples=samples, prior_index=prior_index)
    check_integer(at_least=0, dependence=dependence)
    _check_failure_probability(failure_probability)
    variance = (1 + 4 * dependence) / (24 * samples * failure_probability)
    return risk + math.pi * prior_index * math.sqrt(variance * (divergence + 1))


def _divergence(q: float, p: float) -> float:
    """Kullback–Leibler divergence between Bernoulli distributions with parameters q and p ≥ q."""
    if p >= 1:
        return 0.0 if q >= 1 else math.inf
    ones = q * math.log(q / p) if q > 0 else 0.0
    return ones + (1 - q) * math.log((1 - q) / (1 - p))


def _check_failure_probability(value: float) -> None:
    check_positive(failure_probability=value)
    check_fraction(failure_probability=value)

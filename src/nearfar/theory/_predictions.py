"""What theory predicts for a setting before training."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nearfar._signs import counted, minus
from nearfar.checks import check_integer, check_positive
from nearfar.ops import uniformity_floor, uniformity_minimum
from nearfar.records import AdviceLine, AdviceRecord, Curve
from nearfar.theory._bound_curves import ARORA, COUPON, bound_curves, log_bounds, other_class
from nearfar.theory._collisions import collision_probability, expected_log_collisions
from nearfar.theory._contrastive_deviation import contrastive_deviation_bound
from nearfar.theory._coupon_collector import coupon_collector_probability
from nearfar.theory._draws import draws_for_coverage
from nearfar.theory._information_bounds import information_ceiling
from nearfar.theory._perfect_loss import perfect_contrastive_loss
from nearfar.theory._prior import Prior, class_probabilities

__all__ = ["advise"]

_COVERAGE = 0.95
_GUESSES = (10, 100, 1_000)  # numbers of latent classes to report if none is given
_SEEN = 0.02  # a uniformity within this of its minimum counts as at the minimum
_T = 2.0


def advise(
    *,
    batch_size: int,
    dim: int,
    temperature: float | None = None,
    num_negatives: int | None = None,
    prior: Prior | None = None,
    samples: int | None = None,
    loss: float | None = None,
    uniformity: float | None = None,
    watched: int | None = None,
) -> AdviceRecord:
    r"""Theoretical predictions for a contrastive setting, each with its formula.

    Reports the loss at chance and the best attainable one, the information that the loss can
    certify, the probability that a batch covers all latent classes, the cost of collisions, the
    batch size needed for coverage, the minimum of uniformity, and which bounds are vacuous and why.

    Assumptions:
        Those of the functions behind each line. Negatives are drawn independently; a batch of two
        views has N samples, N − 1 of them negatives.

    Args:
        batch_size: N, samples in a (global) batch, 2 or more.
        dim: Dimension of the projections.
        temperature: Temperature of the objective; None for an objective without negatives, where
            only the lines on uniformity apply.
        num_negatives: K keys in a queue; by default the 2N − 2 other views of the batch.
        prior: Number of latent classes, or the probability of each; by default a few guesses.
        samples: Size of the dataset.
        loss: Loss of a run, to be placed between the best value and chance.
        uniformity: Uniformity of a run (t = 2), to be compared with its minimum.
        watched: Number of samples that uniformity was measured on.

    Returns:
        The lines, and the curves of the bounds if prior and temperature are given.

    Raises:
        ValueError: A number out of range, an invalid prior, or a batch larger than the dataset.

    Example:
        >>> for line in advise(batch_size=256, dim=128, temperature=0.2).lines[:3]:
        ...     print(f"{line.about}: {line.statement}")
        chance: a loss of 6.24 means nothing was learnt
        best: 1.57 for a perfectly aligned and uniform encoder in 128 dimensions
        ceiling: the loss cannot certify more than 6.24 nats (9.00 bits) of mutual information
    """
    check_integer(at_least=2, batch_size=batch_size)
    check_integer(at_least=1, dim=dim)
    if num_negatives is not None:
        check_integer(at_least=1, num_negatives=num_negatives)
    if samples is not None:
        check_integer(at_least=1, samples=samples)
        if batch_size > samples:
            raise ValueError(
                f"`batch_size` must be at most the {samples:,} samples of the data,"
                f" got {batch_size:,}"
            )
    classes = 0 if prior is None else len(class_probabilities(prior))
    draws = batch_size if num_negatives is None else 1 + num_negatives
    lines: list[AdviceLine] = []
    curves: tuple[Curve, ...] = ()
    setting = f"batch {batch_size:,}, {counted(dim, 'dimension')}"
    if temperature is not None:
        check_positive(temperature=temperature)
        candidates = 2 * batch_size - 2 if num_negatives is None else num_negatives
        setting += f", temperature {temperature:g}, {counted(candidates, 'negative')}"
        lines += _contrast(candidates, dim, temperature, loss)
        lines += _coverage(draws, prior, classes)
        if prior is not None and classes > 1:
            lines += _bounds(draws, temperature, prior, classes)
            curves = bound_curves(prior, temperature=temperature, most=max(4, 2 * draws))
    lines += _spread(dim, uniformity, watched)
    if samples is not None:
        per_epoch = samples // batch_size
        text = f"{counted(samples, 'sample')} make {counted(per_epoch, 'update')} per epoch"
        lines.append(AdviceLine("data", text, "⌊samples / N⌋", float(per_epoch)))
    return AdviceRecord(setting, tuple(lines), classes, curves)


def _contrast(
    candidates: int, dim: int, temperature: float, loss: float | None
) -> Iterator[AdviceLine]:
    chance = math.log(1 + candidates)
    best = perfect_contrastive_loss(dim, temperature=temperature, num_negatives=candidates)
    yield AdviceLine(
        "chance",
        f"a loss of {chance:.2f} means nothing was learnt",
        f"ln(1 + {candidates:,})",
        chance,
        matters=True,
    )
    yield AdviceLine(
        "best",
        f"{best:.2f} for a perfectly aligned and uniform encoder in {counted(dim, 'dimension')}",
        "−1/τ + E ln(e^(1/τ) + Σ e^(u·v/τ)), u and v uniform on the sphere",
        best,
        matters=True,
    )
    ceiling = information_ceiling(1 + candidates)
    yield AdviceLine(
        "ceiling",
        f"the loss cannot certify more than {ceiling:.2f} nats ({ceiling / math.log(2):.2f} bits)"
        " of mutual information",
        "I ≥ ln(number of candidates) − L",
        ceiling,
        matters=True,
    )
    if loss is not None:
        way = (chance - loss) / (chance - best)
        yield AdviceLine(
            "loss",
            f"{loss:.2f} lies {way:.0%} of the way from chance to the best",
            "(chance − L) / (chance − best)",
            way,
        )
    if candidates * math.exp(-1 / temperature) < 0.1:
        yield AdviceLine(
            "vacuous",
            f"at temperature {temperature:g} any aligned encoder has a loss near 0:"
            " the loss does not show uniformity, monitor it separately",
            "M·e^(−1/τ)",
            candidates * math.exp(-1 / temperature),
        )
    gap = contrastive_deviation_bound(temperature=temperature, num_negatives=candidates)
    text = f"L − ln M is within {gap.upper:.2g} nats of its limit, alignment plus uniformity"
    if gap.upper > 0.5:
        text = (
            f"L − ln M may be {gap.upper:.1f} nats from alignment plus uniformity, its limit for"
            " many negatives"
        )
    yield AdviceLine("limit", text, "ln(1 + e^(2/τ) / M)", gap.upper)


def _coverage(draws: int, prior: Prior | None, classes: int) -> Iterator[AdviceLine]:
    if prior is None:
        for guess in _GUESSES:
            chance = coupon_collector_probability(draws, guess)
            yield AdviceLine(
                "coverage",
                f"with {guess:,} latent classes, {counted(draws, 'sample')} cover all of them with"
                f" probability {_probability(chance)}",
                f"υ of {draws:,} draws, {guess:,} equal classes",
                chance,
            )
        return
    chance = coupon_collector_probability(draws, prior)
    yield AdviceLine(
        "coverage",
        f"{draws:,} samples cover all {classes:,} classes with probability {_probability(chance)}",
        "υ = P(every class among the draws)",
        chance,
    )
    needed = draws_for_coverage(prior, probability=_COVERAGE)
    yield AdviceLine(
        "enough",
        f"{needed:,} samples cover all classes with probability {_COVERAGE:.0%}",
        "smallest N with υ_N ≥ 0.95",
        float(needed),
    )
    collides = collision_probability(draws - 1, prior)
    yield AdviceLine(
        "collide",
        f"at least one negative is of the anchor's class with probability {_probability(collides)}",
        "τ = 1 − Σ ρ(1 − ρ)^K",
        collides,
    )
    cost = expected_log_collisions(draws - 1, prior)
    yield AdviceLine(
        "cost",
        f"for an encoder that maps each class to one point, colliding negatives add {cost:.2f}"
        " to the loss",
        "E ln(Col + 1)",
        cost,
    )


_FORMULAS = {
    ARORA: "(L − E ln(Col + 1)) / ((1 − τ) υ)",
    COUPON: "(2L − E ln(Col + 1)) / υ",
}


def _bounds(draws: int, temperature: float, prior: Prior, classes: int) -> Iterator[AdviceLine]:
    collapsed = math.log(classes)
    truth = math.log1p((classes - 1) * other_class(classes, temperature))
    for name, (log_bound, reason) in log_bounds(draws, temperature, prior).items():
        text = (
            f"for an encoder that maps each class to one point (supervised loss {truth:.2f}), the"
            f" bound of {name} is {_exponential(log_bound)}"
        )
        if log_bound >= math.log(collapsed):
            text += f": vacuous, a collapsed encoder has ln C = {collapsed:.2f} ({reason})"
        yield AdviceLine("bound", text, _FORMULAS[name], _finite_exponential(log_bound))


def _spread(dim: int, uniformity: float | None, watched: int | None) -> Iterator[AdviceLine]:
    least = uniformity_minimum(dim, _T)
    yield AdviceLine(
        "uniform",
        f"no distribution in {counted(dim, 'dimension')} has a uniformity below {_signed(least)}",
        "−2t + ln 0F1(; m/2; t²), t = 2",
        least,
        matters=True,
    )
    if uniformity is None:
        return
    floor = least if watched is None else uniformity_floor(dim, watched, _T)
    away = uniformity - floor
    text = (
        f"uniformity {_signed(uniformity)} is at its minimum: only alignment can still improve"
        if away <= _SEEN
        else f"uniformity {_signed(uniformity)} is {away:.2f} above the minimum for"
        f" {'any distribution' if watched is None else counted(watched, 'sample')}"
    )
    yield AdviceLine("spread", text, "uniformity − its minimum", away)


def _signed(value: float) -> str:
    return minus(f"{value:.2f}")


def _probability(value: float) -> str:
    if value < 1e-99:
        return "0"
    if value < 1e-4:
        return f"{value:.1e}"
    return f"{value:.4f}" if value < 0.99995 else "above 0.9999"


def _finite_exponential(log_value: float) -> float:
    return math.exp(log_value) if log_value < 700 else math.inf


def _exponential(log_value: float) -> str:
    if log_value == math.inf:
        return "infinite"
    if log_value < 7:
        return f"{math.exp(log_value):.2f}"
    return f"10^{log_value / math.log(10):.0f}"

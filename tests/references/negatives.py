"""Collisions and coupons in exact arithmetic, by the sums of arXiv 2102.06866 and by counting."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations, product

Prior = Sequence[Fraction]


def equal(classes: int) -> list[Fraction]:
    return [Fraction(1, classes)] * classes


def collision_probability(negatives: int, prior: Prior) -> Fraction:
    return 1 - sum((p * (1 - p) ** negatives for p in prior), Fraction(0))


def expected_log_collisions(negatives: int, prior: Prior) -> float:
    terms = []
    for p in prior:
        for m in range(1, negatives + 1):
            weight = math.comb(negatives, m) * p**m * (1 - p) ** (negatives - m)
            terms.append(float(p * weight) * math.log(1 + m))
    return math.fsum(terms)


def coupon_collector_probability(draws: int, prior: Prior) -> Fraction:
    """Inclusion and exclusion over all sets of classes that are missed."""
    total = Fraction(0)
    for size in range(len(prior) + 1):
        for missed in combinations(prior, size):
            total += (-1) ** size * (1 - sum(missed, Fraction(0))) ** draws
    return total


def coupon_collector_probability_equal(draws: int, classes: int) -> Fraction:
    """Surjections among all sequences."""
    ways = sum(
        (-1) ** j * math.comb(classes, j) * (classes - j) ** draws for j in range(classes + 1)
    )
    return Fraction(ways, classes**draws)


def coupon_collector_series(draws: int, classes: int) -> Fraction:
    """The paper's double sum, over the draw at which the collection is complete."""
    return sum(
        (
            Fraction((-1) ** m * math.comb(classes - 1, m) * (classes - m - 1) ** (n - 1))
            / classes ** (n - 1)
            for n in range(classes, draws + 1)
            for m in range(classes - 1)
        ),
        Fraction(0),
    )


def coupon_collector_recursion(draws: int, classes: int) -> Fraction:
    """Draw by draw, how likely each number of different classes has been seen."""
    seen = [Fraction(1)] + [Fraction(0)] * classes
    for _ in range(draws):
        seen = [
            seen[i] * Fraction(i, classes)
            + (seen[i - 1] * Fraction(classes - i + 1, classes) if i else 0)
            for i in range(classes + 1)
        ]
    return seen[classes]


def expected_draws(prior: Prior) -> Fraction:
    """The integral of the survival function, set by set."""
    total = Fraction(0)
    for size in range(1, len(prior) + 1):
        for some in combinations(prior, size):
            total += (-1) ** (size + 1) / sum(some, Fraction(0))
    return total


def log(value: Fraction) -> float:
    """Logarithm of a fraction that may be too small for floating point."""
    return math.log(value.numerator) - math.log(value.denominator)


def log_sum_exp(values: Sequence[float]) -> float:
    largest = max(values)
    return largest + math.log(math.fsum(math.exp(v - largest) for v in values))


def bound_terms(
    views: Sequence[Sequence[Sequence[float]]],
    labels: Sequence[int],
    *,
    num_negatives: int,
    temperature: float,
    prior: Sequence[float],
) -> dict[str, float]:
    """Every term of both lower bounds, by going through every draw there is.

    `views` are unit vectors, view by view; classes are numbered from 0.
    """
    many, classes, t = len(views), len(prior), temperature
    sizes = [labels.count(c) for c in range(classes)]

    def dot(u: Sequence[float], v: Sequence[float]) -> float:
        return math.fsum(a * b for a, b in zip(u, v, strict=True))

    def mean(rows: Sequence[Sequence[float]]) -> list[float]:
        return [math.fsum(column) / len(rows) for column in zip(*rows, strict=True)]

    rows = [(view[i], c) for view in views for i, c in enumerate(labels)]
    chance = [prior[c] / (sizes[c] * many) for _, c in rows]
    mu = [mean([row for row, label in rows if label == c]) for c in range(classes)]
    terms = dict.fromkeys(
        ("info_nce", "supervised", "all", "not all", "clear all", "clear not all", "gap", "col"),
        0.0,
    )
    for i, c in enumerate(labels):
        for a in range(many):
            z, own = views[a][i], prior[c] / (sizes[c] * many)
            logits = [dot(z, m) / t for m in mu]
            others = [views[b][i] for b in range(many) if b != a]
            terms["supervised"] += own * (log_sum_exp(logits) - logits[c])
            terms["gap"] += own * min(0.0, dot(z, mu[c]) - dot(z, mean(others))) / t
            for drawn in product(range(len(rows)), repeat=num_negatives):
                weight = own * math.prod(chance[k] for k in drawn)
                against = [dot(z, rows[k][0]) / t for k in drawn]
                for positive in others:
                    s = dot(z, positive) / t
                    terms["info_nce"] += weight / len(others) * (log_sum_exp([s, *against]) - s)
                negative_classes = [rows[k][1] for k in drawn]
                present = {c, *negative_classes}
                loss = log_sum_exp([logits[j] for j in present]) - logits[c]
                which = "all" if len(present) == classes else "not all"
                terms[which] += weight * loss
                if c not in negative_classes:
                    terms[f"clear {which}"] += weight * loss
                terms["col"] += weight * math.log(1 + negative_classes.count(c))
    return terms


def pairwise_surrogate(
    rows: Sequence[Sequence[float]], labels: Sequence[int], *, surrogate: str
) -> tuple[float, float, float]:
    """CURL's loss of one negative, that of the mean classifier on two classes, and τ, by loops."""
    n = len(labels)
    classes = sorted(set(labels))
    prior = {c: labels.count(c) / n for c in classes}
    members = {
        c: [row for row, label in zip(rows, labels, strict=True) if label == c] for c in classes
    }
    means = {c: [math.fsum(x) / len(m) for x in zip(*m, strict=True)] for c, m in members.items()}

    def loss(x: Sequence[float], u: Sequence[float], v: Sequence[float]) -> float:
        lead = math.fsum(a * (b - c) for a, b, c in zip(x, u, v, strict=True))
        return max(0.0, 1 - lead) if surrogate == "hinge" else math.log2(1 + math.exp(-lead))

    unsupervised = supervised = 0.0
    for c in classes:
        for d in classes:
            chance = prior[c] * prior[d] / (len(members[c]) ** 2 * len(members[d]))
            unsupervised += chance * math.fsum(
                loss(x, u, v) for x in members[c] for u in members[c] for v in members[d]
            )
            if c != d:
                chance = prior[c] * prior[d] / len(members[c])
                supervised += chance * math.fsum(loss(x, means[c], means[d]) for x in members[c])
    tau = math.fsum(p * p for p in prior.values())
    return unsupervised, supervised / (1 - tau), tau


def same_class_deviation(
    anchors: Sequence[Sequence[float]], others: Sequence[Sequence[float]], labels: Sequence[int]
) -> float:
    """Mean over classes, then over ordered pairs of different samples, of |z_j·z_i' − z_j·z_j'|."""
    means = []
    for c in sorted(set(labels)):
        members = [i for i, label in enumerate(labels) if label == c]
        gaps = []
        for j in members:
            own = math.fsum(a * b for a, b in zip(anchors[j], others[j], strict=True))
            for i in members:
                if i != j:
                    other = math.fsum(a * b for a, b in zip(anchors[j], others[i], strict=True))
                    gaps.append(abs(other - own))
        means.append(math.fsum(gaps) / len(gaps))
    return math.fsum(means) / len(means)

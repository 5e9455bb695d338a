"""Comparisons of probed representations, as numbers and as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from nearfar._signs import minus
from nearfar.probes import (
    PairedDifference,
    balanced_accuracy,
    mean_average_precision,
    paired_accuracy,
    paired_average_precision,
    paired_r2,
    r2_score,
)
from nearfar.records import ProbeComparison

__all__ = ["Evaluated", "Truth", "compared_representations"]

_PROBES: Final = {"linear": "linear probe", "knn": "nearest neighbours"}


@dataclass(frozen=True)
class Evaluated:
    """Predictions of the probes of one representation.

    Attributes:
        name: Name of the representation.
        role: "trained", "start", "loaded", "untrained", "raw" or "embeddings".
        predictions: Predictions of the evaluated samples, by name of the probe.
    """

    name: str
    role: str
    predictions: dict[str, Tensor]


@dataclass(frozen=True)
class Truth:
    """The labels of the evaluated samples.

    Attributes:
        task: "classification", "regression" or "multilabel".
        labels: True labels.
        groups: Group of each sample, if samples of a group are not independent.
        uneven: Whether classes are uneven, so that balanced accuracies are compared.
    """

    task: str
    labels: Tensor
    groups: Tensor | None = None
    uneven: bool = False

    @property
    def measure(self) -> str:
        """The score that is compared."""
        known = {"regression": "R²", "multilabel": "mean average precision"}
        return known.get(self.task, "balanced accuracy" if self.uneven else "accuracy")

    def score(self, predicted: Tensor) -> float:
        """The score of predictions."""
        if self.task == "regression":
            return r2_score(predicted, self.labels)
        if self.task == "multilabel":
            return mean_average_precision(predicted, self.labels)
        if self.uneven:
            return balanced_accuracy(predicted, self.labels)
        return float((predicted == self.labels).double().mean())

    def paired(self, first: Tensor, second: Tensor) -> PairedDifference:
        """The difference of the scores of two predictions."""
        if self.task == "regression":
            return paired_r2(first, second, self.labels, groups=self.groups)
        if self.task == "multilabel":
            return paired_average_precision(first, second, self.labels, groups=self.groups)
        return paired_accuracy(first, second, self.labels, balanced=self.uneven, groups=self.groups)


def compared_representations(
    found: Sequence[Evaluated], truth: Truth, *, majority: int | None, majority_class: str
) -> tuple[ProbeComparison, ...]:
    """The first representation against each other one, and against the majority class.

    The linear probe's results have a sentence; those of nearest neighbours have one where they
    differ in kind.
    """
    if not found or len(truth.labels) < 2 or _units(truth) < 2:
        return ()
    return tuple(_comparisons(found, truth, majority, majority_class))


def _units(truth: Truth) -> int:
    return len(truth.labels) if truth.groups is None else torch.unique(truth.groups).numel()


def _comparisons(
    found: Sequence[Evaluated], truth: Truth, majority: int | None, majority_class: str
) -> Iterator[ProbeComparison]:
    first, others = found[0], found[1:]
    for other in others:
        linear, knn = (_compared(first, other, key, truth) for key in _PROBES)
        yield replace(linear, sentence=_sentence(linear, first, other))
        differs = _outcome(linear) != _outcome(knn)
        yield replace(knn, sentence=_sentence(knn, first, other)) if differs else knn
    if majority is not None:
        always = torch.full_like(truth.labels, majority)
        constant = Evaluated("majority class", "majority", dict.fromkeys(_PROBES, always))
        against = _compared(first, constant, "linear", truth)
        if not against.low > 0:
            text = (
                f"linear probe: {_named(first)} ({against.first_score:.2f}) is no better than"
                f" always predicting {majority_class} ({against.second_score:.2f}), as far as"
                f" {against.samples:,} samples can show"
            )
            against = replace(against, sentence=text)
        yield against


def _compared(first: Evaluated, second: Evaluated, key: str, truth: Truth) -> ProbeComparison:
    one, other = first.predictions[key], second.predictions[key]
    paired = truth.paired(one, other)
    return ProbeComparison(
        probe=key,
        measure=truth.measure,
        first=first.name,
        second=second.name,
        first_score=truth.score(one),
        second_score=truth.score(other),
        difference=paired.difference,
        low=paired.low,
        high=paired.high,
        samples=paired.samples,
    )


def _outcome(found: ProbeComparison) -> int:
    return 1 if found.low > 0 else -1 if found.high < 0 else 0


def _named(which: Evaluated) -> str:
    return {
        "trained": "this encoder",
        "start": "the starting weights",
        "loaded": "the loaded encoder",
        "untrained": "the untrained encoder",
    }.get(which.role, which.name)


def _scored(which: Evaluated, score: float) -> str:
    if which.role == "raw":
        return f"raw features ({which.name.removeprefix('raw ')} {minus(f'{score:.2f}')})"
    return f"{_named(which)} ({minus(f'{score:.2f}')})"


def _sentence(found: ProbeComparison, first: Evaluated, second: Evaluated) -> str:
    """The result as text, with the difference in points, or as it is for R²."""
    plain = found.measure == "R²"
    factor, digits, unit = (1, 2, " of R²") if plain else (100, 1, " points")
    if abs(found.difference) * factor < 0.5 / 10**digits:  # more digits than that would be zeros
        digits += 2

    def number(value: float, sign: str = "") -> str:
        return minus(f"{factor * value:{sign}.{digits}f}")

    interval = f"[{number(found.low)}, {number(found.high)}]"
    signed = f"{number(found.difference, '+')} {interval}{unit}"
    probe = _PROBES[found.probe]
    if found.measure == "balanced accuracy":
        probe += ", balanced accuracy"
    outcome = _outcome(found)
    one, other = _scored(first, found.first_score), _scored(second, found.second_score)
    nothing = f"no difference that {found.samples:,} samples could show"
    if first.role == "trained" and second.role in ("start", "untrained"):
        before = _named(second)
        scores = minus(f"{found.second_score:.2f} → {found.first_score:.2f}")
        if not outcome:
            return f"{probe}: training made {nothing}, {signed} over {before}"
        word = "helped" if outcome > 0 else "hurt"
        return f"{probe}: training {word}: {signed} over {before} ({scores})"
    if not outcome:
        return f"{probe}: {one} and {other}: {nothing}, {signed}"
    size = f"{number(abs(found.difference))}{unit}"
    if outcome > 0:
        beat = "beat" if first.role == "raw" else "beats"
        return f"{probe}: {one} {beat} {other} by {size} {interval}"
    flipped = f"[{number(-found.high)}, {number(-found.low)}]"
    beat = "beat" if second.role == "raw" else "beats"
    return f"{probe}: {other} {beat} {one} by {size} {flipped}"

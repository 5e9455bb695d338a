"""Results of probes, which evaluate embeddings with labels."""

from __future__ import annotations

from dataclasses import dataclass, field

from nearfar.records._probe_display import ProbeDisplay
from nearfar.records._record import Record

__all__ = ["ProbeComparison", "ProbeRecord", "ProbeRow", "ProbeShare"]


@dataclass(frozen=True)
class ProbeRow(Record):
    """Scores of one representation: accuracies, R², or mean average precisions.

    Attributes:
        representation: Name: "trained encoder", "untrained encoder" or that of the raw features.
        knn: Score of the k-nearest-neighbours probe.
        linear: Score of the linear probe.
        mean_classifier: Accuracy of the mean classifier; None where samples have no single class.
        balanced: Balanced accuracy (mean recall of the classes) of each of the three, by name.
    """

    representation: str
    knn: float
    linear: float
    mean_classifier: float | None = None
    balanced: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ProbeComparison(Record):
    """The difference of two representations on the same evaluated samples.

    Attributes:
        probe: "linear" or "knn".
        measure: "accuracy", "balanced accuracy", "R²" or "mean average precision".
        first: Name of the first representation.
        second: Name of the second representation, or "majority class".
        first_score: Score of the first.
        second_score: Score of the second.
        difference: The first score minus the second.
        low: Lower end of the 95 % confidence interval of the difference.
        high: Upper end.
        samples: Number of evaluated samples.
        sentence: The result as text.
    """

    probe: str
    measure: str
    first: str
    second: str
    first_score: float
    second_score: float
    difference: float
    low: float
    high: float
    samples: int
    sentence: str = ""

    @property
    def conclusive(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class ProbeShare(Record):
    """Scores of one representation with a share of the labels, as means over several subsets.

    Attributes:
        representation: Name of the representation.
        share: Share of the training labels, above 0 and at most 1.
        labels: Number of labels that a probe was fitted on.
        seeds: Number of subsets.
        knn: Mean score of the k-nearest-neighbours probe.
        linear: Mean score of the linear probe.
        mean_classifier: Mean accuracy of the mean classifier; None where samples have no single
            class.
        spread: Standard deviation over the subsets of each score, by name.
    """

    representation: str
    share: float
    labels: int
    seeds: int
    knn: float
    linear: float
    mean_classifier: float | None = None
    spread: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class ProbeRecord(ProbeDisplay, Record):
    """Scores of the trained encoder, an untrained encoder and raw features.

    Attributes:
        data: Description of the training samples.
        protocol: "official split", "five stratified folds", "five random folds" or folds of groups.
        classes: Number of classes or labels; 0 for numbers.
        rows: Scores of each representation.
        majority: Accuracy of always predicting the most frequent class of the training samples;
            of several labels the mean average precision of a random order.
        majority_balanced: Balanced accuracy of the same.
        majority_class: Name of that class.
        uneven: Whether the largest class has more than 1.5 times as many evaluated samples as the
            smallest.
        notes: Notes on the data, such as samples that were left out.
        task: "classification", "regression" or "multilabel".
        samples: Number of evaluated samples.
        layer: The layer and pooling of the encoders' features, if not their output.
        comparisons: Differences between representations, with intervals and sentences.
        shares: Scores with shares of the labels.
    """

    data: str
    protocol: str
    classes: int
    rows: tuple[ProbeRow, ...]
    majority: float | None = None
    majority_balanced: float | None = None
    majority_class: str = ""
    uneven: bool = False
    notes: tuple[str, ...] = ()
    task: str = "classification"
    samples: int = 0
    layer: str = ""
    comparisons: tuple[ProbeComparison, ...] = ()
    shares: tuple[ProbeShare, ...] = ()

    @property
    def measure(self) -> str:
        """Name of the scores of :attr:`rows`."""
        known = {"regression": "R²", "multilabel": "mean average precision"}
        return known.get(self.task, "accuracy")

    @property
    def sentences(self) -> tuple[str, ...]:
        """The results of the comparisons as text."""
        return tuple(found.sentence for found in self.comparisons if found.sentence)

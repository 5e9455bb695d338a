"""Results of probes, which evaluate embeddings with labels."""

from __future__ import annotations

from dataclasses import dataclass, field

from nearfar.records._probe_display import ProbeDisplay
from nearfar.records._record import Record

__all__ = ["ProbeRecord", "ProbeRow"]


@dataclass(frozen=True)
class ProbeRow(Record):
    """Accuracies of one representation, each in [0, 1].

    Attributes:
        representation: Name: "trained encoder", "untrained encoder" or that of the raw features.
        knn: Accuracy of the k-nearest-neighbours classifier.
        linear: Accuracy of the linear probe.
        mean_classifier: Accuracy of the mean classifier.
        balanced: Balanced accuracy (mean recall of the classes) of each of the three, by name.
    """

    representation: str
    knn: float
    linear: float
    mean_classifier: float
    balanced: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class ProbeRecord(ProbeDisplay, Record):
    """Accuracies of the trained encoder, an untrained encoder and raw features.

    Attributes:
        data: Description of the training samples.
        protocol: "official split" or "five stratified folds".
        classes: Number of classes.
        rows: Accuracies of each representation.
        majority: Accuracy of always predicting the most frequent class of the training samples.
        majority_balanced: Balanced accuracy of the same.
        majority_class: Name of that class.
        uneven: Whether the largest class has more than 1.5 times as many evaluated samples as the
            smallest.
        notes: Notes on the data, such as samples that were left out.
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

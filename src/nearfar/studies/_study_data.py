"""The data of a study's trainings, and which samples are for what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nearfar._plain_checks import check_integer
from nearfar._suggestions import check_choice

__all__ = ["StudyData"]


@dataclass(frozen=True, kw_only=True)
class StudyData:
    """Labelled data of any modality, and which samples are for what.

    The official test set is the test set. Without one, a random fifth of the samples is, except of
    a graph, whose encoders train on all of it.

    Attributes:
        source: A name (see ``nearfar data``), a folder or a file.
        samples: Maximum number of training samples, a fixed random subset; all by default.
        labeled: Maximum number of training samples of the probes; all by default.
        tests: Maximum number of test samples, a fixed random subset; all by default.
        held_out: Number of training samples kept out of the training, for choosing settings.
        judged: Where probes are evaluated: on the ``test`` set or on the ``held_out`` samples.
        labels: Name of a set or a column of labels, if the data have several.
        side: Side of pairs that the labels belong to.
        options: Options of the modality, such as ``image_size``, ``sample_rate`` or ``column``.
    """

    source: str
    samples: int | None = None
    labeled: int | None = None
    tests: int | None = None
    held_out: int = 0
    judged: Literal["test", "held_out"] = "test"
    labels: str | None = None
    side: Literal["x", "s"] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("samples", "labeled", "tests"):
            value = getattr(self, name)
            if value is not None:
                check_integer(at_least=1, **{name: value})
        given = {name: value for name, value in self.options.items() if value is not None}
        object.__setattr__(self, "options", given)
        check_integer(at_least=0, held_out=self.held_out)
        check_choice(("test", "held_out"), judged=self.judged)
        if self.judged == "held_out" and not self.held_out:
            raise ValueError("`held_out` must be 1 or more to evaluate on held-out samples, got 0")

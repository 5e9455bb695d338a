"""What to try for each verdict, most promising first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from nearfar._verdict_names import (
    COMPLETE,
    DEAD,
    DIMENSIONAL,
    DUPLICATES,
    FEW_POINTS,
    LOST_REPRESENTATION,
    LOW_DIMENSION,
    NO_BETTER,
    NOT_FOUND,
    NOT_YET,
    NOTHING,
    OVER_TRAINED,
    SHARED_SMALL,
    SHORTCUT,
    TOO_STRONG,
)
from nearfar.records import Remedy

__all__ = ["advise_on", "against"]

_MOST: Final = {"method": 3, "views": 1, "training": 2}
"""Suggested changes per table of a recipe."""

_GENERAL: Final[Mapping[str, tuple[str, ...]]] = {
    COMPLETE: (
        "without negatives (BYOL, SimSiam): keep the predictor and the stop-gradient, and use a"
        " decay of 0.99 or more for the target network",
        "VICReg: raise `variance_weight` to at least `invariance_weight`;"
        " alignment and uniformity: raise the weight of uniformity",
        "with negatives (SimCLR, MoCo): lower `temperature` towards 0.1 and use a larger batch"
        " or queue",
        "divide the learning rate by ten and use a warm-up of ten epochs",
        "add batch-norm to the projector, and check that the inputs differ",
        "after only an epoch or two, train longer: embeddings of untrained encoders lie in a narrow"
        " cone",
    ),
    DIMENSIONAL: (
        "VICReg: raise `covariance_weight`; other methods: try VICReg or a larger weight of"
        " uniformity",
        "lower `temperature`, and use a larger batch or queue, so that more directions are used",
        "weaken the augmentation: directions that it randomises are lost",
        "use a wider or deeper projector, and keep the representation before it",
        "lower the weight decay and the learning rate",
    ),
    NOTHING: (
        "raise the learning rate threefold, then tenfold; if the loss is unstable, divide it by"
        " ten instead and use a warm-up",
        "train longer: training starts at chance",
        "check the pairs: both views must come from the same sample and share content"
        " (weaken the crop first)",
        "lower `temperature` towards 0.1: a high one flattens differences between candidates",
        "check the input: its scale, constant channels, identical samples",
    ),
    LOST_REPRESENTATION: (
        "keep a wider layer before the projector, or train with fewer parameters after it",
        "lower the weight decay and the learning rate",
    ),
    FEW_POINTS: (
        "weaken the augmentation: views of different samples may have become the same",
        "check the inputs: look at samples on one point side by side (nearfar duplicates)",
    ),
    LOW_DIMENSION: (
        "check whether one number (time, brightness, position) decides the inputs or the views",
        "weaken the augmentation, so that views share more than this number",
    ),
    SHARED_SMALL: (
        "train longer: views of a sample become more alike",
        "weaken the augmentation: what it randomises cannot be shared by the views",
    ),
    DEAD: (
        "use batch normalisation in the encoder or projector, and a lower learning rate",
        "a narrower projector has fewer dimensions to lose",
    ),
    DUPLICATES: ("look at the repeated samples (nearfar duplicates) and leave out copies",),
    SHORTCUT: (
        "look at views of a sample side by side: what both have and other samples have not (a mark,"
        " a border, a logo, its brightness) names the sample",
        "remove it from the inputs, or make the views stronger, so that they randomise it",
    ),
    TOO_STRONG: ("weaken the augmentation: views of a sample must have something in common",),
    NO_BETTER: (
        "train longer, or raise the learning rate",
        "weaken the augmentation if views of a sample have little in common",
    ),
    NOT_FOUND: (
        "train longer, or with a lower temperature or more negatives",
        "check the pairs: both views must come from the same sample",
    ),
    OVER_TRAINED: ("use a checkpoint from before the fall, or train for fewer epochs",),
    NOT_YET: ("train longer",),
}
"""For embeddings of unknown origin."""

_CHECKS: Final[Mapping[str, tuple[str, ...]]] = {
    COMPLETE: ("check that the inputs differ: identical samples have identical embeddings",),
    NOTHING: ("check the input: its scale, constant channels, identical samples",),
}
"""What no setting of a recipe changes."""


def against(verdict: str, remedies: Sequence[Remedy]) -> tuple[Remedy, ...]:
    """The remedies against a verdict that change something, a few per table of the recipe."""
    fitting = [each for each in remedies if verdict in each.against and each.applies]
    return tuple(
        each
        for place, each in enumerate(fitting)
        if sum(other.table == each.table for other in fitting[:place]) < _MOST[each.table]
    )


def advise_on(verdict: str, remedies: Sequence[Remedy] | None) -> tuple[str, ...]:
    """Advice on a verdict, one line per step.

    Args:
        verdict: The verdict.
        remedies: Changes of the settings of the run; None if the recipe is unknown.
    """
    if remedies is None:
        return _GENERAL.get(verdict, ())
    known = (FEW_POINTS, LOW_DIMENSION, DUPLICATES, SHORTCUT)  # of the data: no setting changes it
    checks = _CHECKS.get(verdict, _GENERAL[verdict] if verdict in known else ())
    return (*map(str, against(verdict, remedies)), *checks)

"""What to try when a representation is not healthy, most promising first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["ADVICE", "COMPLETE", "DIMENSIONAL", "HEALTHY", "NOTHING"]

HEALTHY: Final = "healthy"
COMPLETE: Final = "complete collapse"
DIMENSIONAL: Final = "dimensional collapse"
NOTHING: Final = "nothing learnt (loss at chance)"

ADVICE: Final[Mapping[str, tuple[str, ...]]] = {
    HEALTHY: (),
    COMPLETE: (
        "without negatives (BYOL, SimSiam): keep the predictor and the stop-gradient, and let the"
        " target follow slowly (decay 0.99 or more)",
        "VICReg: raise `variance_weight` to at least `invariance_weight`;"
        " alignment and uniformity: raise the weight of uniformity",
        "with negatives (SimCLR, MoCo): lower `temperature` towards 0.1 and use a larger batch"
        " or queue",
        "divide the learning rate by ten and warm it up over the first ten epochs",
        "put batch-norm into the projector, and check that inputs are not all alike",
        "if it has trained for an epoch or two only, train on: encoders start crowded",
    ),
    DIMENSIONAL: (
        "VICReg: raise `covariance_weight`; other methods: try VICReg or a larger weight of"
        " uniformity",
        "lower `temperature`, and use a larger batch or queue, so that more directions pay off",
        "weaken the augmentation: what it destroys cannot be kept, and its directions are lost",
        "use a wider or deeper projector, and keep the representation in front of it",
        "lower the weight decay and the learning rate",
    ),
    NOTHING: (
        "raise the learning rate threefold, then tenfold; if the loss jumps about, divide it by"
        " ten instead and warm it up",
        "train longer: chance is where training begins",
        "check the pairs: both views must show the same sample, and keep something of it"
        " (weaken the crop first)",
        "lower `temperature` towards 0.1: a high one flattens every difference",
        "check the input: its scale, channels that are constant, samples that are all alike",
    ),
}

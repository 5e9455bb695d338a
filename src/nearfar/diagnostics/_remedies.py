"""What to try for each verdict, most promising first."""

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
}

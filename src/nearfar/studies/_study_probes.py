"""Probes of a study."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from nearfar.api._embedding import embed_source
from nearfar.probes import KNNProbe, LinearProbe, MeanClassifier
from nearfar.studies._study_samples import Samples
from nearfar.views import Views

__all__ = ["accuracies", "probed"]

_PROBES = {"knn": KNNProbe, "linear": LinearProbe, "mean_classifier": MeanClassifier}


def probed(encoder: nn.Module, views: Views, samples: Samples) -> dict[str, float]:
    """Accuracy of each probe on an encoder's representations."""
    fitted = embed_source(encoder, samples.fitted, views)
    return accuracies(fitted, embed_source(encoder, samples.test, views), samples)


def accuracies(
    fitted: Float[Tensor, "labeled dim"], tests: Float[Tensor, "tests dim"], samples: Samples
) -> dict[str, float]:
    """Accuracy of each probe, trained on `fitted` and tested on `tests`."""
    return {
        name: float(probe().fit(fitted, samples.fitted_labels).score(tests, samples.test_labels))
        for name, probe in _PROBES.items()
    }

"""A validation accuracy, by which rows are chosen."""

from __future__ import annotations

import torch

from nearfar.probes import LinearProbe
from nearfar.studies._embeddings_of_run import Embeddings

__all__ = ["validation_linear"]

_PARTS = 5  # of the probe's training samples, one is for validation


def validation_linear(embeddings: Embeddings) -> float:
    """Accuracy of a linear probe on a fifth of its training samples, which it is not fitted to."""
    rows, labels = embeddings.fitted, embeddings.fitted_labels
    out = torch.arange(len(rows)) % _PARTS == 0
    probe = LinearProbe().fit(rows[~out], labels[~out])
    return float(probe.score(rows[out], labels[out]))

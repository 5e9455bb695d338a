"""How the prototypes of a run of SwAV are used."""

from __future__ import annotations

import math

import torch

from nearfar.methods import SwAV
from nearfar.ops import to_sphere
from nearfar.studies._embeddings_of_run import Embeddings

__all__ = ["prototype_values"]

_HALF, _EVEN = 0.5, 0.99  # share of one prototype, and relative entropy, that are degenerate


def prototype_values(embeddings: Embeddings, *, samples: int = 1_000) -> dict[str, float]:
    """Share of the most frequent prototype, entropy of predictions, and whether one is degenerate.

    Above 1, ``degenerate`` says that one prototype has more than half of the samples, or that
    predictions are uniform.

    Args:
        embeddings: The embeddings of a run of SwAV.
        samples: Number of test samples, the first ones.
    """
    method = embeddings.method
    assert isinstance(method, SwAV), "a run of SwAV"
    (projections,) = embeddings.augmented(views=1, samples=samples)
    prototypes = method.prototypes.detach().float().cpu()
    logits = to_sphere(projections) @ prototypes.T / float(method.objective.temperature)
    chosen = torch.bincount(logits.argmax(dim=1), minlength=len(prototypes))
    share = float(chosen.max() / len(logits))
    log_p = logits.log_softmax(dim=1)
    entropy = float(-(log_p.exp() * log_p).sum(dim=1).mean()) / math.log(len(prototypes))
    return {
        "share": share,
        "entropy": entropy,
        "degenerate": max(share / _HALF, entropy / _EVEN),
    }

"""Projections on the circle: what they are worth and how they are spread."""

from __future__ import annotations

import math
from typing import Any

import torch

from nearfar.ops import to_sphere
from nearfar.probes import LinearProbe
from nearfar.studies._embeddings_of_run import Embeddings
from nearfar.studies._test_samples import RIGHT, packed

__all__ = ["circle_values"]

_BINS = 72
_SHOWN = 30  # samples per class in the picture


def circle_values(embeddings: Embeddings) -> dict[str, Any]:
    """Accuracy on unit projections, entropy of their angles in nats, angles of some samples."""
    fitted, tests = (
        to_sphere(z) for z in (embeddings.fitted_projections, embeddings.test_projections)
    )
    labels = embeddings.test_labels
    right = LinearProbe().fit(fitted, embeddings.fitted_labels).predict(tests) == labels
    angles = torch.atan2(tests[:, 1], tests[:, 0])
    counts = torch.histc(angles, _BINS, -math.pi, math.pi).double()
    shares = counts / counts.sum()
    width = 2 * math.pi / _BINS
    shown = [angles[labels == label][:_SHOWN] for label in range(int(labels.max()) + 1)]
    return {
        "circle_linear": float(right.double().mean()),
        f"circle_linear{RIGHT}": packed(right.tolist()),
        "angle_entropy": float(-torch.xlogy(shares, shares / width).sum()),
        "angles": ";".join(",".join(f"{angle:.2f}" for angle in some.tolist()) for some in shown),
    }

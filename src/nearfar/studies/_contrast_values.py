"""What bounds on the supervised loss need of an encoder's projections of test samples."""

from __future__ import annotations

import math
from typing import Any

import torch

from nearfar import theory
from nearfar.ops import to_sphere
from nearfar.studies._embeddings_of_run import Embeddings
from nearfar.studies._negatives_sweep import QUANTILES

__all__ = ["contrast_values"]

"""Values of the 5 %, 10 %, … 95 % quantiles of cosines within a class."""


def contrast_values(
    embeddings: Embeddings,
    *,
    num_negatives: int,
    temperature: float = 0.5,
    views: int = 6,
    samples: int = 2_000,
    draws: int = 8_192,
) -> dict[str, float]:
    """Loss, gap, bounds and within-class similarities of the projections of test samples.

    Args:
        embeddings: The embeddings.
        num_negatives: K of the loss and the bounds.
        temperature: Temperature of the loss.
        views: Views of each test sample, which the means are over.
        samples: Number of test samples.
        draws: Draws of the loss.
    """
    rows = embeddings.augmented(views=views, samples=samples).double()
    labels = embeddings.test_labels[:samples]
    options: dict[str, Any] = {
        "num_negatives": num_negatives,
        "temperature": temperature,
        "draws": draws,
    }
    curl = theory.curl_lower_bound(rows, labels, prior=_equal(labels), **options)
    coupon = theory.coupon_lower_bound(rows, labels, prior=_equal(labels), **options)
    deviation = theory.collision_term_bound(rows, labels, prior=_equal(labels), **options).deviation
    upper = {
        "curl": theory.curl_supervised_bound(curl),
        "coupon": theory.coupon_supervised_bound(coupon),
    }
    found = {
        "info_nce": coupon.info_nce,
        "excess": coupon.info_nce - math.log(num_negatives + 1),
        "gap": coupon.gap,
        "coverage": coupon.coverage,
        "supervised": coupon.supervised,
        "supervised_share": coupon.supervised_part / coupon.coverage if coupon.coverage else 0.0,
        "curl_lower": curl.bound,
        "coupon_lower": coupon.bound,
        "deviation": deviation,
        **{f"{name}_log": bound.log_bound / math.log(10) for name, bound in upper.items()},
    }
    finite = {name: value for name, value in found.items() if math.isfinite(value)}
    return finite | _within_classes(rows, labels)


def _equal(labels: torch.Tensor) -> int:
    """Number of classes, equally likely."""
    return int(labels.max()) + 1


def _within_classes(rows: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
    """Mean and quantiles of the cosines between samples of one class, one view of each."""
    first, second = to_sphere(rows[0]), to_sphere(rows[1])
    cosines = torch.cat(
        [
            (first[some] @ second[some].T)[~torch.eye(int(some.sum()), dtype=torch.bool)]
            for some in (labels == label for label in range(int(labels.max()) + 1))
        ]
    )
    levels = torch.arange(1, 20, dtype=cosines.dtype) / 20
    order = cosines.sort().values
    places = (levels * (len(order) - 1)).round().long()
    quantiles = dict(zip(QUANTILES, order[places].tolist(), strict=True))
    return {"within_class": float(cosines.mean())} | quantiles

"""Both bounds of the contrastive and of the supervised loss on Gaussian classes."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["five_classes", "random_world"]


def five_classes(negatives: int, samples: int, draws: int, seed: int) -> dict[str, float]:
    """The bounds on five Gaussian classes in 8 dimensions."""
    from nearfar.data import GaussianClasses

    drawn = GaussianClasses(5, 8, seed=seed).draw(samples, seed=seed)
    options = {"num_negatives": negatives, "temperature": 0.5, "prior": 5, "draws": draws}
    return _bounds(drawn, {**options, "seed": seed})


def random_world(samples: int, draws: int, seed: int) -> dict[str, float]:
    """Violations with random classes, dimensions, noise, prior, temperature and negatives."""
    import numpy as np
    import torch

    from nearfar.data import GaussianClasses

    rng = np.random.default_rng(seed)
    classes, dim = int(rng.integers(2, 21)), int(rng.integers(2, 33))
    noise: dict[str, Any] = {
        f"{name}_noise": rng.uniform(0, 1) for name in ("instance", "augmentation")
    }
    world = GaussianClasses(classes, dim, **noise, seed=seed)
    options = {
        "num_negatives": round(2 ** rng.uniform(0, 7)),
        "temperature": 10 ** rng.uniform(-1, 0),
        "prior": torch.tensor(rng.dirichlet([2.0] * classes)),
    }
    drawn = world.draw(torch.arange(samples) % classes, seed=seed)
    values = _bounds(drawn, {**options, "draws": draws, "seed": seed})
    return {name: values[name] for name in ("curl_excess", "coupon_excess")}


def _bounds(drawn: Any, options: dict[str, Any]) -> dict[str, float]:
    """Loss, bounds, log10 of upper bounds, largest violation of both in standard errors."""
    from nearfar import theory

    curl = theory.curl_lower_bound(drawn.embeddings, drawn.labels, **options)
    coupon = theory.coupon_lower_bound(drawn.embeddings, drawn.labels, **options)
    values = {"info_nce": coupon.info_nce, "supervised": coupon.supervised}
    for name, terms, upper, log_weight, factor in (
        ("curl", curl, theory.curl_supervised_bound(curl), curl.log_separated, 1),
        ("coupon", coupon, theory.coupon_supervised_bound(coupon), coupon.log_least_coverage, 2),
    ):
        over = math.exp(log_weight) * terms.supervised - math.exp(upper.log_bound + log_weight)
        excess = max(terms.bound - terms.info_nce, over / factor)
        values |= {
            f"{name}_lower": terms.bound,
            f"{name}_excess": excess / terms.standard_error,
            f"{name}_log": upper.log_bound / math.log(10),
        }
        if upper.bound < math.inf:
            values[f"{name}_upper"] = upper.bound
    return values

"""Time the functions of nearfar.theory at large sizes: ``python benchmarks/theory.py``."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch; see docs/decisions/0003
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from nearfar.theory import (
    collision_term_bound,
    contrastive_deviation,
    contrastive_limit,
    coupon_collector_probability,
    coupon_lower_bound,
    curl_lower_bound,
    draws_for_coverage,
    expected_draws,
    expected_log_collisions,
    perfect_contrastive_loss,
    uniformity_minimum,
)
from results import save

ROUNDS = 5
PRIOR = np.linspace(1, 3, 1_000)
PRIOR /= PRIOR.sum()


def scalars() -> dict[str, Callable[[], object]]:
    """Functions of a setting: 1,000 classes of unequal frequency, 65,536 negatives, 10,000 dims."""
    return {
        "coupon_collector_probability": lambda: coupon_collector_probability(65_537, PRIOR),
        "expected_log_collisions": lambda: expected_log_collisions(65_536, PRIOR),
        "expected_draws": lambda: expected_draws(PRIOR),
        "draws_for_coverage": lambda: draws_for_coverage(PRIOR),
        "uniformity_minimum": lambda: uniformity_minimum(10_000, 5.0),
        "perfect_contrastive_loss": lambda: perfect_contrastive_loss(
            2, temperature=0.01, num_negatives=65_536
        ),
    }


def bounds() -> dict[str, Callable[[], object]]:
    """Functions of embeddings: two views of 50,000 samples in 128 dimensions."""
    z = torch.nn.functional.normalize(torch.randn(2, 50_000, 128), dim=2)
    labels = torch.randint(1_000, (50_000,))
    setting = {"num_negatives": 511, "temperature": 0.2}
    return {
        "coupon_lower_bound": lambda: coupon_lower_bound(z, labels, **setting),
        "curl_lower_bound": lambda: curl_lower_bound(z, labels, **setting),
        "collision_term_bound": lambda: collision_term_bound(z, labels, **setting),
        "contrastive_limit": lambda: contrastive_limit(*z, temperature=0.2),
        "contrastive_deviation": lambda: contrastive_deviation(z[0], z[1], z[0], **setting),
    }


def main() -> None:
    """Measure, print and write ``theory.csv``."""
    rows: list[dict[str, object]] = []
    for sizes, functions, rounds in (
        ("scalars", scalars(), ROUNDS),
        ("2 × 50,000 × 128", bounds(), 1),
    ):
        for name, function in functions.items():
            took = []
            for _ in range(rounds):
                start = time.perf_counter()
                function()
                took.append(time.perf_counter() - start)
            seconds = f"{statistics.median(took):.4g}"
            rows.append({"function": name, "sizes": sizes, "rounds": rounds, "seconds": seconds})
            print(rows[-1], flush=True)
    save(rows, Path(__file__).with_suffix(".csv"))


if __name__ == "__main__":
    main()

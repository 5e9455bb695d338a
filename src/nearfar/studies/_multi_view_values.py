"""The multi-view theorems on one joint distribution: both sides, and by how much they fail."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

__all__ = ["bit_toy_values", "random_values", "shared_values"]

_ZERO = 1e-9
_CODES = 20  # random representations of each joint distribution


def bit_toy_values(flip: float) -> dict[str, float]:
    """The theorems on the toy of four bits, and the deviation from its closed forms."""
    from nearfar.data import bit_toy, bit_toy_representations
    from nearfar.theory import representation_information

    joint = bit_toy(flip)
    bit = math.log(2)
    noise = -sum(p * math.log(p) for p in (flip, 1 - flip) if p)
    deviations = []
    for name, codes in bit_toy_representations().items():
        has = {letter: bit * (letter in name or name == "X") for letter in "TAB"}
        found = representation_information(joint, codes)
        deviations += [
            found.task - has["T"],
            found.signal - has["T"] * (1 - noise / bit) - has["A"],
            found.input_given_task - has["A"] - has["B"],
            found.input_given_signal_and_task - has["B"],
            found.bayes_error - (0 if has["T"] else 0.5),
        ]
    return _theorems(joint, seed=0) | {"deviation": max(map(abs, deviations))}


def random_values(task_of_input: bool, joints: int, seed: int) -> dict[str, float]:
    """The theorems on random tables of 4 to 8 inputs and signals and 2 or 3 tasks."""
    seeds = range(seed * joints, (seed + 1) * joints)
    return _pooled([_random(task_of_input, one) for one in seeds])


def shared_values(joints: int, seed: int) -> dict[str, float]:
    """The same where task and signal are functions of the input, the signal with a noise bit."""
    return _pooled([_shared(one) for one in range(seed * joints, (seed + 1) * joints)])


def _random(task_of_input: bool, seed: int) -> dict[str, float]:
    from nearfar.data import random_joint

    rng = np.random.default_rng(seed)
    sizes = (int(rng.integers(4, 9)), int(rng.integers(4, 9)), int(rng.integers(2, 4)))
    concentration = 10 ** rng.uniform(-0.5, 0.5)
    joint = random_joint(
        *sizes, concentration=concentration, task_of_input=task_of_input, seed=seed
    )
    return _theorems(joint, seed=seed)


def _shared(seed: int) -> dict[str, float]:
    import torch

    rng = np.random.default_rng(seed)
    inputs = int(rng.integers(4, 9))
    joint = torch.zeros(inputs, 8, 2, dtype=torch.float64)
    for x, p in enumerate(rng.dirichlet([1.0] * inputs)):
        shared, task = int(rng.integers(4)), int(rng.integers(2))
        joint[x, 2 * shared : 2 * shared + 2, task] = torch.tensor([0.3 * p, 0.7 * p])
    return _theorems(joint, seed=seed)


def _pooled(found: list[dict[str, float]]) -> dict[str, float]:
    """Largest violations, means of everything else."""
    pooled = {}
    for name in dict.fromkeys(name for one in found for name in one):
        values = [one[name] for one in found if name in one]
        pooled[name] = max(values) if name.startswith("theorem") else sum(values) / len(values)
    return pooled


def _theorems(joint: Any, *, seed: int) -> dict[str, float]:
    """Sides of interest, largest violation of each theorem, correlation with the Bayes error."""
    import torch

    from nearfar import theory

    rng = np.random.default_rng((seed, 1))
    inputs = len(joint)
    share = torch.tensor(rng.uniform(size=inputs))
    noisy = torch.cat([torch.diag(share), torch.diag(1 - share)], dim=1)  # of X and a coin
    minimal = theory.minimal_sufficient_representation(joint, target="signal")
    several = [rng.integers(0, rng.integers(1, inputs + 1), size=inputs) for _ in range(_CODES)]
    codes = [torch.as_tensor(some) for some in several]
    channels = [torch.tensor(rng.dirichlet([0.5] * 3, size=inputs)) for _ in range(_CODES)]
    first = theory.task_information_chain(joint)
    third = theory.bayes_error_chain(joint, minimal)
    chains = {
        1: [first, theory.task_information_chain(joint, self_supervised=noisy)],
        2: [theory.compression_chain(joint, self_supervised=z) for z in (None, noisy)],
        3: [theory.bayes_error_chain(joint, z) for z in (minimal, noisy, *codes, *channels)],
        4: [theory.supervised_relative_chain(joint, self_supervised=z) for z in (None, noisy)],
    }
    violations = {k: max(map(_violation, some)) for k, some in chains.items()}
    known = theory.multi_view_information(joint)
    values = {
        "epsilon": known.epsilon_info,
        "kept": first.values[4],
        "promised": first.values[5],
        "error": third.values[0],
        "bound": third.values[-1],
        "assumed": float(chains[2][0].applies),
        "second_holds": float(violations[2] <= _ZERO),
        **{f"theorem_{k}": violation for k, violation in violations.items()},
    }
    kept = [theory.representation_information(joint, z) for z in codes]
    return values | _correlation([k.signal for k in kept], [k.bayes_error for k in kept])


def _violation(chain: Any) -> float:
    """By how much the relation that fails most fails; below 0 if all hold with room."""
    found = []
    for relation, (left, right) in zip(chain.relations, pairwise(chain.values), strict=True):
        above = float(left - right)
        found.append({"=": abs(above), "≥": -above, "≤": above}[relation])
    return max(found)


def _correlation(x: list[float], y: list[float]) -> dict[str, float]:
    """Spearman's correlation; nothing where one of them is constant."""
    from nearfar.studies._sweep_effects import ranks

    ranked = [ranks(np.round(some, 9)) for some in (np.asarray(x), np.asarray(y))]
    if any(np.ptp(some) == 0 for some in ranked):
        return {}
    return {"correlation": float(np.corrcoef(ranked)[0, 1])}

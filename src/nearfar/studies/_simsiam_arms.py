"""Variants and ablations of SimSiam: method and options of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["ABLATIONS", "AGAIN", "COLLAPSING", "FULL", "VARIANTS"]

VARIANTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "SimSiam": ("simsiam", {}),
    "inverse predictor": ("simsiam_anatomy", {"place": "inverse"}),
    "mirror": ("simsiam_anatomy", {"place": "mirror"}),
    "symmetric predictor": ("simsiam_anatomy", {"place": "symmetric"}),
    "naive, no predictor": ("simsiam", {"predictor": "none"}),
    "moving average": ("simsiam_expectation", {"over": "memory"}),
    "no stop-gradient": ("simsiam", {"stop_gradient": False}),
}
"""Architectures of Zhang et al., and SimSiam without stop-gradient."""

ABLATIONS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "fixed predictor": ("simsiam", {"predictor_rate": 0.0}),
    "decayed predictor rate": ("simsiam", {"predictor_constant": False}),
    "no batch-norm": ("simsiam", {"norms": "none"}),
    "batch-norm in hidden layers": ("simsiam", {"norms": "hidden"}),
}
"""Ablations of Chen and He."""

AGAIN: Mapping[str, tuple[str, dict[str, Any]]] = {
    "SimSiam": VARIANTS["SimSiam"],
    "naive, no predictor": VARIANTS["naive, no predictor"],
    "bias as predictor": ("simsiam", {"predictor": "bias"}),
}
"""Arms that are trained for longer as well."""

COLLAPSING = ("mirror", "symmetric predictor", "naive, no predictor", "no stop-gradient")
"""Arms that collapse according to the papers."""

FULL: Mapping[str, Any] = {
    "fresh": (2, 10, 25),
    "predictors": ("bias", "linear", "tanh"),
    "ablations": True,
    "longer": 1,
}
"""Arguments of the study for all arms."""

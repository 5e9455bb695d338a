"""Arguments for every public function of numbers, generated from its signature."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

__all__ = ["arguments_of"]

SIZES = {
    "batch": 12,
    "samples": 12,
    "tests": 6,
    "steps": 2,
    "dim": 8,
    "width": 8,
    "bank": 20,
    "views": 2,
}
ARGUMENTS: dict[str, Any] = {
    "temperature": 0.2, "margin": 0.5, "num_negatives": 16, "batch_size": 16, "dim": 8, "points": 6,
    "prior": 5, "num_draws": 12, "num_candidates": 32, "samples": 100, "risk": 0.1, "seed": 3,
    "divergence": 2.0, "concentration": 2.0, "num_parameters": 50, "num_tasks": 4, "epoch": 1,
    "count": 4, "n": 20, "key": (1, 2), "uniformity": -2.0, "signal_information": 0.5, "scale": 2.0,
    "task_entropy": 1.0, "supervised_error": 0.1, "dependence": 2, "epsilon": 0.05, "iterations": 3,
    "sample_rate": 8_000, "temperatures": (0.1, 0.5, 1.0), "ids": tuple("abcdefghijkl"),
}  # fmt: skip


def draw(name: str, kind: str, axes: str) -> torch.Tensor:
    """A tensor with the axes of an annotation; vectors have unit length."""
    words = axes.split()
    sizes = [int(word) if word.isdigit() else SIZES.get(word.lstrip("*"), 5) for word in words]
    numbers = torch.arange(int(np.prod(sizes))).reshape(sizes)
    if kind != "Float":
        return numbers % 3 if kind == "Int" else numbers % 2 == 0
    generator = torch.Generator().manual_seed(sum(map(ord, name)))
    values = torch.randn(sizes, generator=generator)
    return F.normalize(values, dim=-1) if words[-1:] == ["dim"] else values


GIVEN: dict[str, dict[str, Any]] = {
    "estimate_information": {
        "x": draw("x", "Float", "96 3"),
        "y": draw("y", "Float", "96 3"),
        "steps": 20,
        "batch_size": 12,
    },
    "lost_share": {"values": torch.linspace(2.0, 0.001, 9)},
    "mel_cepstra": {"waves": draw("waves", "Float", "2 800")},
    "multi_view_information": {"joint": draw("joint", "Float", "60").softmax(0).view(5, 4, 3)},
}


def arguments_of(function: Callable[..., Any]) -> dict[str, Any] | None:
    """Values by name for all required arguments; None if one has an unknown type.

    Tensors are random, in the shape of their annotation.
    """
    arguments = dict(GIVEN.get(function.__name__, {}))
    for name, parameter in inspect.signature(function).parameters.items():
        if name in arguments or parameter.default is not parameter.empty:
            continue
        shape = re.match(
            r"(Float|Int|Bool)\w*\[Tensor, ['\"](.*?)['\"]\]", str(parameter.annotation)
        )
        if shape:
            arguments[name] = draw(name, *shape.groups())
        elif name in ARGUMENTS:
            arguments[name] = ARGUMENTS[name]
        else:
            return None
    return arguments

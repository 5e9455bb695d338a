"""Optimiser and learning-rate schedule."""

from __future__ import annotations

import math
from typing import Any

from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from nearfar.methods._method import Method
from nearfar.training._lars import LARS
from nearfar.training._options import TrainingOptions

__all__ = [
    "build_optimizer",
    "default_weight_decay",
    "peak_learning_rate",
    "scheduled_learning_rate",
    "set_rates",
    "warmup_epochs",
]

_RATES = {"adamw": 1e-3, "sgd": 0.03, "lars": 0.3}
_DECAYS = {"adamw": 1e-2, "sgd": 1e-4, "lars": 1e-6}


def peak_learning_rate(options: TrainingOptions) -> float:
    """Learning rate after warm-up: as given, or the optimiser's default scaled by batch size.

    Linear scaling for SGD and LARS (Goyal et al. 2017, arXiv 1706.02677), square-root scaling for
    AdamW, whose step size is independent of the gradient's scale. The batch size is that of an
    update, including accumulation.
    """
    if options.learning_rate is not None:
        return options.learning_rate
    scale = options.batch_size * options.accumulate / 256
    power = 0.5 if options.optimizer == "adamw" else 1.0
    return float(_RATES[options.optimizer] * scale**power)


def default_weight_decay(options: TrainingOptions) -> float:
    """Weight decay: as given, or the optimiser's default."""
    return _DECAYS[options.optimizer] if options.weight_decay is None else options.weight_decay


def warmup_epochs(options: TrainingOptions) -> float:
    """Epochs of warm-up: as given, or a tenth of all epochs but at most 10."""
    given = options.warmup_epochs
    return min(10.0, options.epochs / 10) if given is None else given


def scheduled_learning_rate(
    step: int, *, steps: int, warmup: int, peak: float, constant: bool = False
) -> float:
    """Learning rate of update `step` (from 0): linear warm-up, then cosine decay to 0.

    With `constant` there is no decay.

    Example:
        >>> [scheduled_learning_rate(s, steps=5, warmup=2, peak=1.0) for s in range(3)]
        [0.5, 1.0, 1.0]
    """
    if step < warmup:
        return peak * (step + 1) / warmup
    if constant:
        return peak
    progress = (step - warmup) / max(1, steps - warmup)
    return peak * (1 + math.cos(math.pi * progress)) / 2


def set_rates(optimizer: Optimizer, *, rate: float, steady: float) -> None:
    """Set the learning rate of each parameter group.

    Args:
        optimizer: Optimiser from :func:`build_optimizer`.
        rate: Scheduled learning rate.
        steady: Learning rate of groups without decay.
    """
    for group in optimizer.param_groups:
        group["lr"] = group["factor"] * (steady if group["constant"] else rate)


def build_optimizer(method: nn.Module, options: TrainingOptions) -> Optimizer:
    """Optimiser with weight decay on matrices and kernels only, and the method's learning rates.

    Biases and norms have no weight decay, and no LARS adaptation (BYOL, arXiv 2006.07733, section
    3.3). ``method.paces()`` gives modules with a learning rate of their own.
    """
    paced = method.paces() if isinstance(method, Method) else ()
    paces = {id(parameter): pace for pace in paced for parameter in pace.part.parameters()}
    decay = default_weight_decay(options)
    groups: dict[tuple[bool, bool, float], dict[str, Any]] = {}
    for parameter in method.parameters():
        if not parameter.requires_grad:
            continue
        pace = paces.get(id(parameter))
        factor, constant = (pace.factor, pace.constant) if pace else (1.0, False)
        weight = parameter.ndim > 1
        made = {
            "params": [],
            "weight_decay": decay if weight else 0.0,
            "factor": factor,
            "constant": constant,
        }
        if options.optimizer == "lars":
            made["adapt"] = weight
        groups.setdefault((constant, weight, factor), made)["params"].append(parameter)
    if not groups:
        raise ValueError("the method has no trainable parameter")
    rate = peak_learning_rate(options)
    # groups with the common learning rate first, weights before biases and norms
    order = sorted(groups, key=lambda key: (key[0] or key[2] != 1, not key[1], key[2]))
    chosen = [groups[key] for key in order]
    if options.optimizer == "adamw":
        # not fused: that kernel assumes equal memory layouts of weights and state
        return AdamW(chosen, lr=rate)
    if options.optimizer == "sgd":
        return SGD(chosen, lr=rate, momentum=0.9)
    return LARS(chosen, lr=rate)

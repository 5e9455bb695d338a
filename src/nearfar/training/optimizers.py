"""Optimiser and learning-rate schedule from the options."""

from __future__ import annotations

import math

from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from nearfar.training.lars import LARS
from nearfar.training.options import TrainingOptions

__all__ = ["build_optimizer", "peak_learning_rate", "scheduled_learning_rate"]

_RATES = {"adamw": 1e-3, "sgd": 0.03, "lars": 0.3}
_DECAYS = {"adamw": 1e-2, "sgd": 1e-4, "lars": 1e-6}


def peak_learning_rate(options: TrainingOptions) -> float:
    """The rate after warm-up: given, or the optimiser's default scaled to the batch of an update.

    Linear scaling for SGD and LARS (Goyal et al. 2017, arXiv 1706.02677), square root for AdamW,
    whose steps do not grow with the gradient.
    """
    if options.learning_rate is not None:
        return options.learning_rate
    scale = options.batch_size * options.accumulate / 256
    power = 0.5 if options.optimizer == "adamw" else 1.0
    return float(_RATES[options.optimizer] * scale**power)


def scheduled_learning_rate(
    step: int, *, steps: int, warmup: int, peak: float, constant: bool = False
) -> float:
    """Rate of update `step` (from 0): linear rise over `warmup` updates, then a cosine to 0.

    With `constant` it stays at its peak.

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


def build_optimizer(method: nn.Module, options: TrainingOptions) -> Optimizer:
    """Two groups: matrices and kernels with weight decay; biases and norms without.

    LARS does not adapt the second group either (BYOL, arXiv 2006.07733, section 3.3).
    """
    trainable = [parameter for parameter in method.parameters() if parameter.requires_grad]
    if not trainable:
        raise ValueError("the method has no trainable parameter")
    decay = options.weight_decay
    weights = {
        "params": [parameter for parameter in trainable if parameter.ndim > 1],
        "weight_decay": _DECAYS[options.optimizer] if decay is None else decay,
    }
    others = {
        "params": [parameter for parameter in trainable if parameter.ndim <= 1],
        "weight_decay": 0.0,
    }
    rate = peak_learning_rate(options)
    groups = [group for group in (weights, others) if group["params"]]
    if options.optimizer == "adamw":
        # not fused: that kernel trusts weights and state to lie alike in memory
        return AdamW(groups, lr=rate)
    if options.optimizer == "sgd":
        return SGD(groups, lr=rate, momentum=0.9)
    others["adapt"] = False
    return LARS(groups, lr=rate)

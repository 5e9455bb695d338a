"""Limited-memory BFGS for small convex problems, with few operations per step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

__all__ = ["minimized"]

_MEMORY: Final = 10  # earlier steps that shape the next
_HALVINGS: Final = 20
_DESCENT: Final = 1e-4  # of the decrease that the slope predicts (Armijo)


def minimized(
    objective: Callable[[Tensor], tuple[float, Tensor]],
    start: Tensor,
    *,
    iterations: int,
    slope: float,
    change: float,
) -> Tensor:
    """The minimum of a smooth convex function.

    The two loops of the method run over inner products of the stored steps, so that a step takes
    a few products of a matrix with a vector (Nocedal and Wright 2006, algorithm 7.4).

    Args:
        objective: Value and gradient at a vector.
        start: Where to begin.
        iterations: Maximum number of steps.
        slope: Largest entry of the gradient at which to stop.
        change: Change of the value at which to stop.

    Example:
        >>> found = minimized(
        ...     lambda x: (float((x - 2).square().sum()), 2 * (x - 2)),
        ...     torch.zeros(3, dtype=torch.float64),
        ...     iterations=50,
        ...     slope=1e-9,
        ...     change=0.0,
        ... )
        >>> [round(value, 6) for value in found.tolist()]
        [2.0, 2.0, 2.0]
    """
    here, (value, gradient) = start, objective(start)
    steps, slopes = start.new_zeros(0, len(start)), start.new_zeros(0, len(start))
    for _ in range(iterations):
        if float(gradient.abs().max()) <= slope:
            break
        way = -_applied(steps, slopes, gradient)
        predicted = float(way @ gradient)
        if predicted >= 0:  # only rounding is left
            break
        size = 1.0 if len(steps) else min(1.0, 1 / float(gradient.norm()))
        for _ in range(_HALVINGS):
            there = here + size * way
            found, new = objective(there)
            if found <= value + _DESCENT * size * predicted:
                break
            size /= 2
        else:
            break
        step, bend = there - here, new - gradient
        if float(step @ bend) > 1e-10 * float(bend @ bend):
            steps = torch.cat([steps[1 - _MEMORY :], step.unsqueeze(0)])
            slopes = torch.cat([slopes[1 - _MEMORY :], bend.unsqueeze(0)])
        before, here, value, gradient = value, there, found, new
        if abs(before - value) <= change:
            break
    return here


def _applied(steps: Tensor, slopes: Tensor, gradient: Tensor) -> Tensor:
    """The approximate inverse Hessian times the gradient."""
    count = len(steps)
    if not count:
        return gradient
    both = torch.cat([steps, slopes])
    along = (both @ gradient).tolist()
    products = (both @ slopes.T).tolist()  # of steps with slopes, then of slopes with slopes
    crossed, bent = products[:count], products[count:]
    first, last = [0.0] * count, [0.0] * count
    for i in reversed(range(count)):
        rest = along[i] - sum(first[j] * crossed[i][j] for j in range(i + 1, count))
        first[i] = rest / crossed[i][i]
    scale = crossed[-1][-1] / bent[-1][-1]
    for i in range(count):
        rest = along[count + i] - sum(first[j] * bent[i][j] for j in range(count))
        turned = sum((first[j] - last[j]) * crossed[j][i] for j in range(i))
        last[i] = (scale * rest + turned) / crossed[i][i]
    kept = [a - b for a, b in zip(first, last, strict=True)]
    weights = gradient.new_tensor([*kept, *(-scale * a for a in first)])
    found: Tensor = scale * gradient + weights @ both
    return found

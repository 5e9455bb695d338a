"""LARS: SGD with a learning rate per layer, proportional to the norm of its weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, final, overload

import torch
from torch import Tensor
from torch.optim import Optimizer

from nearfar.checks import check_fraction, check_positive

__all__ = ["LARS"]


@final
class LARS(Optimizer):
    r"""Layer-wise adaptive rate scaling (You, Gitman, Ginsburg 2017, arXiv 1708.03888).

    For a parameter :math:`w` with gradient :math:`g`, weight decay :math:`\beta`, trust
    coefficient :math:`\eta`, momentum :math:`\mu` and learning rate :math:`\gamma`:

    .. math::
        u = g + \beta w, \qquad
        q = \eta\,\lVert w\rVert / \lVert u\rVert \ (1 \text{ where a norm is } 0), \qquad
        v \leftarrow \mu v + q u, \qquad w \leftarrow w - \gamma v

    Groups with ``adapt=False`` (biases, batch-norm) take :math:`q = 1` and should have no weight
    decay, as in BYOL, Barlow Twins and VICReg.

    Args:
        params: Parameters or parameter groups; a group may set ``adapt``.
        lr: Learning rate γ.
        momentum: Momentum μ.
        weight_decay: Weight decay β.
        trust: Trust coefficient η.
        adapt: Scale updates by the ratio of norms; may differ between groups.

    Example:
        >>> import torch
        >>> w = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
        >>> optimizer = LARS([w], lr=1.0, momentum=0.0, trust=0.1)
        >>> w.grad = torch.tensor([0.0, 2.0])
        >>> optimizer.step()
        >>> [round(x, 4) for x in w.tolist()]  # 4 − 0.1 · 5 / 2 · 2
        [3.0, 3.5]
    """

    def __init__(
        self,
        params: Iterable[Any],
        *,
        lr: float,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        trust: float = 0.001,
        adapt: bool = True,
    ) -> None:
        check_positive(lr=lr, trust=trust)
        check_fraction(momentum=momentum)
        if weight_decay < 0:
            raise ValueError(f"`weight_decay` must be 0 or more, got {weight_decay!r}")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "trust": trust,
            "adapt": adapt,
        }
        super().__init__(params, defaults)

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Update all parameters that have a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group)
        return loss

    def _update(self, parameter: Tensor, group: dict[str, Any]) -> None:
        assert parameter.grad is not None
        update = parameter.grad.add(parameter, alpha=group["weight_decay"])
        if group["adapt"]:
            weight, gradient = parameter.norm(), update.norm()
            ratio = group["trust"] * weight / gradient
            update = update * torch.where((weight > 0) & (gradient > 0), ratio, 1.0)
        state = self.state[parameter]
        if "velocity" not in state:
            state["velocity"] = torch.zeros_like(parameter)
        velocity = state["velocity"]
        velocity.mul_(group["momentum"]).add_(update)
        parameter.add_(velocity, alpha=-group["lr"])

"""Batch-norm synchronised over all processes."""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from nearfar.parallel._gathering import gather_alike
from nearfar.parallel._processes import is_distributed

__all__ = ["SynchronizedBatchNorm", "synchronize_batch_norm"]


@final
class SynchronizedBatchNorm(_BatchNorm):
    """Batch-norm with training statistics over all processes' samples.

    Parameters, buffers and their names are those of ``torch.nn.BatchNorm{1,2,3}d``. Unlike
    ``torch.nn.SyncBatchNorm`` it also runs on CPUs; shards may differ in size. Statistics are in
    float32 or wider under any precision, and the gradient through them is exact: every process
    sends mean, variance and count through :func:`gather`.

    Example:
        >>> import torch
        >>> norm = SynchronizedBatchNorm(2)
        >>> norm(torch.tensor([[1.0, 0.0], [3.0, 0.0]])).detach().round(decimals=2)
        tensor([[-1.,  0.],
                [ 1.,  0.]])
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats)
        self.after: nn.Module = nn.Identity()

    def forward(self, input: Float[Tensor, "batch channels *space"]) -> Tensor:
        """Normalise every channel over batch and space."""
        if not (self.training and is_distributed()):
            return self.after(super().forward(input))  # type: ignore[no-any-return]
        self._check_input_dim(input)
        x = input.to(torch.promote_types(input.dtype, torch.float32))
        variance, mean = torch.var_mean(x, dim=[0, *range(2, x.ndim)], correction=0)
        mean, variance, count = _pool(mean, variance, x.numel() / x.shape[1])
        self._follow(mean, variance * count / (count - 1).clamp(min=1))
        scale = (variance + self.eps).rsqrt()
        scale = scale if self.weight is None else scale * self.weight
        shift = -mean * scale if self.bias is None else self.bias - mean * scale
        per_channel = [1, -1] + [1] * (x.ndim - 2)
        y = x * scale.view(per_channel) + shift.view(per_channel)  # keeps no copy but x
        return self.after(y.to(input.dtype))  # type: ignore[no-any-return]

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim < 2 or input.shape[1] != self.num_features:
            raise ValueError(
                f"`input` must be batch × {self.num_features} channels × …,"
                f" got shape {tuple(input.shape)}"
            )

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        """Update the running statistics as torch's batch-norm does."""
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        step = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), step)
        self.running_var.lerp_(variance.to(self.running_var.dtype), step)


def _pool(mean: Tensor, variance: Tensor, count: float) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, variance and count of all processes' samples, from those of each process."""
    mine = torch.cat([mean, variance, mean.new_tensor([count])])
    means, variances, counts = torch.split(
        gather_alike(mine[None]), [len(mean), len(mean), 1], dim=1
    )
    weights = counts / counts.sum()
    mean = (weights * means).sum(dim=0)
    return mean, (weights * (variances + (means - mean).square())).sum(dim=0), counts.sum()


def synchronize_batch_norm(module: nn.Module) -> nn.Module:
    """Replace every batch-norm by a synchronised one; no effect in a single process.

    Each ``torch.nn.BatchNorm{1,2,3}d`` becomes a :class:`SynchronizedBatchNorm` with the same
    parameters, buffers and state-dict keys. A batch-norm with a built-in activation (timm's
    ``BatchNormAct2d``: modules ``drop`` and ``act``) keeps it.

    Args:
        module: Modified in place, unless it is a batch-norm itself.

    Returns:
        The module to use.

    Raises:
        TypeError: A batch-norm of another type, whose own behaviour would be lost.

    Example:
        >>> from torch import nn
        >>> type(synchronize_batch_norm(nn.BatchNorm1d(4))).__name__  # one process
        'BatchNorm1d'
    """
    return _replace(module) if is_distributed() else module


def _replace(module: nn.Module) -> nn.Module:
    if isinstance(module, _BatchNorm):
        return _synchronized(module)
    for name, child in module.named_children():
        setattr(module, name, _replace(child))
    return module


def _synchronized(norm: _BatchNorm) -> nn.Module:
    if isinstance(norm, (SynchronizedBatchNorm, nn.SyncBatchNorm)):
        return norm
    fused = [child for name, child in norm.named_children() if name in ("drop", "act")]
    if not fused and type(norm) not in (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d):
        raise TypeError(
            "`module` must have no batch-norms but BatchNorm1d, BatchNorm2d, BatchNorm3d and those"
            f" with `drop` and `act`, got {type(norm).__module__}.{type(norm).__qualname__}"
        )
    shared = SynchronizedBatchNorm(
        norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats
    )
    shared._parameters, shared._buffers = norm._parameters, norm._buffers
    if fused:
        shared.after = nn.Sequential(*fused)
    return shared.train(norm.training)

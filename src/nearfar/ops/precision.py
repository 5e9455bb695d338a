"""Sums in full precision, whatever the inputs' precision."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["full_precision", "widen"]


def widen(tensor: Tensor) -> Tensor:
    """The tensor in float32 when it comes in half precision, itself otherwise.

    Example:
        >>> import torch
        >>> widen(torch.zeros(2, dtype=torch.bfloat16)).dtype
        torch.float32
    """
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def full_precision(tensor: Tensor) -> torch.autocast:
    """A context in which autocast leaves matrix products on the tensor's device alone."""
    return torch.autocast(tensor.device.type, enabled=False)

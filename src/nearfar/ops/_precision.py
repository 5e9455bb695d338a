"""Accumulation in float32 for half-precision inputs."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["at_given_precision", "full_precision", "widen"]


def widen(tensor: Tensor) -> Tensor:
    """The tensor in float32 if it is in half precision, otherwise unchanged.

    Example:
        >>> import torch
        >>> widen(torch.zeros(2, dtype=torch.bfloat16)).dtype
        torch.float32
    """
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def at_given_precision(wide: Tensor, given: Tensor) -> Tensor:
    """Vectors rounded to the half precision of the given tensor on a GPU, for faster products.

    Inner products of unit vectors then have an error of about 0.0003 (128 dimensions in bfloat16),
    as under autocast, and are accumulated in float32. On a CPU, and for wider types, unchanged.

    Example:
        >>> import torch
        >>> at_given_precision(torch.zeros(2), torch.zeros(2, dtype=torch.bfloat16)).dtype
        torch.float32
    """
    half = given.dtype in (torch.float16, torch.bfloat16) and given.device.type == "cuda"
    return wide.to(given.dtype) if half else wide


def full_precision(tensor: Tensor) -> torch.autocast:
    """A context that disables autocast on the tensor's device."""
    return torch.autocast(tensor.device.type, enabled=False)

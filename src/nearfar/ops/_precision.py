"""Sums in full precision, whatever the inputs' precision."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["at_given_precision", "full_precision", "widen"]


def widen(tensor: Tensor) -> Tensor:
    """The tensor in float32 when it comes in half precision, itself otherwise.

    Example:
        >>> import torch
        >>> widen(torch.zeros(2, dtype=torch.bfloat16)).dtype
        torch.float32
    """
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def at_given_precision(wide: Tensor, given: Tensor) -> Tensor:
    """Vectors rounded to the half precision of what was given, where a GPU multiplies that faster.

    The products of unit vectors then err by about 0.0003 (128 dimensions of bfloat16), as those of
    autocast do, and are summed in float32. On a CPU, and for wider types, nothing is rounded.

    Example:
        >>> import torch
        >>> at_given_precision(torch.zeros(2), torch.zeros(2, dtype=torch.bfloat16)).dtype
        torch.float32
    """
    half = given.dtype in (torch.float16, torch.bfloat16) and given.device.type == "cuda"
    return wide.to(given.dtype) if half else wide


def full_precision(tensor: Tensor) -> torch.autocast:
    """A context in which autocast leaves matrix products on the tensor's device alone."""
    return torch.autocast(tensor.device.type, enabled=False)

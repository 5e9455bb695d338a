"""Views that must be one tensor."""

from __future__ import annotations

from torch import Tensor

from nearfar.inputs._inputs import View

__all__ = ["tensor_view"]


def tensor_view(view: View, *, method: str) -> Tensor:
    """The view, if it is a tensor.

    Args:
        view: One view of a batch.
        method: The method that needs tensors, for the message.

    Raises:
        TypeError: The view is of another type, such as tokens or nodes.

    Example:
        >>> import torch
        >>> tensor_view(torch.zeros(2, 3), method="AMDIM").shape
        torch.Size([2, 3])
    """
    if not isinstance(view, Tensor):
        raise TypeError(f"`views` of {method} must be tensors, got {type(view).__name__}")
    return view

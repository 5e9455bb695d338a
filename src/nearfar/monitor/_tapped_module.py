"""Embeddings read from the forward passes of a module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import torch
from torch import Tensor, nn

__all__ = ["Outputs", "TappedModule", "views_in"]

Outputs = str | tuple[str, str] | None
"""Name of the embeddings in an output; of both views, if an output has both."""
_USUAL = ("sentence_embedding", "pooler_output")


@final
class TappedModule:
    """The outputs of a module in training mode, from a forward hook.

    Args:
        model: The model.
        name: Name of the submodule; of the model itself, empty.
        outputs: Name of the embeddings in the output, or those of both views; by default the output
            itself, or what it has under a usual name.
        joined: Whether the rows of both views follow each other in one output.

    Raises:
        AttributeError: No such submodule.
    """

    def __init__(self, model: nn.Module, name: str, outputs: Outputs, *, joined: bool) -> None:
        self.outputs, self.joined = outputs, joined
        self._calls: list[tuple[Tensor, Tensor | None]] = []
        self._handle = model.get_submodule(name).register_forward_hook(self._keep)

    def _keep(self, module: nn.Module, given: Any, output: Any) -> None:
        if module.training and torch.is_grad_enabled() and len(self._calls) < 2:
            self._calls.append(views_in(output, self.outputs))

    def take(self) -> tuple[Tensor, Tensor | None] | None:
        """The views of the passes since the last call: of one pass, or the first of each of two."""
        calls, self._calls = self._calls, []
        if not calls:
            return None
        first, second = calls[0]
        if self.joined:
            half = len(first) // 2
            return first[:half], first[half : 2 * half]
        if second is None and len(calls) > 1 and calls[1][0].shape == first.shape:
            second = calls[1][0]
        return first, second

    def remove(self) -> None:
        """Remove the hook."""
        self._handle.remove()


def views_in(output: Any, names: Outputs) -> tuple[Tensor, Tensor | None]:
    """The embeddings in a model's output, detached.

    Raises:
        ValueError: None under these names, or no matrix.

    Example:
        >>> views_in({"z": torch.ones(2, 3)}, "z")[0].shape
        torch.Size([2, 3])
    """
    if isinstance(names, tuple):
        return _matrix(output, names[0]), _matrix(output, names[1])
    if names is None and not isinstance(output, Tensor):
        names = next((usual for usual in _USUAL if _part(output, usual) is not None), None)
    return _matrix(output, names), None


def _matrix(output: Any, name: str | None) -> Tensor:
    found = output if name is None else _part(output, name)
    if not isinstance(found, Tensor) or found.ndim != 2:
        got = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        where = f"`{name}` of the output" if name else "the output"
        raise ValueError(
            f"{where} must be a matrix (samples × dim), got {got}; name the embeddings by `outputs`"
        )
    return found.detach()


def _part(output: Any, name: str) -> Any:
    return output.get(name) if isinstance(output, Mapping) else getattr(output, name, None)

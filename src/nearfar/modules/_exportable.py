"""Parts of an encoder that ONNX's exporter lacks a rule for, written with operators that it has.

torch's exporter unrolls a recurrent network over time: up to 2.13 that fixes its length at the
example's, and 2.14 fails. It has no rule for ``EmbeddingBag``. ONNX itself has an operator for a
GRU of any length, so each layer is exported whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

__all__ = ["exportable"]

_OPSET = 18
_LAYER = (
    "(Tensor x, Tensor h, Tensor input_weight, Tensor hidden_weight, Tensor input_bias,"
    " Tensor hidden_bias) -> Tensor"
)


@contextmanager
def exportable(module: nn.Module) -> Iterator[dict[Callable[..., Any], Callable[..., Any]]]:
    """A context in which `module` can be exported; its weights and outputs are unchanged.

    Args:
        module: With any number of ``nn.GRU`` and ``nn.EmbeddingBag`` inside.

    Yields:
        What ``torch.onnx.export`` takes as ``custom_translation_table``.

    Example:
        >>> encoder = nn.GRU(3, 4, batch_first=True)
        >>> x = torch.ones(2, 5, 3)
        >>> with exportable(encoder):
        ...     exported = encoder(x)[0]
        >>> torch.testing.assert_close(exported, encoder(x)[0])
    """
    forwards: dict[type[nn.Module], Callable[..., Any]] = {nn.GRU: _gru, nn.EmbeddingBag: _bag}
    parts = [part for part in module.modules() if type(part) in forwards]
    for part in parts:
        part.forward = partial(forwards[type(part)], part)
    try:
        yield {torch.ops.nearfar.gru_layer.default: _gru_layer_in_onnx}
    finally:
        for part in parts:
            del part.forward  # the class's own again


def _gru(part: nn.GRU, x: Tensor | PackedSequence, h: Tensor | None = None) -> Any:
    """``nn.GRU.forward`` on padded batches; each layer and direction is one operator."""
    if isinstance(x, PackedSequence) or x.dim() == 2:
        return nn.GRU.forward(part, x, h)
    x = x.transpose(0, 1) if part.batch_first else x
    directions = 2 if part.bidirectional else 1
    if h is None:
        h = x.new_zeros(part.num_layers * directions, x.shape[1], part.hidden_size)
    last: list[Tensor] = []
    for layer in range(part.num_layers):
        outputs = []
        for direction in range(directions):
            names = f"l{layer}" + "_reverse" * direction
            weights = [getattr(part, f"weight_{kind}_{names}") for kind in ("ih", "hh")]
            biases = [
                getattr(part, f"bias_{kind}_{names}")
                if part.bias
                else weights[0].new_zeros(3 * part.hidden_size)
                for kind in ("ih", "hh")
            ]
            read = x.flip(0) if direction else x
            steps = torch.ops.nearfar.gru_layer(read, h[len(last)], *weights, *biases)
            last.append(steps[-1])
            outputs.append(steps.flip(0) if direction else steps)
        x = torch.cat(outputs, dim=2)
        if layer < part.num_layers - 1:
            x = F.dropout(x, part.dropout, part.training)
    return (x.transpose(0, 1) if part.batch_first else x), torch.stack(last)


def _bag(
    part: nn.EmbeddingBag,
    ids: Tensor,
    offsets: Tensor | None = None,
    per_sample_weights: Tensor | None = None,
) -> Tensor:
    """``nn.EmbeddingBag.forward`` of a mean over rows of ids."""
    if ids.dim() != 2 or part.mode != "mean":
        return nn.EmbeddingBag.forward(part, ids, offsets, per_sample_weights)
    vectors = F.embedding(ids, part.weight)
    if part.padding_idx is None:
        return vectors.mean(1)
    seen = (ids != part.padding_idx)[..., None].to(vectors.dtype)
    return (vectors * seen).sum(1) / seen.sum(1).clamp_min(1)


@torch.library.custom_op("nearfar::gru_layer", mutates_args=(), schema=_LAYER)
def _gru_layer(x: Tensor, h: Tensor, *weights: Tensor) -> Tensor:
    """One layer in one direction, time first; the gates of the weights are reset, update, new."""
    steps, _ = torch.gru(x, h[None], weights, True, 1, 0.0, False, False, False)
    return steps.clone()


@_gru_layer.register_fake
def _(x: Tensor, h: Tensor, *weights: Tensor) -> Tensor:
    return x.new_empty(x.shape[0], x.shape[1], h.shape[-1])


def _gru_layer_in_onnx(  # noqa: PLR0917  (the operator's arguments)
    x: Any, h: Any, input_weight: Any, hidden_weight: Any, input_bias: Any, hidden_bias: Any
) -> Any:
    """The same as nodes of a graph; ONNX orders the gates update, reset, new."""
    import onnxscript

    op = getattr(onnxscript, f"opset{_OPSET}")

    width = hidden_weight.shape[1]
    order = [*range(width, 2 * width), *range(width), *range(2 * width, 3 * width)]

    def in_order(gates: Any) -> Any:
        return op.Gather(gates, op.Constant(value_ints=order), axis=0)

    axis = op.Constant(value_ints=[0])
    steps, _ = op.GRU(
        x,
        op.Unsqueeze(in_order(input_weight), axis),
        op.Unsqueeze(in_order(hidden_weight), axis),
        op.Unsqueeze(op.Concat(in_order(input_bias), in_order(hidden_bias), axis=0), axis),
        None,
        op.Unsqueeze(h, axis),
        hidden_size=width,
        linear_before_reset=1,
    )
    return op.Squeeze(steps, op.Constant(value_ints=[1]))  # the axis of directions

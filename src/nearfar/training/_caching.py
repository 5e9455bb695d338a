"""Gradient caching: exact gradients of a large batch in the memory of a micro-batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any, final

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _NormBase

from nearfar.checks import check_integer
from nearfar.inputs import View, select
from nearfar.inputs import count as count_samples
from nearfar.methods._method import Method, Projected, Step
from nearfar.ops import full_precision, widen

__all__ = ["cached_backward", "num_parts", "two_passes"]


def cached_backward(
    method: Method,
    views: tuple[View, ...],
    *,
    micro_batch: int,
    backward: Callable[[Tensor], None] = Tensor.backward,
) -> Step:
    r"""Compute the gradients of ``method(views).loss.backward()`` in the memory of a micro-batch.

    Let :math:`z_k = f_\theta(x_k)` be the projections of micro-batch :math:`k` (``project``) and
    :math:`L(z_1, z_2, …)` the loss of the whole batch (``compare``). By the chain rule, the
    gradient needs only the small :math:`g_k = \partial L / \partial z_k`:

    .. math:: \nabla_\theta L = \sum_k \Big(\frac{\partial z_k}{\partial\theta}\Big)^{\!\top} g_k

    A first forward pass computes every :math:`z_k` without keeping its graph. The loss is computed
    once and its gradients :math:`g_k` are stored. A second forward pass rebuilds the graph of one
    micro-batch at a time and backpropagates :math:`g_k` through it. The gradient is exact up to
    rounding for every objective; queues and momentum copies are updated as usual. Dropout and
    stochastic depth use the same random numbers in both passes (on CPUs and CUDA devices).

    Batch-norm is the exception: in training mode its statistics are those of a micro-batch, and
    its running statistics are updated once per micro-batch. The gradient is exact for that network.

    Args:
        method: Any method.
        views: The method's views, one row per sample.
        micro_batch: Maximum number of samples per forward pass. Micro-batches have nearly equal
            sizes: 9 samples with a maximum of 4 are split into 3, 3 and 3.
        backward: Backpropagates from the loss; called once. With a loss scaler
            ``lambda loss: scaler.scale(loss).backward()``, to accumulate over four batches
            ``lambda loss: (loss / 4).backward()``.

    Returns:
        The step of the whole batch, detached; half-precision projections are float32.

    Raises:
        ValueError: ``micro_batch`` below 1, or views of different lengths.

    Cost:
        Two forward passes and one backward pass per sample. Memory: the graph of one micro-batch;
        the representations and projections of the batch, and their gradients; the objective's own
        memory. With several processes the gradients are those of this process only and must be
        averaged.

    Reference:
        Gao, Zhang, Han, Callan, RepL4NLP 2021 (arXiv 2101.06983), section 3.

    Example:
        >>> import torch
        >>> from nearfar.methods import SimCLR
        >>> encoder, projector = torch.nn.Flatten(), torch.nn.Linear(4, 2)
        >>> method = SimCLR(encoder, projector, temperature=0.5)
        >>> views = torch.rand(9, 4), torch.rand(9, 4)
        >>> step = cached_backward(method, views, micro_batch=4)
        >>> cached = projector.weight.grad.clone()
        >>> method.zero_grad()
        >>> method(views).loss.backward()
        >>> torch.allclose(cached, projector.weight.grad, atol=1e-6)
        True
    """
    check_integer(at_least=1, micro_batch=micro_batch)
    rows = [count_samples(view) for view in views]
    if len(set(rows)) != 1:
        raise ValueError(f"`views` must have equal numbers of rows, got {rows}")
    count = num_parts(rows[0], micro_batch)
    if count == 1:
        step = method(views)
        with full_precision(step.loss):
            backward(step.loss)
        return _without_graph(step)
    cut = [
        tuple(select(view, part) for view in views)
        for part in torch.arange(rows[0]).tensor_split(count)
    ]
    return two_passes(method, [_Constant(part) for part in cut], backward=backward)


def num_parts(samples: int, micro_batch: int) -> int:
    """Number of micro-batches."""
    return -(-samples // micro_batch)


@final
class _Constant:
    """Returns the same views on every call."""

    def __init__(self, views: tuple[View, ...]) -> None:
        self._views = views

    def __call__(self) -> tuple[View, ...]:
        return self._views


def two_passes(
    method: Method,
    parts: Sequence[Callable[[], tuple[View, ...]]],
    *,
    precision: Callable[[], AbstractContextManager[Any]] = nullcontext,
    backward: Callable[[Tensor], None] = Tensor.backward,
) -> Step:
    """:func:`cached_backward` for micro-batches whose views are generated on demand.

    Args:
        method: Any method.
        parts: One function per micro-batch that generates its views; it is called twice and must
            return the same views.
        precision: Context of the forward passes.
        backward: Backpropagates from the loss.
    """
    device = next(method.parameters()).device
    draws, pieces = [], []
    for part in parts:
        draws.append(_Draws(device))
        pieces.append(_project(method, part, precision))
    joined = _join(pieces)
    del pieces
    with precision():
        step = method.compare(joined)
    with full_precision(step.loss):  # autocast must not apply to the backward pass
        backward(step.loss)
    after = _Draws(device)
    with _preserved_statistics(method):
        start = 0
        for part, before in zip(parts, draws, strict=True):
            before.restore()
            start += _go_back(method, part, precision, joined, start)
    after.restore()
    return _without_graph(step)


def _project(
    method: Method,
    part: Callable[[], tuple[View, ...]],
    precision: Callable[[], AbstractContextManager[Any]],
) -> Projected:
    """First pass over one micro-batch: detached outputs.

    The graph is built and dropped. Kernels may differ with gradients enabled, and both passes must
    compute the same values; the graph also shows which outputs require gradients.
    """
    views = part()
    with precision():
        projected = method.project(views)
    for tensor in _flat(projected):
        if tensor.shape[:1] != (count_samples(views[0]),):
            raise ValueError(
                f"`{type(method).__name__}.project` must give one row per sample,"
                f" {count_samples(views[0])}, got shape {tuple(tensor.shape)}"
            )
    return tuple(
        tuple(tensor.detach().requires_grad_(tensor.requires_grad) for tensor in group)
        for group in projected
    )


def _join(pieces: list[Projected]) -> Projected:
    """The whole batch from its micro-batches, as leaf tensors in float32 or wider."""
    return tuple(
        tuple(
            widen(torch.cat(same).detach()).requires_grad_(same[0].requires_grad)
            for same in zip(*groups, strict=True)
        )
        for groups in zip(*pieces, strict=True)
    )


def _go_back(
    method: Method,
    part: Callable[[], tuple[View, ...]],
    precision: Callable[[], AbstractContextManager[Any]],
    joined: Projected,
    start: int,
) -> int:
    """Second pass over one micro-batch, with its rows of the stored gradients; its row count."""
    views = part()
    with precision():
        projected = method.project(views)
    rows = count_samples(views[0])
    outputs, gradients = [], []
    for output, leaf in zip(_flat(projected), _flat(joined), strict=True):
        if leaf.grad is not None:
            outputs.append(output)
            gradients.append(leaf.grad[start : start + rows].to(output.dtype))
    if outputs:
        with full_precision(outputs[0]):
            torch.autograd.backward(outputs, gradients)
    return rows


def _flat(projected: Projected) -> list[Tensor]:
    return [tensor for group in projected for tensor in group]


def _without_graph(step: Step) -> Step:
    return replace(
        step,
        loss=step.loss.detach(),
        representations=tuple(h.detach() for h in step.representations),
        projections=tuple(z.detach() for z in step.projections),
    )


@contextmanager
def _preserved_statistics(method: Method) -> Iterator[None]:
    """Restore the running statistics of batch-norm layers afterwards."""
    norms = [module for module in method.modules() if isinstance(module, _NormBase)]
    saved = [(buffer, buffer.clone()) for norm in norms for buffer in norm.buffers(recurse=False)]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in saved:
                buffer.copy_(value)


@final
class _Draws:
    """States of the random generators that a forward pass may use."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._here = torch.get_rng_state()
        self._there = torch.cuda.get_rng_state(device) if device.type == "cuda" else None

    def restore(self) -> None:
        """Restore these states."""
        torch.set_rng_state(self._here)
        if self._there is not None:
            torch.cuda.set_rng_state(self._there, self._device)

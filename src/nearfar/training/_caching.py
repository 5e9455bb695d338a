"""Gradient caching: the gradient of a large batch in the memory of a small part of it."""

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
    r"""What ``method(views).loss.backward()`` leaves in ``.grad``, in the memory of a micro-batch.

    With the method cut into :math:`z_k = f_\theta(x_k)` for micro-batches :math:`k` (``project``)
    and the loss :math:`L(z_1, z_2, …)` of all of them together (``compare``), the chain rule needs
    only the small :math:`g_k = \partial L / \partial z_k` of the whole batch:

    .. math:: \nabla_\theta L = \sum_k \Big(\frac{\partial z_k}{\partial\theta}\Big)^{\!\top} g_k

    A first pass computes every :math:`z_k` and forgets how, the loss is taken once and its
    :math:`g_k` are kept, and a second pass goes backward through one micro-batch after the other.
    Exact to rounding, whatever the objective; queues and momentum copies move as they would.
    Dropout and stochastic depth draw the same in both passes (on CPUs and CUDA devices).

    Batch-norm is the exception: in training mode its statistics are those of a micro-batch, and
    its running statistics move once per micro-batch. The gradient is exact for that network.

    Args:
        method: Any method.
        views: As the method takes them, one row a sample.
        micro_batch: Most samples that pass the network at once. Micro-batches are as equal as they
            can be: 9 samples by 4 are 3, 3 and 3.
        backward: Goes backward from the loss, once. For a loss scaler
            ``lambda loss: scaler.scale(loss).backward()``, to accumulate over four batches
            ``lambda loss: (loss / 4).backward()``.

    Returns:
        The step of the whole batch, without its graph: half-precision projections are float32.

    Raises:
        ValueError: ``micro_batch`` is below 1, or the views differ in length.

    Cost:
        Each sample passes the network twice, and goes backward once. Memory: the graph of one
        micro-batch; representations and projections of the batch, and their gradient; what the
        objective needs. With several processes the gradients are this process's own: average them.

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
        raise ValueError(f"`views` must have as many rows as one another, got {rows}")
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
    """Micro-batches that so many samples make."""
    return -(-samples // micro_batch)


@final
class _Constant:
    """Gives the same views whenever it is asked."""

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
    """:func:`cached_backward` over micro-batches whose views are made when they are needed.

    Args:
        method: Any method.
        parts: Make the views of a micro-batch; each is called twice and must give the same.
        precision: Context of the forward passes.
        backward: Goes backward from the loss.
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
    with full_precision(step.loss):  # backward follows each operation's own type
        backward(step.loss)
    after = _Draws(device)
    with _kept_statistics(method):
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
    """First pass, one micro-batch: the values alone.

    The graph is built and dropped: kernels may depend on whether there will be a gradient, and
    both passes must compute the same; and the outputs say which of them have one.
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
    """The whole batch from its micro-batches: leaves, in float32 or wider."""
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
    """Second pass, one micro-batch: from its rows of the kept gradients; how many rows it had."""
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
def _kept_statistics(method: Method) -> Iterator[None]:
    """Running statistics of batch-norms are afterwards what they were before."""
    norms = [module for module in method.modules() if isinstance(module, _NormBase)]
    kept = [(buffer, buffer.clone()) for norm in norms for buffer in norm.buffers(recurse=False)]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in kept:
                buffer.copy_(value)


@final
class _Draws:
    """Where the random generators stand that a forward pass may draw from."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._here = torch.get_rng_state()
        self._there = torch.cuda.get_rng_state(device) if device.type == "cuda" else None

    def restore(self) -> None:
        """Let them stand there again."""
        torch.set_rng_state(self._here)
        if self._there is not None:
            torch.cuda.set_rng_state(self._there, self._device)

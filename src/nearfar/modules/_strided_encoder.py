"""CPC's encoder: strided convolutions over time and an autoregressive context network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol, final, runtime_checkable

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from nearfar.checks import check_integer
from nearfar.inputs import Sequences

__all__ = ["StepEncoder", "StridedEncoder", "series_strides", "sound_strides"]

_SERIES_STEPS = 24
_LEAST_RATE = 2_000


@runtime_checkable
class StepEncoder(Protocol):
    """An encoder with encodings and contexts for every time step, as CPC needs.

    Attributes:
        encoding_dim: Dimension of an encoding.
        context_dim: Dimension of a context.
    """

    encoding_dim: int
    context_dim: int

    def encodings(self, x: Any, /) -> Tensor:
        """Encoding of each step, batch × time × dim."""

    def contexts(self, encodings: Tensor, /) -> Tensor:
        """Context of each step, from it and earlier steps, batch × time × dim."""

    def count_steps(self, lengths: Tensor, /) -> Tensor:
        """Number of steps of sequences of these lengths."""


@final
class StridedEncoder(nn.Module):
    """Strided convolutions, then a GRU; the representation is the mean context.

    The paper's audio encoder is ``strides=(5, 4, 2, 2, 2)``, ``kernels=(10, 8, 4, 4, 4)``,
    ``width=512``, ``context=256``: one step per 160 samples, 10 ms at 16 kHz. Each convolution is
    followed by layer norm over the channels of a step and ReLU. An encoding then depends neither on
    the length of the sequence, nor on its padding, nor on the other sequences of the batch (unlike
    with batch-norm or a norm over time, which would let CPC identify the batch).

    Args:
        channels: Channels of the sequences.
        width: Channels of every convolution, and dimension of an encoding.
        context: Dimension of a context, and of the representation.
        strides: Stride of each convolution.
        kernels: Kernel size of each convolution; twice the strides by default.

    Shape:
        ``[batch, channels, time]`` or :class:`Sequences` → ``[batch, context]``.

    Reference:
        van den Oord, Li, Vinyals 2018 (arXiv 1807.03748), section 3.1.

    Example:
        >>> encoder = StridedEncoder(strides=(5, 4, 2, 2))
        >>> encoder(torch.zeros(2, 1, 4000)).shape, encoder.stride
        (torch.Size([2, 256]), 80)
        >>> contexts, lengths = encoder.steps(torch.zeros(2, 1, 4000))
        >>> contexts.shape, lengths.tolist()
        (torch.Size([2, 50, 256]), [50, 50])
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        width: int = 128,
        context: int = 256,
        strides: Sequence[int] = (5, 4, 2, 2, 2),
        kernels: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        kernels = tuple(2 * stride for stride in strides) if kernels is None else tuple(kernels)
        check_integer(at_least=1, channels=channels, width=width, context=context)
        if not strides or len(kernels) != len(strides):
            raise ValueError(
                f"`kernels` must be one for each of {len(strides)} strides, got {kernels!r}"
            )
        for stride, kernel in zip(strides, kernels, strict=True):
            check_integer(at_least=1, strides=stride)
            check_integer(at_least=stride, kernels=kernel)
        self.encoding_dim, self.context_dim, self.num_features = width, context, context
        self.stride = math.prod(strides)
        inputs = [channels, *[width] * (len(strides) - 1)]
        self.layers = nn.ModuleList(
            _Convolution(i, width, kernel=kernel, stride=stride)
            for i, kernel, stride in zip(inputs, kernels, strides, strict=True)
        )
        self.recurrent = nn.GRU(width, context, batch_first=True)

    def forward(self, x: Tensor | Sequences) -> Float[Tensor, "batch dim"]:
        """The mean context of each sequence."""
        contexts, lengths = self.steps(x)
        if isinstance(x, Tensor) or x.lengths is None:
            return contexts.mean(dim=1)
        times = torch.arange(contexts.shape[1], device=contexts.device)
        weights = (times < lengths[:, None]).to(contexts.dtype) / lengths[:, None]
        return (contexts * weights[:, :, None]).sum(dim=1)

    def encodings(self, x: Tensor | Sequences) -> Float[Tensor, "batch time dim"]:
        """Output of the convolutions at each step.

        Raises:
            ValueError: A sequence is too short for one step.
        """
        encodings, _ = self._encode(x)
        return encodings

    def contexts(
        self, encodings: Float[Tensor, "batch time dim"]
    ) -> Float[Tensor, "batch time context"]:
        """Output of the recurrent network at each step; causal."""
        contexts: Tensor
        contexts, _ = self.recurrent(encodings)
        return contexts

    def steps(
        self, x: Tensor | Sequences
    ) -> tuple[Float[Tensor, "batch time context"], Int64[Tensor, " batch"]]:
        """The context of each step, and the number of steps of each sequence (later are padding).

        Raises:
            ValueError: A sequence is too short for one step.
        """
        encodings, lengths = self._encode(x)
        return self.contexts(encodings), lengths

    def count_steps(self, lengths: Int64[Tensor, "..."]) -> Int64[Tensor, "..."]:
        """Number of steps of sequences of these lengths.

        >>> StridedEncoder().count_steps(torch.tensor([20480, 161]))
        tensor([128,   1])
        """
        for layer in self.layers:
            assert isinstance(layer, _Convolution)
            lengths = layer.count_steps(lengths)
        return lengths

    def _encode(self, x: Tensor | Sequences) -> tuple[Tensor, Tensor]:
        padded = isinstance(x, Sequences) and x.lengths is not None
        values = x.values if isinstance(x, Sequences) else x
        if isinstance(x, Sequences):
            lengths = x.extents()
        else:
            lengths = torch.full((values.shape[0],), values.shape[2], device=values.device)
        for layer in self.layers:
            assert isinstance(layer, _Convolution)
            lengths = layer.count_steps(lengths)
            values = layer(values)
            if padded:  # zero beyond the end, so that each convolution sees what it would unpadded
                times = torch.arange(values.shape[2], device=values.device)
                values = values * (times < lengths[:, None])[:, None]
        if values.shape[2] < 1 or (padded and int(lengths.min()) < 1):
            raise ValueError(f"sequences must be at least {self.stride} long to make one step")
        return values.transpose(1, 2), lengths


@final
class _Convolution(nn.Module):
    """A strided convolution, a norm over each step's channels, ReLU."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int) -> None:
        super().__init__()
        self.padding = (kernel - stride + 1) // 2
        self.convolution = nn.Conv1d(inputs, outputs, kernel, stride=stride, padding=self.padding)
        self.norm = nn.LayerNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(self.convolution(x).transpose(1, 2))
        return F.relu(normed).transpose(1, 2)

    def count_steps(self, lengths: Tensor) -> Tensor:
        (kernel,), (stride,) = self.convolution.kernel_size, self.convolution.stride
        steps = (lengths + 2 * self.padding - kernel).div(stride, rounding_mode="floor") + 1
        return steps.clamp_min(0)


def sound_strides(sample_rate: int) -> tuple[int, ...]:
    """The paper's strides, (5, 4, 2, 2, 2) at 16 kHz, extended by twos to steps of about 10 ms.

    >>> sound_strides(16_000), sound_strides(8_000), sound_strides(44_100)
    ((5, 4, 2, 2, 2), (5, 4, 2, 2), (5, 4, 2, 2, 2, 2))
    """
    check_integer(at_least=_LEAST_RATE, sample_rate=sample_rate)
    return (5, 4, *[2] * round(math.log2(sample_rate / _LEAST_RATE)))


def series_strides(length: int) -> tuple[int, ...]:
    """Strides of 2 for a time series, leaving 24 steps or more; at least two layers.

    >>> series_strides(24), series_strides(60), series_strides(150), series_strides(1000)
    ((1, 1), (2, 1), (2, 2), (2, 2, 2, 2, 2))
    """
    check_integer(at_least=1, length=length)
    twos = max(0, math.floor(math.log2(length / _SERIES_STEPS))) if length >= _SERIES_STEPS else 0
    return (*[2] * twos, *[1] * (2 - twos))

"""Counter-based random numbers: Philox over integer tensors, without hidden state."""

from __future__ import annotations

from enum import IntEnum

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from nearfar.checks import check_integer

__all__ = ["Stream", "permutation", "philox", "random_bits", "uniform"]

_WORD = 0xFFFFFFFF
# Multipliers minus 2^32: |a·m| < 2^62 for a < 2^32, so products fit into int64.
_MULTIPLIERS = (0xD2511F53 - 2**32, 0xCD9E8D57 - 2**32)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10


class Stream(IntEnum):
    """Independent streams of random numbers for the same (seed, epoch, sample, view)."""

    ORDER = 0
    VIEWS = 1
    TRANSFORMS = 2
    SPLIT = 3
    PROBE = 4
    METHOD = 5
    PAIRS = 8
    SUBSAMPLES = 9
    WORLD = 16


def philox(counter: Int64[Tensor, "*batch 4"], key: tuple[int, int]) -> Int64[Tensor, "*batch 4"]:
    """Philox4x32-10: 128 random bits for each 128-bit counter and 64-bit key.

    Words are 32-bit, stored in int64; the bits are the same on every device.

    Args:
        counter: Four words from 0 to 2^32 - 1 each.
        key: Two words.

    Returns:
        Four words for each counter.

    Reference:
        Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC 2011).

    Example:
        >>> [f"{word:08x}" for word in philox(torch.zeros(4, dtype=torch.int64), (0, 0)).tolist()]
        ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    words = counter.reshape(-1, 4).T
    multipliers = torch.tensor(_MULTIPLIERS, device=counter.device)[:, None]
    keys = [[(k + i * w) & _WORD for k, w in zip(key, _WEYL, strict=True)] for i in range(_ROUNDS)]
    schedule = torch.tensor(keys, device=counter.device)[:, :, None]
    factors, others = words[0::2], words[1::2]  # (c0, c2) and (c1, c3)
    for i in range(_ROUNDS):
        product = factors * multipliers
        low = product & _WORD
        high = product.bitwise_right_shift_(32).add_(factors)
        factors = high.flip(0).bitwise_xor_(others).bitwise_xor_(schedule[i])
        others = low.flip(0)
    return torch.stack((factors[0], others[0], factors[1], others[1]), dim=-1).view(counter.shape)


def random_bits(
    samples: Int64[Tensor, " batch"],
    *,
    seed: int,
    epoch: int,
    count: int,
    view: int | Int64[Tensor, " batch"] = 0,
    stream: int = Stream.VIEWS,
) -> Int64[Tensor, "batch count"]:
    """`count` words of 32 random bits for each sample.

    Args:
        samples: Indices of samples, 0 or more.
        seed: From 0 to 2^64 - 1.
        epoch: From 0 to 2^32 - 1.
        count: Words per sample, up to 2^18.
        view: View index from 0 to 255, shared or one per sample.
        stream: Number of the stream, from 0 to 255; see :class:`Stream`.

    Raises:
        ValueError: A number out of range.
    """
    check_integer(at_least=1, count=count)
    _check_bits(64, seed=seed)
    _check_bits(32, epoch=epoch)
    _check_bits(8, stream=stream)
    _check_bits(18, count=count - 1)
    if isinstance(view, int):
        _check_bits(8, view=view)
    blocks = -(-count // 4)
    block = torch.arange(blocks, device=samples.device)
    asked = torch.as_tensor(view, device=samples.device).view(-1, 1)
    counter = torch.empty((len(samples), blocks, 4), dtype=torch.int64, device=samples.device)
    counter[..., 0] = (samples & _WORD)[:, None]
    counter[..., 1] = (samples >> 32)[:, None]
    counter[..., 2] = epoch
    counter[..., 3] = block + (asked << 16) + (int(stream) << 24)
    return philox(counter, (seed & _WORD, seed >> 32)).flatten(1)[:, :count]


def uniform(
    samples: Int64[Tensor, " batch"],
    *,
    seed: int,
    epoch: int,
    count: int,
    view: int | Int64[Tensor, " batch"] = 0,
    stream: int = Stream.VIEWS,
) -> Float32[Tensor, "batch count"]:
    """`count` uniform numbers in [0, 1) for each sample, in steps of 2^-24.

    A row depends only on (seed, epoch, sample, view, stream): not on the other rows, and its first
    numbers not on `count`.

    Args:
        samples: Indices of samples, 0 or more.
        seed: From 0 to 2^64 - 1.
        epoch: From 0 to 2^32 - 1.
        count: Numbers per sample.
        view: View index from 0 to 255, shared or one per sample.
        stream: Number of the stream, from 0 to 255; see :class:`Stream`.

    Raises:
        ValueError: A number out of range.

    Example:
        >>> uniform(torch.tensor([7, 8]), seed=0, epoch=0, count=3)
        tensor([[0.9466, 0.5284, 0.3954],
                [0.0636, 0.6604, 0.5498]])
    """
    bits = random_bits(samples, seed=seed, epoch=epoch, count=count, view=view, stream=stream)
    return (bits >> 8).to(torch.float32).mul_(2.0**-24)


def permutation(
    n: int, *, seed: int, epoch: int, device: torch.device | str = "cpu"
) -> Int64[Tensor, " n"]:
    """A random order of `n` samples for an epoch: they are sorted by a random 63-bit number.

    Args:
        n: Number of samples.
        seed: From 0 to 2^64 - 1.
        epoch: From 0 to 2^32 - 1.
        device: Device for the computation; the order is the same on all.

    Example:
        >>> permutation(6, seed=0, epoch=1).tolist()
        [3, 0, 2, 1, 4, 5]
    """
    check_integer(at_least=0, n=n)
    samples = torch.arange(n, device=device)
    words = random_bits(samples, seed=seed, epoch=epoch, count=2, stream=Stream.ORDER)
    return torch.argsort((words[:, 0] << 31) | (words[:, 1] >> 1), stable=True)


def _check_bits(bits: int, **values: int) -> None:
    """Raise unless every value is a non-negative integer of at most `bits` bits."""
    check_integer(at_least=0, **values)
    for name, value in values.items():
        if value >> bits:
            raise ValueError(f"`{name}` must be below 2^{bits}, got {value}")

"""The base class of sources of sequences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from jaxtyping import Int64
from torch import Tensor

from nearfar.data._files import counted
from nearfar.data._source import Source

__all__ = ["SequenceSource", "cut", "described", "resampling_note", "shortest"]

SHORTEST_SECONDS = 0.05
SHORTEST_STEPS = 8


class SequenceSource(Source):
    """A source of audio or time series.

    Attributes:
        channels: Number of channels of every sequence.
        sample_rate: Sampling rate in Hz; None for time series.
        lengths: Number of time steps of each sequence.
        center: Number subtracted from each channel before rounding; empty if there is none.
        scale: Number that each channel was divided by after that.
        rows: Row or file number of each sequence; repeated for the segments of a split row, and
            without skipped rows.
    """

    modality: ClassVar = "sequences"
    at_once = 64
    channels: int
    sample_rate: int | None
    lengths: Int64[Tensor, " samples"]
    center: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    rows: Int64[Tensor, " samples"]

    def describe(self) -> str:
        return described(self.lengths, channels=self.channels, sample_rate=self.sample_rate)


def described(lengths: Tensor, *, channels: int, sample_rate: int | None) -> str:
    """Number, kind and length of sequences.

    >>> import torch
    >>> described(torch.tensor([800, 4000]), channels=1, sample_rate=8000)
    '2 recordings of 0.10 to 0.50 s at 8,000 Hz'
    >>> described(torch.tensor([60, 60]), channels=3, sample_rate=None)
    '2 series of 60 steps in 3 channels'
    """
    least, most = int(lengths.min()), int(lengths.max())
    several = f" in {channels} channels" if channels > 1 else ""
    if sample_rate is None:
        extent = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        return f"{len(lengths):,} series of {extent} steps{several}"
    short, long = f"{least / sample_rate:.2f}", f"{most / sample_rate:.2f}"
    extent = short if short == long else f"{short} to {long}"
    return f"{counted(len(lengths), 'recording')} of {extent} s at {sample_rate:,} Hz{several}"


def shortest(sample_rate: int | None) -> int:
    """Minimum number of time steps of a sequence.

    >>> shortest(8000), shortest(None)
    (400, 8)
    """
    steps = 0 if sample_rate is None else math.ceil(SHORTEST_SECONDS * sample_rate)
    return max(SHORTEST_STEPS, steps)


def cut(length: int, *, piece: int) -> list[tuple[int, int]]:
    """Split a long sequence into segments of length `piece`; the last is 0.5 to 1.5 times as long.

    >>> cut(25, piece=10), cut(24, piece=10), cut(9, piece=10)
    ([(0, 10), (10, 20), (20, 25)], [(0, 10), (10, 24)], [(0, 9)])
    """
    pieces = max(1, math.floor(length / piece + 0.5))
    ends = [*range(piece, pieces * piece, piece), length]
    return list(zip([0, *ends[:-1]], ends, strict=True))


def resampling_note(rates: Sequence[int], *, sample_rate: int) -> str | None:
    """A note on the number of resampled sequences and their original rates.

    >>> resampling_note([8000, 8000, 44100], sample_rate=8000)
    '1 of 3 recordings resampled to 8,000 Hz from 44,100'
    """
    other = [rate for rate in rates if rate != sample_rate]
    if not other:
        return None
    rates_text = ", ".join(f"{rate:,}" for rate in sorted(set(other)))
    count = f"{len(other):,} of {counted(len(rates), 'recording')}"
    return f"{count} resampled to {sample_rate:,} Hz from {rates_text}"

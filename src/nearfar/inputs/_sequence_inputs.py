"""A batch of sounds or time series of any length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, final

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from nearfar.inputs._inputs import Inputs

__all__ = ["Sequences"]


@final
@dataclass(frozen=True, eq=False)
class Sequences(Inputs):
    """Multichannel sequences, zero-padded at the end if lengths differ.

    Attributes:
        values: Audio samples in [-1, 1], or the channels of a time series.
        lengths: Time steps before padding; None without padding.
    """

    values: Float[Tensor, "batch channels time"]
    lengths: Int64[Tensor, " batch"] | None = None

    @classmethod
    def of(cls, sequences: Sequence[Float[Tensor, "channels _"]]) -> Sequences:
        """Stack sequences, padding if lengths differ."""
        lengths = torch.tensor([sequence.shape[-1] for sequence in sequences])
        longest = int(lengths.max())
        if bool((lengths == longest).all()):
            return cls(torch.stack(list(sequences)))
        padded = sequences[0].new_zeros(len(sequences), sequences[0].shape[0], longest)
        for row, sequence in zip(padded, sequences, strict=True):
            row[:, : sequence.shape[-1]] = sequence
        return cls(padded, lengths)

    def __len__(self) -> int:
        return len(self.values)

    def select(self, rows: slice | Tensor) -> Sequences:
        return Sequences(self.values[rows], None if self.lengths is None else self.lengths[rows])

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Sequences:
        values = self.values.to(device=device, dtype=dtype, non_blocking=True)
        lengths = None if self.lengths is None else self.lengths.to(device, non_blocking=True)
        return Sequences(values, lengths)

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Sequences:
        longest = max(part.values.shape[2] for part in parts)
        values = [F.pad(part.values, (0, longest - part.values.shape[2])) for part in parts]
        if all(p.lengths is None and p.values.shape[2] == longest for p in parts):
            return cls(torch.cat(values))
        return cls(torch.cat(values), torch.cat([part.extents() for part in parts]))

    def extents(self) -> Int64[Tensor, " batch"]:
        """Number of time steps of each sequence."""
        if self.lengths is not None:
            return self.lengths
        batch, _, time = self.values.shape
        return torch.full((batch,), time, device=self.values.device)

    def mask(self) -> Bool[Tensor, "batch time"]:
        """True at time steps that are not padding."""
        times = torch.arange(self.values.shape[2], device=self.values.device)
        return times < self.extents()[:, None]

    def unpadded(self) -> list[Tensor]:
        """Each sequence without padding, channels × time."""
        return [v[:, :n] for v, n in zip(self.values, self.extents().tolist(), strict=True)]

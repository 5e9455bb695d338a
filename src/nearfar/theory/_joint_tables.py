"""Tables of joint probabilities: validation, encoding, entropies."""

from __future__ import annotations

import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from nearfar.checks import check_axes

__all__ = ["Representation", "checked_joint", "coded", "entropy", "row_entropies"]

Representation = Int[Tensor, " inputs"] | Float[Tensor, "inputs codes"]
ROUNDING = 1e-6


def checked_joint(
    joint: Float[Tensor, "inputs signals tasks"],
) -> Float64[Tensor, "inputs signals tasks"]:
    """The table in float64, renormalised to sum to 1.

    Raises:
        ValueError: Not three axes, a negative or NaN probability, a sum other than 1.
        TypeError: Counts instead of probabilities.
    """
    check_axes("inputs × signals × tasks", joint=joint)
    _check_probabilities("joint", joint)
    table = joint.double()
    total = table.sum()
    if abs(float(total) - 1) > ROUNDING:
        raise ValueError(f"`joint` must sum to 1, got {float(total):.6g}")
    return table / total


def coded(
    joint: Float64[Tensor, "inputs signals tasks"], representation: Representation
) -> tuple[Float64[Tensor, "codes signals tasks"], float]:
    """The table with the input replaced by its representation, and H(Z|X).

    Args:
        joint: A validated table.
        representation: The code of each input, or the probability of each code for each input.

    Raises:
        ValueError: Not one code or row for each input, rows that do not sum to 1.
    """
    inputs = len(joint)
    if representation.ndim not in (1, 2) or len(representation) != inputs:
        raise ValueError(
            f"`representation` must have one code or one row of probabilities for each of the"
            f" {inputs} inputs, got shape {tuple(representation.shape)}"
        )
    if representation.ndim == 1:
        if representation.is_floating_point():
            raise ValueError(
                f"`representation` must have integer codes, got {representation.dtype}"
            )
        values, codes = torch.unique(representation, return_inverse=True)
        table = joint.new_zeros(len(values), *joint.shape[1:])
        return table.index_add_(0, codes, joint), 0.0
    _check_probabilities("representation", representation)
    channel = representation.double()
    off = (channel.sum(dim=1) - 1).abs()
    if float(off.max()) > ROUNDING:
        row = int(off.argmax())
        raise ValueError(
            "`representation` must have rows that sum to 1,"
            f" got {float(channel[row].sum()):.6g} in row {row}"
        )
    noise = float(joint.sum(dim=(1, 2)) @ row_entropies(channel))
    return torch.einsum("xst,xz->zst", joint, channel), noise


def entropy(table: Float64[Tensor, "*axes"]) -> float:
    """Entropy of all its entries, in nats."""
    return max(0.0, float(torch.special.entr(table).sum()))


def row_entropies(table: Float64[Tensor, "rows columns"]) -> Float64[Tensor, " rows"]:
    """Entropy of each row, in nats."""
    rows: Tensor = torch.special.entr(table).sum(dim=1)
    return rows


def _check_probabilities(name: str, values: Tensor) -> None:
    bad = ~(values >= 0) | ~values.isfinite()
    if bool(bad.any()):
        where = tuple(int(i) for i in bad.nonzero()[0])
        raise ValueError(
            f"`{name}` must contain probabilities, 0 or above, got {float(values[where]):.6g}"
            f" at {where}"
        )

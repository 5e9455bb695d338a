"""Argument checks: uniform error messages with the argument, what it must be, and its value."""

from __future__ import annotations

from torch import Tensor

from nearfar._plain_checks import (
    check_boolean,
    check_fraction,
    check_integer,
    check_not_negative,
    check_positive,
    require,
)
from nearfar._suggestions import UnknownChoiceError, check_choice, suggest

__all__ = [
    "UnknownChoiceError",
    "check_axes",
    "check_boolean",
    "check_choice",
    "check_finite_rows",
    "check_fraction",
    "check_indices",
    "check_integer",
    "check_matrix",
    "check_not_negative",
    "check_positive",
    "check_same_columns",
    "check_same_shape",
    "check_scores",
    "check_temperature",
    "require",
    "suggest",
]


def check_temperature(temperature: float | Tensor) -> None:
    """Raise unless it is a finite number above 0 or a scalar tensor (of unchecked value)."""
    if not isinstance(temperature, Tensor):
        check_positive(temperature=temperature)
    elif temperature.ndim != 0 or not temperature.is_floating_point():
        raise ValueError(
            f"`temperature` must be a number or a floating-point scalar, got {temperature.dtype}"
            f" of shape {tuple(temperature.shape)}"
        )


def check_indices(count: int, **tensors: Tensor) -> None:
    """Every tensor holds one index for each of `count` samples."""
    for name, tensor in tensors.items():
        if tensor.shape != (count,):
            raise ValueError(f"`{name}` must be {count} indices, got shape {tuple(tensor.shape)}")


def check_axes(axes: str, **tensors: Tensor) -> None:
    """Raise unless every tensor is floating point with axes such as "batch × time × dim"."""
    for name, tensor in tensors.items():
        if tensor.ndim != axes.count("×") + 1 or 0 in tensor.shape:
            raise ValueError(
                f"`{name}` must have the axes {axes}, none empty, got shape {tuple(tensor.shape)}"
            )
        if not tensor.is_floating_point():
            raise TypeError(f"`{name}` must be floating point, got {tensor.dtype}")


def check_matrix(*, min_rows: int = 1, **tensors: Tensor) -> None:
    """Raise unless every tensor is a floating-point matrix with at least `min_rows` rows."""
    for name, tensor in tensors.items():
        if tensor.ndim != 2:
            raise ValueError(
                f"`{name}` must be a matrix (samples × dim), got shape {tuple(tensor.shape)}"
            )
        if not tensor.is_floating_point():
            raise TypeError(f"`{name}` must be floating point, got {tensor.dtype}")
        if tensor.shape[0] < min_rows or tensor.shape[1] < 1:
            raise ValueError(
                f"`{name}` needs at least {min_rows} rows and 1 column,"
                f" got shape {tuple(tensor.shape)}"
            )


def check_finite_rows(**tensors: Tensor) -> None:
    """Raise if a matrix contains NaN or infinity, naming the first such row."""
    for name, tensor in tensors.items():
        bad = (~tensor.isfinite()).any(dim=1)
        if bool(bad.any()):
            rows = bad.nonzero().flatten().tolist()
            more = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
            raise ValueError(
                f"`{name}` must contain only finite numbers,"
                f" got NaN or infinity in row {rows[0]}{more}"
            )


def check_same_shape(**tensors: Tensor) -> None:
    """Raise unless all tensors have the shape of the first."""
    (first, reference), *others = tensors.items()
    for name, tensor in others:
        if tensor.shape != reference.shape:
            raise ValueError(
                f"`{name}` must have the shape of `{first}`, {tuple(reference.shape)},"
                f" got {tuple(tensor.shape)}"
            )


def check_scores(**tensors: Tensor) -> None:
    """Raise unless every tensor is floating point and non-empty."""
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            raise TypeError(f"`{name}` must be floating point, got {tensor.dtype}")
        if tensor.numel() == 0:
            raise ValueError(
                f"`{name}` must contain at least one score, got shape {tuple(tensor.shape)}"
            )


def check_same_columns(**matrices: Tensor) -> None:
    """Raise unless all matrices have as many columns as the first."""
    (first, reference), *others = matrices.items()
    for name, matrix in others:
        if matrix.shape[1] != reference.shape[1]:
            raise ValueError(
                f"`{name}` must have the columns of `{first}`, {reference.shape[1]},"
                f" got {matrix.shape[1]}"
            )

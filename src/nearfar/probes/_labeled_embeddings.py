"""Validation of embeddings and labels, shared by all probes."""

from __future__ import annotations

import torch
from torch import Tensor

from nearfar.checks import check_finite_rows, check_matrix

__all__ = [
    "checked_embeddings",
    "checked_labels",
    "checked_numbers",
    "checked_several_labels",
]


def checked_embeddings(embeddings: Tensor, *, dim: int | None = None) -> Tensor:
    """The matrix, detached and in float32 or wider; `dim` is the dimension of a fitted probe."""
    check_matrix(embeddings=embeddings)
    check_finite_rows(embeddings=embeddings)
    if dim is not None and embeddings.shape[1] != dim:
        raise ValueError(
            f"`embeddings` must have the {dim} columns the probe was fitted on,"
            f" got shape {tuple(embeddings.shape)}"
        )
    wide = embeddings.detach()
    return wide if wide.dtype == torch.float64 else wide.float()


def checked_labels(labels: Tensor, *, samples: int, min_classes: int = 1) -> Tensor:
    """The labels as integers, one per row, with at least `min_classes` classes."""
    if labels.ndim != 1 or labels.shape[0] != samples:
        raise ValueError(
            f"`labels` must have one label for each of the {samples} embeddings,"
            f" got shape {tuple(labels.shape)}"
        )
    if labels.is_floating_point():
        bad = ~(labels.isfinite() & (labels == labels.round()))
    else:
        bad = torch.zeros_like(labels, dtype=torch.bool)
    bad = bad | (labels < 0)
    if bool(bad.any()):
        row = int(bad.nonzero()[0])
        raise ValueError(
            f"`labels` must be integers of 0 or more, got {labels[row].item()} in row {row}"
            " (omit unlabelled rows)"
        )
    classes = torch.unique(labels).numel()
    if classes < min_classes:
        raise ValueError(f"`labels` must contain at least {min_classes} classes, got {classes}")
    return labels.detach().long()


def checked_numbers(targets: Tensor, *, samples: int, differ: bool = False) -> Tensor:
    """Targets of a regression in float32 or wider, one per row; with `differ`, not all equal."""
    if targets.ndim != 1 or targets.shape[0] != samples:
        raise ValueError(
            f"`targets` must have one number for each of the {samples} embeddings,"
            f" got shape {tuple(targets.shape)}"
        )
    wide = targets.detach() if targets.dtype == torch.float64 else targets.detach().float()
    bad = ~wide.isfinite()
    if bool(bad.any()):
        row = int(bad.nonzero()[0])
        raise ValueError(f"`targets` must be finite, got {targets[row].item()} in row {row}")
    if differ and bool((wide == wide[0]).all()):
        raise ValueError(f"`targets` must not all be equal, got {samples} times {wide[0].item()}")
    return wide


def checked_several_labels(labels: Tensor, *, samples: int) -> Tensor:
    """A matrix of 0 and 1, one row per embedding."""
    if labels.ndim != 2 or labels.shape[0] != samples or not labels.shape[1]:
        raise ValueError(
            f"`labels` must have one row for each of the {samples} embeddings and one column per"
            f" label, got shape {tuple(labels.shape)}"
        )
    bad = (labels != 0) & (labels != 1)
    if bool(bad.any()):
        row, column = bad.nonzero()[0].tolist()
        raise ValueError(f"`labels` must be 0 or 1, got {labels[row, column].item()} in row {row}")
    return labels.detach().float()

"""Types of data specifications and splits."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from nearfar.data._source import Source

__all__ = ["PICKLES", "Spec", "Split", "array_of", "refuse_test"]

PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".joblib", ".ckpt")

Split: TypeAlias = Literal["train", "test", "all"]
Spec: TypeAlias = str | Path | NDArray[Any] | Tensor | Dataset[Any] | Source | Any


def array_of(values: NDArray[Any] | Tensor) -> NDArray[Any]:
    """A NumPy array with the values of an array or tensor."""
    if not isinstance(values, Tensor):
        return values
    plain = values.detach().cpu()
    narrow = plain.is_floating_point() and plain.dtype != torch.float64
    array: NDArray[Any] = (plain.float() if narrow else plain).numpy()  # NumPy has no bfloat16
    return array


def refuse_test(split: Split, what: str) -> None:
    """Raise an error if the test set of data without an official split is requested.

    Raises:
        ValueError: `split` is ``test``.
    """
    if split == "test":
        raise ValueError(f"{what} has no official test set: use `split`='train'")

"""The specification of an encoder's inputs."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, TypeVar

from nearfar.records import Record

__all__ = ["Form", "FormT"]


@dataclass(frozen=True, kw_only=True)
class Form(Record):
    """Specification of an encoder's inputs, determined once from data and options.

    Each modality has its own: a frozen dataclass of scalars, strings and tuples, which is saved
    with the encoder (``encoder.json``) and suffices to preprocess new data like the training data.
    Fields that an older file lacks take their defaults.

    Example:
        >>> @dataclass(frozen=True, kw_only=True)
        ... class PointForm(Form):
        ...     points: int
        >>> PointForm.of_values({"points": 64})
        PointForm(points=64)
    """

    def __getitem__(self, name: str) -> Any:  # forms were dictionaries in 0.1
        warnings.warn(
            f"a form has attributes: .{name} instead of [{name!r}]",
            DeprecationWarning,
            stacklevel=2,
        )
        if not hasattr(self, name):
            raise KeyError(name)
        return getattr(self, name)


FormT = TypeVar("FormT", bound=Form)

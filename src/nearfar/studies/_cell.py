"""A cell of a study: what decides one result, and how it is made."""

from __future__ import annotations

import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from nearfar._own_code import code_hash, reference_of
from nearfar._plugins import is_reference, load_reference
from nearfar.records import CellRecord, Provenance

__all__ = ["Cell", "code_of", "plain", "referred"]

_PACKAGE = "nearfar."


class Cell(ABC):
    """A result that a study needs, known by what decides it; computed once for all studies.

    Attributes:
        seed: Random seed.
    """

    seed: int

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of what is trained or computed."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Everything that decides the result except the seed, as JSON types."""

    @property
    def measured(self) -> tuple[str, ...]:
        """What the record of the cell must contain, each with its version."""
        return ()

    @property
    def needs(self) -> tuple[Cell, ...]:
        """Cells that must be there before."""
        return ()

    @property
    def quick(self) -> bool:
        """Whether several such cells may share a process."""
        return False

    @abstractmethod
    def make(self, work: Path, known: CellRecord | None) -> CellRecord:
        """Compute the cell.

        Args:
            work: Directory of the cell's own files, which may have those of an interrupted attempt.
            known: The record so far, if it lacks some of :attr:`measured`.
        """

    @cached_property
    def description(self) -> dict[str, Any]:
        """The result of :meth:`describe`, computed once."""
        return self.describe()

    @cached_property
    def key(self) -> str:
        """Hash of the description: 16 hex digits."""
        text = json.dumps(self.description, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def file(self) -> str:
        """Name of the cell's files, without suffix."""
        return f"{re.sub(r'[^A-Za-z0-9_.]+', '-', self.name).strip('-.')}-{self.seed}-{self.key}"

    @property
    def shown(self) -> str:
        """The cell as text, for progress and errors."""
        return f"{self.name} seed {self.seed}"

    def covered_by(self, record: CellRecord | None) -> bool:
        """Whether a record has everything that is asked for."""
        return record is not None and set(self.measured) <= set(record.measured)

    def failed(self, why: str) -> CellRecord:
        """The record of a failed cell."""
        return CellRecord(
            method=self.name,
            seed=self.seed,
            fingerprint=self.key,
            provenance=Provenance.here(),
            failure=why,
        )


def plain(value: Any) -> Any:
    """A value as JSON types: mappings sorted by key, tuples as lists, other objects as text.

    >>> plain({"b": (1, 2.0), "a": None})
    {'a': None, 'b': [1, 2.0]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return repr(value)


def referred(function: str | Callable[..., Any], *, argument: str) -> str:
    """The reference ``module:name`` of a function.

    Args:
        function: The function or its reference.
        argument: Name of the argument in error messages.

    Raises:
        ValueError: A function that other processes cannot import, or another text.

    >>> referred(plain, argument="function")
    'nearfar.studies._cell:plain'
    """
    if isinstance(function, str):
        if not is_reference(function):
            raise ValueError(f"`{argument}` must be a reference module:function, got {function!r}")
        return function
    found = reference_of(function)
    if not found:
        raise ValueError(
            f"`{argument}` must be a function that a module defines, so that other processes can"
            f" import it, got {function!r}"
        )
    return found


def code_of(reference: str) -> dict[str, str]:
    """Hash of the file of a function outside nearfar: what depends on it is computed again.

    >>> code_of("nearfar.studies._cell:plain")
    {}
    """
    if reference.startswith(_PACKAGE):
        return {}
    code = code_hash(load_reference(reference, argument="function"))
    return {"code": code} if code else {}

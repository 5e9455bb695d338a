"""Cells that compute: exact values, or Monte Carlo estimates."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from nearfar._plain_checks import check_integer
from nearfar._plugins import load_reference
from nearfar.records import CellRecord, Provenance
from nearfar.studies._cell import Cell, code_of, plain, referred

__all__ = ["ComputeCell", "sorted_values"]


@final
@dataclass(frozen=True)
class ComputeCell(Cell):
    """A function and its arguments.

    The function returns a number, or a mapping of names to numbers, texts and, under any name, a
    series of mappings (the readings). If it has a parameter ``seed``, it receives the seed.

    Attributes:
        function: The function, of a module, or a reference ``module:function``.
        arguments: Its keyword arguments: numbers, texts and sequences of them.
        seed: Random seed.
        version: Version of the function; raise it when the function gives other results.

    Example:
        >>> from nearfar.theory import expected_draws
        >>> ComputeCell(expected_draws, {"prior": 10}).function
        'nearfar.theory._draws:expected_draws'
    """

    function: str | Callable[..., Any]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    version: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "function", referred(self.function, argument="function"))
        check_integer(at_least=0, seed=self.seed)
        check_integer(at_least=1, version=self.version)

    @property
    def name(self) -> str:
        """Name of the function."""
        return str(self.function).replace(":", ".").rpartition(".")[2]

    @property
    def shown(self) -> str:
        """The function with its arguments and the seed."""
        given = ", ".join(f"{name} {value}" for name, value in self.arguments.items())
        return f"{self.name} {given} seed {self.seed}"

    @property
    def quick(self) -> bool:
        """Whether several such cells may share a process: yes."""
        return True

    def describe(self) -> dict[str, Any]:
        """Function, arguments, version, and the hash of its code if that is not of nearfar."""
        reference = str(self.function)
        return {
            "sort": "compute",
            "function": reference,
            "arguments": plain(self.arguments),
            "version": self.version,
            **code_of(reference),
        }

    def make(self, work: Path, known: CellRecord | None) -> CellRecord:
        """Call the function."""
        function = load_reference(str(self.function), argument="function")
        arguments = dict(self.arguments)
        if "seed" in inspect.signature(function).parameters:
            arguments.setdefault("seed", self.seed)
        started, clock = time.process_time(), time.perf_counter()
        values, words, readings = sorted_values(function(**arguments), name=self.name)
        spent = {
            "cpu_seconds": time.process_time() - started,
            "seconds": time.perf_counter() - clock,
        }
        return CellRecord(
            method=self.name,
            seed=self.seed,
            fingerprint=self.key,
            provenance=Provenance.here(),
            values=values | spent,
            words=words,
            readings=readings,
            cell=self.description,
        )


def sorted_values(
    returned: Any, *, name: str
) -> tuple[dict[str, float], dict[str, str], tuple[dict[str, Any], ...]]:
    """Numbers, texts and readings among what a function returned.

    Args:
        returned: A number, or a mapping of names to numbers, texts and series of mappings.
        name: Name of the function, and of a single number.

    Raises:
        TypeError: Anything else.

    >>> sorted_values({"a": 1, "b": "yes", "curve": [{"x": 1.0}]}, name="f")
    ({'a': 1.0}, {'b': 'yes'}, ({'x': 1.0},))
    """
    if not isinstance(returned, Mapping):
        returned = {name: returned}
    values: dict[str, float] = {}
    words: dict[str, str] = {}
    readings: list[dict[str, Any]] = []
    for key, value in returned.items():
        if isinstance(value, str):
            words[key] = value
        elif isinstance(value, (list, tuple)) and all(isinstance(row, Mapping) for row in value):
            readings += [{str(k): plain(v) for k, v in row.items()} for row in value]
        else:
            try:
                values[key] = float(value)
            except (TypeError, ValueError):
                raise TypeError(
                    f"{name} must return numbers, texts and series of mappings, got"
                    f" {type(value).__name__} as {key!r}"
                ) from None
    return values, words, tuple(readings)

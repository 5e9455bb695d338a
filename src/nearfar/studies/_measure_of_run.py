"""What is measured of a training: by name, or by a function."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from nearfar._plain_checks import check_integer
from nearfar._suggestions import check_choice
from nearfar.studies._cell import code_of, plain, referred
from nearfar.studies._part_versions import MEASURE_VERSIONS

__all__ = ["Measure", "as_measure"]


@final
@dataclass(frozen=True)
class Measure:
    """A quantity of a run's embeddings.

    The function receives :class:`nearfar.studies.Embeddings` and returns a number, or a mapping of
    names to numbers and texts.

    Attributes:
        function: ``knn``, ``linear``, ``mean_classifier`` (accuracies on representations), the same
            with ``projection_`` before it (on projections), ``health`` (the verdict and all its
            measurements); a function, of a module, or a reference ``module:function``.
        arguments: Keyword arguments of the function.
        version: Version of the function; raise it when the function gives other results.
        at_end: Measure only the trained encoder, also in a cell with checkpoints.

    Example:
        >>> Measure("knn").label
        'knn v1'
    """

    function: str | Callable[..., Any]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1
    at_end: bool = False

    def __post_init__(self) -> None:
        check_integer(at_least=1, version=self.version)
        if isinstance(self.function, str) and ":" not in self.function:
            check_choice(tuple(MEASURE_VERSIONS), measures=self.function)
            object.__setattr__(self, "version", MEASURE_VERSIONS[self.function])
            if self.arguments:
                raise ValueError(f"`arguments` of {self.function} must be empty")
        else:
            object.__setattr__(self, "function", referred(self.function, argument="measures"))

    @property
    def named(self) -> bool:
        """Whether it is one of the named quantities."""
        return str(self.function) in MEASURE_VERSIONS

    @property
    def label(self) -> str:
        """Name, arguments, version and, of code outside nearfar, its hash."""
        name = str(self.function)
        given = json.dumps(plain(self.arguments), sort_keys=True) if self.arguments else ""
        code = "" if self.named else code_of(name).get("code", "")
        return f"{name}{given} v{self.version}{code and ' '}{code}"


def as_measure(given: str | Callable[..., Any] | Measure) -> Measure:
    """A measure, given as such, by name, as a function or as a reference."""
    return given if isinstance(given, Measure) else Measure(given)

"""A theorem's chain of inequalities with the value of every side."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from nearfar.records import Record

__all__ = ["InequalityChain"]

RELATIONS = ("=", "≤", "≥")


@dataclass(frozen=True)
class InequalityChain(Record):
    """The sides of a chain of inequalities, from left to right, and whether it holds.

    Attributes:
        sides: Name of each side, in the paper's notation.
        values: Value of each side.
        relations: ``=``, ``≤`` or ``≥`` between each side and the next.
        assumptions: Each assumption and whether it is met. Where one is not, the chain may fail
            without contradicting the theorem.
        tolerance: Numerical tolerance of each relation.

    Example:
        >>> chain = InequalityChain(("a", "b", "c"), (1.0, 1.0, 0.5), ("=", "≥"))
        >>> chain.holds, str(chain)
        (True, 'a 1.0000 = b 1.0000 ≥ c 0.5000')
    """

    sides: tuple[str, ...]
    values: tuple[float, ...]
    relations: tuple[str, ...]
    assumptions: dict[str, bool] = field(default_factory=dict)
    tolerance: float = 1e-9

    def __post_init__(self) -> None:
        if not len(self.sides) == len(self.values) == len(self.relations) + 1:
            raise ValueError(
                "`relations` must be one fewer than `sides`, with one of `values` per side,"
                f" got {len(self.sides)} sides, {len(self.values)} values and"
                f" {len(self.relations)} relations"
            )
        if unknown := set(self.relations) - set(RELATIONS):
            raise ValueError(
                f"`relations` must be among {' '.join(RELATIONS)}, got {unknown.pop()!r}"
            )

    @property
    def holds(self) -> bool:
        """Whether every relation between neighbours holds."""
        return all(self.holds_at(i) for i in range(len(self.relations)))

    @property
    def applies(self) -> bool:
        """Whether every assumption is met."""
        return all(self.assumptions.values())

    def holds_at(self, position: int) -> bool:
        """Whether the relation between the side at this position and the next holds."""
        left, right = list(pairwise(self.values))[position]
        above, below = left >= right - self.tolerance, left <= right + self.tolerance
        return {"=": above and below, "≥": above, "≤": below}[self.relations[position]]

    def __str__(self) -> str:
        sides = [f"{side} {value:.4f}" for side, value in zip(self.sides, self.values, strict=True)]
        links = [
            f" {relation} {side}" for relation, side in zip(self.relations, sides[1:], strict=True)
        ]
        return sides[0] + "".join(links)

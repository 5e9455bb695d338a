"""What theory says of a setting before, or after, a run."""

from __future__ import annotations

from dataclasses import dataclass

from nearfar.records._record import Record

__all__ = ["AdviceLine", "AdviceRecord", "Curve"]


@dataclass(frozen=True)
class AdviceLine(Record):
    """One statement.

    Attributes:
        about: What it is about, in a word or two.
        says: The statement, its number in it.
        formula: Where the number comes from.
        value: The number.
        matters: Whether it belongs to the few lines that a training prints.
    """

    about: str
    says: str
    formula: str
    value: float
    matters: bool = False


@dataclass(frozen=True)
class Curve(Record):
    """A quantity against the number of candidates.

    Attributes:
        name: Of the quantity.
        candidates: The horizontal axis.
        values: The vertical one; infinity where a bound says nothing.
    """

    name: str
    candidates: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class AdviceRecord(Record):
    """All statements about one setting.

    Attributes:
        setting: The setting in words.
        lines: The statements.
        classes: Latent classes the curves are for, 0 without.
        curves: Upper bounds of the supervised loss, and the loss of a collapsed encoder.
    """

    setting: str
    lines: tuple[AdviceLine, ...]
    classes: int = 0
    curves: tuple[Curve, ...] = ()

"""Theoretical predictions for a setting, before or after a run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from nearfar._deprecation import renamed_members
from nearfar._signs import counted
from nearfar.records._markup import element
from nearfar.records._notebook import chart, shown, table
from nearfar.records._record import Record

__all__ = ["AdviceLine", "AdviceRecord", "Curve"]


@renamed_members(says="statement")
@dataclass(frozen=True)
class AdviceLine(Record):
    """One prediction.

    Attributes:
        about: Subject, in one or two words.
        statement: The prediction as text, including its value.
        formula: Formula of the value.
        value: The value.
        matters: Whether it is among the few lines that training prints.
    """

    about: str
    statement: str
    formula: str
    value: float
    matters: bool = False


@dataclass(frozen=True)
class Curve(Record):
    """A quantity as a function of the number of candidates.

    Attributes:
        name: Name of the quantity.
        candidates: Numbers of candidates, the horizontal axis.
        values: Values of the quantity, the vertical axis; infinity where a bound is vacuous.
    """

    name: str
    candidates: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class AdviceRecord(Record):
    """All predictions for one setting.

    Attributes:
        setting: The setting as text.
        lines: The predictions.
        classes: Number of latent classes assumed by the curves; 0 if there are none.
        curves: Upper bounds of the supervised loss, and the loss of a collapsed encoder.
    """

    setting: str
    lines: tuple[AdviceLine, ...]
    classes: int = 0
    curves: tuple[Curve, ...] = ()

    def __repr__(self) -> str:
        """The setting and the number of predictions."""
        return f"<advice on {self.setting}: {counted(len(self.lines), 'prediction')}>"

    def _repr_html_(self) -> str:
        """For notebooks: the predictions with their formulas, and the bounds."""
        rows = [
            {"about": each.about, "prediction": each.statement, "formula": _code(each.formula)}
            for each in self.lines
        ]
        bounds = [
            (curve.name, [(math.log10(n), v / math.log(10)) for n, v in _points(curve)])
            for curve in self.curves
        ]
        picture = chart("upper bound, power of ten", bounds, across="candidates, power of ten")
        return shown(self.setting, table(rows, left=("prediction", "formula")), picture)


def _code(text: str) -> str:
    return element("code", text)


def _points(curve: Curve) -> Iterator[tuple[int, float]]:
    """The points of a curve of logarithms that can be drawn."""
    for number, value in zip(curve.candidates, curve.values, strict=True):
        if value < _MOST:
            yield number, value


_MOST = math.log(1e30)

"""A change of one setting that can mend a bad verdict, as it is typed."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from nearfar.records._record import Record

__all__ = [
    "Remedy",
    "Table",
    "lowered",
    "raised",
]

Table: TypeAlias = Literal["method", "views", "training"]
_KEYWORDS: Final = {"method": "method_options", "views": "view_options"}


@dataclass(frozen=True, kw_only=True)
class Remedy(Record):
    """A suggested change of one setting of a recipe.

    Methods (:meth:`nearfar.methods.Method.remedies`) and views declare their own, with the values
    of the run at hand; those of the training loop are the same for all methods.

    Attributes:
        option: Name of the setting: a keyword argument of the method's preset, of its views, or of
            :class:`nearfar.training.TrainingOptions`.
        now: Its value in the run.
        to: The suggested value; None if there is nothing to change.
        why: What the change does, as an instruction: "lower the temperature, so that ...".
        against: The verdicts that it can mend.
        table: Table of the recipe that contains the setting.

    Example:
        >>> remedy = Remedy(option="temperature", now=0.5, to=0.25, why="lower the temperature",
        ...                 against=("dimensional collapse",))
        >>> print(remedy)
        lower the temperature: --method.temperature 0.25 (now 0.5)
        >>> remedy.keywords
        {'method_options': {'temperature': 0.25}}
    """

    option: str
    now: Any
    to: Any
    why: str
    against: tuple[str, ...]
    table: Table = "method"

    @property
    def applies(self) -> bool:
        """Whether there is something to change."""
        return self.to is not None and self.to != self.now

    @property
    def flag(self) -> str:
        """The change as a flag of ``nearfar train``, quoted for a shell."""
        word = self.option.replace("_", "-")
        name = f"--{word}" if self.table == "training" else f"--{self.table}.{word}"
        if isinstance(self.to, bool):
            return name if self.to else f"{name}=false"
        values = self.to if isinstance(self.to, (tuple, list)) else (self.to,)
        return " ".join([name, *(shlex.quote(_typed(value)) for value in values)])

    @property
    def keywords(self) -> dict[str, Any]:
        """The change as keyword arguments of :func:`nearfar.pretrain`."""
        change = {self.option: self.to}
        return {_KEYWORDS[self.table]: change} if self.table in _KEYWORDS else change

    def __str__(self) -> str:
        """The instruction, the flag, and the present value."""
        values = self.now if isinstance(self.now, (tuple, list)) else (self.now,)
        return f"{self.why}: {self.flag} (now {' '.join(map(_typed, values))})"


def lowered(now: float, *, by: float, least: float) -> Any:
    """A value divided by `by` but not below `least`; None if it is not above `least`.

    Example:
        >>> lowered(0.5, by=2, least=0.1), lowered(0.1, by=2, least=0.1), lowered(12, by=2, least=1)
        (0.25, None, 6)
    """
    return _rounded(max(now / by, least), whole=isinstance(now, int)) if now > least else None


def raised(now: float, *, by: float, most: float, start: float = 0) -> Any:
    """A value times `by` but not above `most`, `start` instead of 0; None if it is at `most`.

    Example:
        >>> raised(256, by=2, most=4096), raised(8.0, by=2, most=10.0), raised(0.0, by=2, most=9)
        (512, 10.0, None)
        >>> raised(0.0, by=2, most=9.0, start=1.0)
        1.0
    """
    if now >= most:
        return None
    new = min(now * by, most) if now > 0 else start
    return _rounded(new, whole=isinstance(now, int)) if new > now else None


def _rounded(value: float, *, whole: bool) -> float | int:
    return int(value) if whole else float(f"{value:.2g}")


def _typed(value: Any) -> str:
    """A value as it is typed: three digits, no exponent for usual sizes."""
    if isinstance(value, bool) or not isinstance(value, float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return f"{value:.3g}"

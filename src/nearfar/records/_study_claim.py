"""A claim of a study with its verdict, and the figure of a study."""

from __future__ import annotations

from dataclasses import dataclass

from nearfar._signs import minus
from nearfar.records._record import Record

__all__ = ["ClaimRecord", "StudyFigure", "StudySeries"]


@dataclass(frozen=True)
class ClaimRecord(Record):
    """A falsifiable statement about a study's result, and its verdict.

    Attributes:
        text: The claim.
        holds: Whether the measurements support it; None if they are inconclusive.
        evidence: The measurements.
        effect: The measured effect, in `unit`; None if there is none.
        low: Lower end of the interval of the effect.
        high: Upper end.
        confidence: Confidence of that interval; above 0.95 where a page has several claims (Holm).
        unit: Unit of the effect, such as ``points``.
        least: Smallest effect that counts; of an equivalence the largest.
        seeds: Number of seeds with a value.
        seeds_needed: Of an undecided claim, the number of seeds that would decide it with a
            probability of 80 % if the effect is as measured; None if unknown.
        published: The published value, as text.
    """

    text: str
    holds: bool | None = None
    evidence: str = ""
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    unit: str = ""
    least: float | None = None
    seeds: int | None = None
    seeds_needed: int | None = None
    published: str = ""

    @property
    def verdict(self) -> str:
        """``held``, ``not held`` or ``undecided``."""
        return "undecided" if self.holds is None else "held" if self.holds else "not held"

    @property
    def outcome(self) -> str:
        """The verdict, and of an undecided claim the number of seeds that would decide it.

        >>> ClaimRecord("A beats B", seeds=3, seeds_needed=12).outcome
        'undecided: 12 seeds would decide'
        """
        if self.holds is None and self.seeds_needed is not None:
            return f"{self.verdict}: {self.seeds_needed:,} seeds would decide"
        return self.verdict

    @property
    def effect_text(self) -> str:
        """The effect with its interval and unit; empty if there is none.

        >>> ClaimRecord("", effect=2.04, low=-0.5, high=4.6, unit="points").effect_text
        '+2.04 [−0.5, 4.6] points'
        """
        if self.effect is None:
            return ""
        ends = ""
        if self.low is not None and self.high is not None and self.low != self.high:
            ends = f" [{self.low:.3g}, {self.high:.3g}]"
        return minus(f"{self.effect:+.3g}{ends} {self.unit}".strip())


@dataclass(frozen=True)
class StudySeries(Record):
    """A line or a set of points of a figure.

    Attributes:
        name: Name in the legend.
        x: Horizontal positions.
        y: Vertical positions: means over the seeds, where there are several.
        spread: Standard deviations over the seeds; empty if there is one seed.
        labels: Names of the points; empty if they have none.
        low: Lower ends of the intervals, in place of `spread`; empty if there are none.
        high: Upper ends of the intervals.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    spread: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    @property
    def bars(self) -> tuple[tuple[float, float], ...]:
        """Lower and upper end of the bar of each point, which are equal if it has none.

        >>> StudySeries("a", (1.0,), (0.5,), low=(0.25,), high=(0.625,)).bars
        ((0.25, 0.625),)
        """
        if self.low:
            return tuple(zip(self.low, self.high, strict=True))
        spread = self.spread or (0.0,) * len(self.y)
        return tuple((y - half, y + half) for y, half in zip(self.y, spread, strict=True))


@dataclass(frozen=True)
class StudyFigure(Record):
    """A figure of a study, as numbers.

    Attributes:
        kind: ``lines`` or ``points``.
        title: What it shows, in one sentence.
        x_title: Title of the horizontal axis.
        y_title: Title of the vertical axis.
        series: The lines, or the sets of points.
        log_x: Whether the horizontal axis is logarithmic.
        log_y: Whether the vertical axis is.
    """

    kind: str
    title: str
    x_title: str
    y_title: str
    series: tuple[StudySeries, ...]
    log_x: bool = False
    log_y: bool = False

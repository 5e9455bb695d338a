"""Falsifiable claims about a study's record, and their verdicts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal, final

from nearfar._signs import minus
from nearfar.records import ClaimRecord, StudyRecord
from nearfar.studies._effects import Effect
from nearfar.studies._estimates import Estimate

__all__ = ["Claim", "judge"]

_ERROR = 0.05  # of a page: the probability that any of its verdicts is wrong
_LISTED = 4  # estimates of a claim that are listed one by one


@final
@dataclass(frozen=True)
class Claim:
    """A claim, written before it is tested.

    *More* (the default): the effect exceeds `above`, and is at least `least`. It holds if the
    interval of the effect lies above `above`; it does not hold if the interval lies below `least`,
    also if the effect is then positive but smaller than what counts; otherwise it is undecided.

    *Equal*: the effect is within ± `least`. It holds if two one-sided tests reject both larger and
    smaller effects; it does not hold if the interval lies outside.

    *At most*: the effect is at most `least`, as for deviations from exact values.

    Of several estimates, the weakest decides.

    Attributes:
        text: The claim, one sentence.
        effect: The quantity with its comparison.
        least: Smallest effect that counts; of an equivalence the largest. In points for columns in
            percent.
        above: Effect under the null hypothesis, of *more*.
        kind: ``more``, ``equal`` or ``at most``.
        published: The published value, as text.
    """

    text: str
    effect: Effect
    _: KW_ONLY
    least: float
    above: float = 0.0
    kind: Literal["more", "equal", "at most"] = "more"
    published: str = ""

    @classmethod
    def at_most(cls, text: str, effect: Effect, bound: float, **more: Any) -> Claim:
        """A claim that an effect is at most a bound.

        Args:
            text: The claim.
            effect: The effect.
            bound: The bound.
            more: Other attributes.
        """
        return cls(text, effect, least=bound, kind="at most", **more)

    @classmethod
    def equal(cls, text: str, effect: Effect, within: float, **more: Any) -> Claim:
        """A claim of equivalence.

        Args:
            text: The claim.
            effect: The effect, such as a difference.
            within: Largest effect of either sign that does not count.
            more: Other attributes.
        """
        return cls(text, effect, least=within, kind="equal", **more)

    def __post_init__(self) -> None:
        if self.kind == "more" and not self.least >= self.above:
            raise ValueError(f"`least` must be at least `above`, {self.above}, got {self.least}")
        if self.kind == "equal" and not self.least > 0:
            raise ValueError(f"`least` must be above 0 for an equivalence, got {self.least}")


def judge(claims: Iterable[Claim], record: StudyRecord) -> tuple[ClaimRecord, ...]:
    """Verdicts on all claims about rows that the record has.

    The probability that any verdict on the page is wrong is at most 5 % (Holm 1979): claims are
    decided in the order of their p-values, the first of m at 5 % / m, the next at 5 % / (m − 1),
    until one is undecided.
    """
    names = {row.name for row in record.rows}
    tests = [_Test(claim, record) for claim in claims if names.issuperset(claim.effect.rows)]
    order = sorted(tests, key=lambda test: test.p)
    level, undecided = _ERROR, False
    for place, test in enumerate(order):
        if not undecided:
            level = _ERROR / (len(order) - place)
        undecided |= test.p > level
        test.level = level
    return tuple(test.record() for test in tests)


@final
class _Test:
    """A claim with the estimates of its effect."""

    def __init__(self, claim: Claim, record: StudyRecord) -> None:
        self.claim, self.unit = claim, claim.effect.unit(record)
        self.estimates: Sequence[Estimate] = claim.effect.estimates(record)
        self.level = _ERROR

    @property
    def p(self) -> float:
        """The p-value of the better supported verdict; 1 if nothing was measured."""
        return min(self._holds(), self._fails()) if self.estimates else 1.0

    def _holds(self) -> float:
        """p-value of the hypothesis that the claim does not hold."""
        return max(map(self._supports, self.estimates))

    def _fails(self) -> float:
        """p-value of the hypothesis that the claim holds, of any of the estimates (Bonferroni)."""
        return min(1.0, len(self.estimates) * min(map(self._refutes, self.estimates)))

    def _supports(self, one: Estimate) -> float:
        """p-value of the hypothesis that one estimate does not support the claim."""
        claim = self.claim
        if claim.kind == "equal":
            return max(one.exceeds(-claim.least), one.falls_below(claim.least))
        if claim.kind == "at most":
            return _sharp(2 * one.falls_below(claim.least), one, claim)
        return 2 * one.exceeds(claim.above)

    def _refutes(self, one: Estimate) -> float:
        """p-value of the hypothesis that one estimate does not refute the claim."""
        claim = self.claim
        if claim.kind == "equal":
            return 2 * min(one.exceeds(claim.least), one.falls_below(-claim.least))
        if claim.kind == "at most":
            return 2 * one.exceeds(claim.least)
        return 2 * one.falls_below(claim.least)

    @property
    def holds(self) -> bool | None:
        """The verdict at the level that Holm's procedure gives."""
        if not self.estimates:
            return None
        if self._fails() <= self.level:
            return False
        return True if self._holds() <= self.level else None

    def record(self) -> ClaimRecord:
        """The claim with its verdict."""
        claim = self.claim
        if not self.estimates:
            return ClaimRecord(claim.text, None, "not measured", least=float(claim.least))
        weakest = self._weakest
        confidence = 1 - self.level * (2 if claim.kind == "equal" else 1)
        ends = weakest.interval(confidence)
        return ClaimRecord(
            text=claim.text,
            holds=self.holds,
            evidence=self._evidence(confidence),
            effect=weakest.value,
            low=ends[0] if ends else None,
            high=ends[1] if ends else None,
            confidence=confidence,
            unit=self.unit,
            least=float(claim.least),
            seeds=min(one.seeds for one in self.estimates),
            seeds_needed=self._needed() if self.holds is None else None,
            published=claim.published,
        )

    @property
    def _weakest(self) -> Estimate:
        """The estimate that decides: that refutes the claim, else that supports it least."""
        if self.holds is False:
            return min(self.estimates, key=lambda one: (self._refutes(one), -self._distance(one)))
        return max(self.estimates, key=lambda one: (self._supports(one), self._distance(one)))

    def _distance(self, one: Estimate) -> float:
        """How far an estimate is on the side that speaks against the claim."""
        kind = self.claim.kind
        return abs(one.value) if kind == "equal" else one.value if kind == "at most" else -one.value

    def _evidence(self, confidence: float) -> str:
        """What was compared, and of a few estimates each value."""
        several = 1 < len(self.estimates) <= _LISTED
        listed = self.estimates if several else [self._weakest]
        shown = []
        for one in listed:
            ends = one.interval(confidence) if several else None
            interval = f" [{ends[0]:.3g}, {ends[1]:.3g}]" if ends and ends[0] != ends[1] else ""
            value = f" {one.value:+.3g}{interval}" if several else ""
            shown.append(minus(f"{one.label}{value}".strip()))
        if len(self.estimates) > _LISTED:
            shown = [f"the weakest of {len(self.estimates)}: {shown[0]}"]
        counts = {
            "more": f"counts from {self.claim.least:g}",
            "equal": f"equal within ± {self.claim.least:g}",
            "at most": f"at most {self.claim.least:g}",
        }
        ending = minus(counts[self.claim.kind])
        return "; ".join(filter(None, [*shown, f"{ending} {self.unit}".strip()]))

    def _needed(self) -> int | None:
        """Seeds that would decide the claim if the effects are as measured."""
        claim = self.claim
        supporting, refuting = [], []
        for one in self.estimates:
            if claim.kind == "equal":
                inside = claim.least - abs(one.value)
                supporting.append(one.needed(inside, confidence=1 - 2 * self.level))
                refuting.append(one.needed(-inside, confidence=1 - self.level))
                continue
            distances = one.value - claim.above, claim.least - one.value
            if claim.kind == "at most":
                distances = claim.least - one.value, one.value - claim.least
            supporting.append(one.needed(distances[0], confidence=1 - self.level))
            refuting.append(one.needed(distances[1], confidence=1 - self.level))
        found = [count for count in refuting if count is not None]
        if all(count is not None for count in supporting):
            found.append(max(count for count in supporting if count is not None))
        more = [count for count in found if count > min(one.seeds for one in self.estimates)]
        return min(more, default=min(found, default=None))


def _sharp(p: float, one: Estimate, claim: Claim) -> float:
    """An exact value that equals the bound is at most the bound."""
    return 0.0 if one.value == claim.least and not math.isnan(p) and _exact(one) else p


def _exact(one: Estimate) -> bool:
    ends = one.interval(0.5)
    return ends is not None and ends[0] == ends[1]

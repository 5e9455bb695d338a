"""The order of several runs by a reading of held-out samples, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from nearfar.records._record import Record

__all__ = ["RankedRun", "RankingRecord"]


@dataclass(frozen=True)
class RankedRun(Record):
    """A run, or runs that differ in the seed alone, with its place.

    Attributes:
        name: Name of the run, or of the setting.
        place: Place from 1; indistinguishable runs share it.
        order: Probability that the other view of a held-out sample is nearer than that of another
            sample, by representations; the mean over seeds.
        low: Lower end of its 95 % interval.
        high: Upper end.
        verdict: The verdict; of several seeds the gravest.
        alarm: Whether that is an alarm, so that the run is below all sound ones.
        seeds: Number of runs.
    """

    name: str
    place: int
    order: float
    low: float
    high: float
    verdict: str
    alarm: bool = False
    seeds: int = 1


@dataclass(frozen=True)
class RankingRecord(Record):
    """The ranking of runs, or the reason why they are not ranked.

    Attributes:
        runs: The runs, best first; empty if they are not ranked.
        refused: Why they are not ranked; empty if they are.
        needed: What would make a ranking possible.
        probability: Probability that the first run is better than the second, from paired
            subsamples of the held-out samples, or from seeds.
        samples: Number of held-out samples.
        notes: What the ranking does not cover.

    Example:
        >>> RankingRecord(refused="a and b are of different data").sentence
        'not ranked: a and b are of different data'
    """

    runs: tuple[RankedRun, ...] = ()
    refused: str = ""
    needed: str = ""
    probability: float | None = None
    samples: int = 0
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The result in one sentence."""
        if self.refused:
            return f"not ranked: {self.refused}" + (f"; {self.needed}" if self.needed else "")
        first, *others = self.runs
        found = f"order of retrieval {first.order:.3f} [{first.low:.3f}, {first.high:.3f}]"
        if not others or self.probability is None:
            return f"{first.name}: {found}"
        sure = f"better than {others[0].name} with probability {self.probability:.2f}"
        tied = [run.name for run in self.runs if run.place == 1]
        about = "all runs have alarms; " if first.alarm else ""
        if others[0].alarm and not first.alarm:
            return f"{first.name} is the best ({found}): {others[0].name} has an alarm"
        if len(tied) > 1:
            apart = f"{' and '.join(tied)} are indistinguishable"
            return f"{about}{apart} ({found}; {first.name} {sure})"
        return f"{about}{first.name} is the best ({found}), {sure}"

"""Tables of the calibration: what is found, what each verdict is worth, how sure it is."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from nearfar._verdict_names import NOT_YET, VERDICTS, is_good
from nearfar.records import CalibrationRun
from nearfar.studies._health_correlations import COMPARISONS, SHOWN, correlations
from nearfar.studies._health_judgments import JudgedRun, Share, share

__all__ = [
    "Bin",
    "brier",
    "correlation_table",
    "detection_table",
    "markdown_table",
    "misses_table",
    "outcome_table",
    "reliability",
    "reliability_table",
    "verdict_table",
]

_EDGES: Final = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
_ALL: Final = "all"
_RANKS: Final = ("spearman", "kendall")
_MEASURED: Final = {"knn": "kNN", "linear": "linear", "mean_classifier": "mean classifier"}


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""A table in Markdown.

    >>> print(markdown_table(("a", "|b|"), [(1, 2)]))
    | a | \|b\| |
    |---|---|
    | 1 | 2 |
    """
    cells = [[str(cell).replace("|", r"\|") for cell in line] for line in (header, *rows)]
    text = ["| " + " | ".join(line) + " |" for line in cells]
    return "\n".join([text[0], "|" + "---|" * len(header), *text[1:]])


def outcome_table(runs: Sequence[CalibrationRun]) -> str:
    """Number of runs of each outcome, per source and by what their settings were meant to give.

    Args:
        runs: The runs.
    """
    words = ("sound", "broken", "mixed")
    rows = []
    for source in dict.fromkeys(run.source for run in runs):
        of = [run for run in runs if run.source == source]
        counts = [
            " / ".join(str(sum(r.intended == i and r.outcome == w for r in of)) for w in words)
            for i in ("sound", "broken")
        ]
        rows.append((source, of[0].kind, len(of), *counts))
    return markdown_table(
        ("source", "kind", "runs", "meant to be sound: S / B / M", "broken on purpose: S / B / M"),
        rows,
    )


def detection_table(judged: Sequence[JudgedRun]) -> str:
    """Broken runs found and false alarms, per kind of data.

    Args:
        judged: Judged runs.
    """
    kinds = [*dict.fromkeys(each.run.kind for each in judged), _ALL]
    rows = []
    for kind in kinds:
        of = [each for each in judged if kind in (each.run.kind, _ALL)]
        broken, sound = (
            [e for e in of if e.run.outcome == outcome] for outcome in ("broken", "sound")
        )
        rows.append(
            (
                kind,
                share(e.alarm for e in broken),
                share(e.alarm and not e.early for e in broken),
                share(e.alarm for e in sound),
                share(e.alarm and not e.early for e in sound),
                share(e.run.outcome == "broken" for e in (*broken, *sound) if e.alarm),
                sum(e.run.outcome == "mixed" for e in of),
            )
        )
    header = (
        "kind",
        "broken: any alarm",
        f"more than `{NOT_YET}`",
        "sound: any alarm",
        f"more than `{NOT_YET}`",
        "any alarm: broken",
        "mixed",
    )
    return markdown_table(header, rows)


def verdict_table(judged: Sequence[JudgedRun]) -> str:
    """For each verdict how often the run is what it says, overall and per kind, and its recall.

    Args:
        judged: Judged runs.
    """
    kinds = list(dict.fromkeys(each.run.kind for each in judged))
    rows = []
    for verdict in VERDICTS:
        with_it = [each for each in judged if verdict in each.verdicts]
        if not with_it:
            continue
        claims = "sound" if is_good(verdict) else "broken"
        decided = [each for each in with_it if each.run.outcome != "mixed"]
        of = [each for each in judged if each.run.outcome == claims]
        rows.append(
            (
                verdict,
                claims,
                share(each.run.outcome == claims for each in decided),
                share(verdict in each.verdicts for each in of),
                *(_right(decided, claims, kind) for kind in kinds),
                sum(each.run.outcome == "mixed" for each in with_it),
            )
        )
    header = ("verdict", "the run is", "precision", "recall", *kinds, "mixed")
    return markdown_table(header, rows)


def _right(decided: Sequence[JudgedRun], claims: str, kind: str) -> str:
    """How many of the runs of a kind are what a verdict says."""
    of = [each.run.outcome == claims for each in decided if each.run.kind == kind]
    return f"{sum(of)} of {len(of)}" if of else "–"


class Bin(NamedTuple):
    """Runs whose probability to be sound is about the same.

    Attributes:
        low: Smallest probability.
        high: Largest probability.
        mean: Mean probability.
        sound: How many of the decided runs are sound.
    """

    low: float
    high: float
    mean: float
    sound: Share


def reliability(judged: Sequence[JudgedRun]) -> list[Bin]:
    """Predicted probabilities against shares of sound runs; mixed runs are left out.

    Args:
        judged: Judged runs.
    """
    known = [
        (each.probability, each.run.outcome == "sound")
        for each in judged
        if each.probability is not None and each.run.outcome != "mixed"
    ]
    found = []
    for low, high in pairwise(_EDGES):
        some = [pair for pair in known if low <= pair[0] < high or pair[0] == high == 1.0]
        if some:
            mean = statistics.fmean(p for p, _ in some)
            found.append(Bin(low, high, mean, share(sound for _, sound in some)))
    return found


def reliability_table(judged: Sequence[JudgedRun]) -> str:
    """The bins of :func:`reliability`, as a table.

    Args:
        judged: Judged runs.
    """
    rows = [(f"{b.low:g} to {b.high:g}", f"{b.mean:.2f}", b.sound) for b in reliability(judged)]
    return markdown_table(("P(sound)", "mean", "sound"), rows)


def brier(judged: Sequence[JudgedRun]) -> tuple[float, float] | None:
    """Mean squared error of the probability, and that of the share of sound runs for all.

    Args:
        judged: Judged runs.
    """
    known = [
        (each.probability, float(each.run.outcome == "sound"))
        for each in judged
        if each.probability is not None and each.run.outcome != "mixed"
    ]
    if not known:
        return None
    base = statistics.fmean(y for _, y in known)
    return statistics.fmean((p - y) ** 2 for p, y in known), base * (1 - base)


def misses_table(judged: Sequence[JudgedRun]) -> str:
    """Broken runs without an alarm, and sound ones with one other than ``not yet``, per condition.

    Args:
        judged: Judged runs.
    """
    rows = []
    for condition in dict.fromkeys(each.run.condition for each in judged):
        of = [each for each in judged if each.run.condition == condition]
        missed = [e for e in of if e.run.outcome == "broken" and not e.alarm]
        false = [e for e in of if e.run.outcome == "sound" and e.alarm and not e.early]
        if missed or false:
            rows.append((condition, len(of), _named(missed, _which), _named(false, _with_verdict)))
    rows.sort(key=lambda row: row[0])
    return markdown_table(("condition", "runs", "broken, not found", "sound, with an alarm"), rows)


def _named(some: Sequence[JudgedRun], shown: Callable[[JudgedRun], str]) -> str:
    return "; ".join(shown(each) for each in some) or "–"


def _which(each: JudgedRun) -> str:
    return f"{each.run.source} {each.run.method}"


def _with_verdict(each: JudgedRun) -> str:
    return f"{_which(each)}: {each.verdicts[0]}"


def correlation_table(runs: Sequence[CalibrationRun], comparison: str, *, rank: str) -> str:
    """Rank correlations of measurements with accuracies; those whose interval leaves out 0 in bold.

    Args:
        runs: The runs.
        comparison: One of the comparisons.
        rank: ``spearman`` or ``kendall``.
    """
    if comparison not in COMPARISONS or rank not in _RANKS:
        raise ValueError(f"`comparison` and `rank` must be known, got {comparison!r}, {rank!r}")
    rows = []
    for name in SHOWN:
        found = [correlations(runs, comparison, name, probe, rank=rank) for probe in _MEASURED]
        if any(found):
            words = [("–" if c is None else f"**{c}**" if c.trusted else str(c)) for c in found]
            groups = max(c.groups for c in found if c is not None)
            rows.append((f"`{name}`", *words, groups))
    return markdown_table(("measurement", *_MEASURED.values(), "groups"), rows)

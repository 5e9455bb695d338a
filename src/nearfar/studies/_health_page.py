"""The page of the calibration, from the records of its runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nearfar._verdict_names import NOT_YET
from nearfar.diagnostics import Calibration, Thresholds, fit
from nearfar.records import CalibrationRun, CalibrationRuns, StudyFigure, StudySeries, write_text
from nearfar.reports import render_study_lines
from nearfar.studies import _health_tables as tables
from nearfar.studies._health_correlations import COMPARISONS
from nearfar.studies._health_gains import caught_at, gain_table
from nearfar.studies._health_judgments import JudgedRun, judged_by, out_of_source, share

__all__ = ["calibrated", "render_health_page", "write_health_pages"]

_FIGURE: Final = "health.svg"
_DEFINITIONS: Final = (
    "A run is **sound** if both a kNN and a linear probe are better on its representations than on"
    " those of the untrained encoder with the same initial weights, **broken** if neither is, and"
    " **mixed** otherwise. Better means that the lower end of the 95 % interval of the difference"
    " over paired test samples is above 0. Mixed runs are counted apart; no run was moved after its"
    " verdict was known. A broken run may only be too short, or of data on which training gains"
    " nothing; a run whose settings were meant to break it, and did not, is not broken.",
    "Verdicts and probabilities are *out of source*: thresholds and probability were fitted again"
    " on all other sources (`nearfar.diagnostics.fit`) before a source was judged. Intervals are"
    " Wilson's, at 95 %. The rules themselves were written before these runs, but for two: that"
    " training has changed nothing if nearly all nearest neighbours are those of before it"
    " (`unmoved`), and that low-level statistics that find the other view name the sample"
    " (`telling`). The candidates for thresholds and the readings of the probability were chosen"
    " when a part of the runs was known, so that these figures are a little better than those on"
    " runs that nobody has seen."
    f" `{NOT_YET}` says neither sound nor broken and is shown apart.",
)


def calibrated(records: CalibrationRuns) -> Calibration:
    """The calibration of all runs.

    Args:
        records: The runs.
    """
    return fit(records.runs, made_with=records.made_with)


def write_health_pages(records: CalibrationRuns, folder: Path) -> list[Path]:
    """Write ``health-runs.json.gz`` and, if any source can be left out, ``health.md``; their paths.

    Args:
        records: The runs.
        folder: Where the files go.
    """
    runs, page = folder / "health-runs.json.gz", folder / "health.md"
    records.save_compressed(runs)
    if not _enough(records.runs):
        return [runs]
    judged = out_of_source(records.runs)
    write_text(folder / _FIGURE, render_study_lines(_figure(judged)))
    write_text(page, render_health_page(records, judged))
    return [page, runs]


def _enough(runs: Sequence[CalibrationRun]) -> bool:
    """Whether sound and broken runs are left without any one source."""
    sources = {run.source for run in runs}
    left = [{r.outcome for r in runs if r.source != source} for source in sources]
    return len(sources) > 1 and all(outcomes >= {"sound", "broken"} for outcomes in left)


def render_health_page(records: CalibrationRuns, judged: Sequence[JudgedRun]) -> str:
    """The page as Markdown.

    Args:
        records: The runs.
        judged: The runs as judged out of source.
    """
    runs, calibration = records.runs, calibrated(records)
    parts = [
        "# Calibration of the verdict",
        "Does the label-free verdict distinguish sound runs from broken ones, and how sure is it?"
        " This page is written by `nearfar study health --budget hours`; it is not edited by hand.",
        f"{len(runs)} of {records.planned} runs are in"
        + (f", {len(records.failures)} failed" if records.failures else "")
        + ".",
        *_DEFINITIONS,
        _goal(judged),
        "## Runs",
        "S / B / M: sound, broken, mixed, as the probes say.",
        tables.outcome_table(runs),
        "## What is found",
        tables.detection_table(judged),
        "The same with the thresholds of the constructed worlds, which these runs did not set:",
        tables.detection_table(judged_by(_before(calibration), runs)),
        "## What each verdict is worth",
        "Precision: of the sound and broken runs with this verdict, alone or among others, those"
        " that are what it says, overall and per kind. Recall: of the runs that are so, those with"
        " this verdict.",
        tables.verdict_table(judged),
        "## How sure it is",
        _sureness(judged),
        f"![Share of sound runs against the predicted probability]({_FIGURE})",
        tables.reliability_table(judged),
        "## Where it misses",
        "By the gain in accuracy over the untrained encoder. A gain that a few hundred test"
        " samples barely show is as hard to see without labels:",
        gain_table(judged, "sound"),
        gain_table(judged, "broken"),
        _reach(judged),
        "By condition:",
        tables.misses_table(judged),
        *_correlations(runs),
        "## What ships",
        _shipped(calibration),
        *_failed(records),
    ]
    return "\n\n".join(parts) + "\n"


def _goal(judged: Sequence[JudgedRun]) -> str:
    """What was aimed at, and what was measured."""
    found = share(each.alarm for each in judged if each.run.outcome == "broken")
    false = share(each.alarm for each in judged if each.run.outcome == "sound")
    met = found.hits >= 0.95 * found.total and found.low >= 0.9
    quiet = false.hits <= 0.05 * false.total
    words = {True: "met", False: "missed"}
    return (
        f"Goal: at least 95 % of broken runs found, with a lower end of at least 90 %: {found},"
        f" **{words[met]}**. At most 5 % false alarms: {false}, **{words[quiet]}**."
    )


def _before(calibration: Calibration) -> Calibration:
    """The calibration with the thresholds of the constructed worlds."""
    values = {name: getattr(calibration, name) for name in calibration.__dataclass_fields__}
    return Calibration(**values | {"thresholds": Thresholds()})


def _sureness(judged: Sequence[JudgedRun]) -> str:
    found = tables.brier(judged)
    if found is None:
        return "No run has all readings."
    known = sum(each.probability is not None for each in judged)
    return (
        f"{known} of {len(judged)} runs have all readings that the probability needs. Its mean"
        f" squared error on the sound and broken ones is {found[0]:.3f}, that of always saying the"
        f" overall share {found[1]:.3f}. The probability is that among sound and broken runs in the"
        " mixture of this study, in which about half of the settings are broken on purpose."
    )


def _reach(judged: Sequence[JudgedRun]) -> str:
    """What the probability alone would find, were the goal's false alarms allowed."""
    return (
        "With an alarm wherever the probability is below a threshold, chosen afterwards so that at"
        f" most 5 % of the sound runs have one, {caught_at(judged, false_alarms=0.05)} of the"
        " broken runs are found."
    )


def _figure(judged: Sequence[JudgedRun]) -> StudyFigure:
    bins = tables.reliability(judged)
    reached = StudySeries(
        name="runs",
        x=tuple(b.mean for b in bins),
        y=tuple(b.sound.hits / b.sound.total for b in bins),
        low=tuple(b.sound.low for b in bins),
        high=tuple(b.sound.high for b in bins),
    )
    return StudyFigure(
        kind="lines",
        title="Share of sound runs against the predicted probability",
        x_title="predicted probability",
        y_title="share of sound runs",
        series=(reached, StudySeries(name="as predicted", x=(0.0, 1.0), y=(0.0, 1.0))),
    )


def _correlations(runs: Sequence[CalibrationRun]) -> list[str]:
    parts = [
        "## Which number goes with accuracy",
        "Rank correlations of each measurement with the accuracy of each probe, averaged over"
        " groups, with 95 % intervals of the mean by Student's t over groups; in bold where the"
        " interval leaves out 0, as one in twenty does by chance. Groups in which one of the two"
        " does not vary are left out.",
    ]
    for comparison, words in COMPARISONS.items():
        parts.append(f"### {comparison.capitalize()}: {words}")
        for rank, name in (("spearman", "Spearman"), ("kendall", "Kendall")):
            parts.append(f"{name}:")
            parts.append(tables.correlation_table(runs, comparison, rank=rank))
    return parts


def _shipped(calibration: Calibration) -> str:
    usual = Thresholds()
    rows = [
        (name.replace("_", " "), f"{getattr(usual, name):g}", f"{value:g}")
        for name, value in vars(calibration.thresholds).items()
    ]
    weights = [(name, f"{w:+.2f}".replace("-", "−")) for name, w in calibration.weights.items()]
    return "\n\n".join(
        [
            tables.markdown_table(("threshold", "of the worlds", "fitted on all runs"), rows),
            "Weights of the readings, each in units of its standard deviation:",
            tables.markdown_table(("reading", "weight"), weights),
        ]
    )


def _failed(records: CalibrationRuns) -> list[str]:
    if not records.failures:
        return []
    return ["## Failed", "\n".join(f"* {line}" for line in records.failures)]

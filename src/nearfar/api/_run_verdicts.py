"""The verdict on a file of embeddings, joined with that on the run it remembers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from nearfar._signs import counted
from nearfar._verdict_names import VERDICTS, is_good
from nearfar.api._origin import Origin, is_run_of
from nearfar.api._run_files import RunFiles
from nearfar.records import Finding, HealthRecord

__all__ = ["joined_with_run"]

_FAULTS = (ImportError, OSError, TypeError, ValueError)


@dataclass(frozen=True)
class _Known:
    """The run of a file, and its verdicts as far as they can be found.

    Attributes:
        shown: The run, for messages.
        verdicts: Its verdicts, gravest first; empty if they are not known.
        health: Its verdict with evidence, if the run is there.
        why: Why the run's own record was not read.
    """

    shown: str
    verdicts: tuple[str, ...]
    health: HealthRecord | None = None
    why: str = ""


def joined_with_run(
    verdict: HealthRecord, origin: Origin | None, *, folder: Path | None = None
) -> HealthRecord:
    """A verdict on embeddings together with that on their run.

    An alarm of the run holds for its embeddings too: they look sound if what a user keeps of a
    sample was never wrong, or cannot be seen in one view. A good verdict on the run is a note.

    Args:
        verdict: The verdict on the embeddings alone.
        origin: The run that they are of, if that is known.
        folder: Folder of the file, from which a run is found that was moved with it.
    """
    if origin is None:
        return verdict
    if origin.checkpoint:
        said = f"of {origin.run} after update {origin.checkpoint}: its verdict is of a later state"
        return _noted(verdict, said)
    known = _known(origin, folder)
    if not known.verdicts:
        return _noted(verdict, f"the verdict on {known.shown} is not known: {known.why}")
    alarms = tuple(name for name in known.verdicts if not is_good(name))
    new = tuple(name for name in alarms if name not in verdict.verdicts)
    if not new:
        same = known.verdicts[0] == verdict.verdict
        return _noted(_advised(verdict, known) if same else verdict, _comparison(verdict, known))
    found = [name for name in verdict.verdicts if not is_good(name)]
    together = tuple(sorted({*found, *alarms}, key=_gravity))
    gravest = replace(verdict, verdict=together[0], verdicts=together)
    if together[0] in found:
        others = " and ".join(new)
        summary = f"{verdict.summary}; the verdict on {known.shown} is also {others}"
        return _with_evidence(replace(gravest, summary=summary), known, new)
    alone = verdict.summary.partition(": ")
    summary = f"{together[0]}: the verdict on {known.shown}{_evidence(known)}"
    summary += f"; of these embeddings alone: {alone[0]} ({alone[2]})"
    confidence = None if known.health is None else known.health.confidence
    stability = None if known.health is None else known.health.stability
    gravest = replace(gravest, summary=summary, confidence=confidence, stability=stability)
    gravest = _advised(gravest, known)
    return _with_evidence(gravest, known, new)


def _advised(verdict: HealthRecord, known: _Known) -> HealthRecord:
    """The verdict with the advice on the run, which names its settings."""
    if known.health is None:
        return verdict
    return replace(verdict, advice=known.health.advice, remedies=known.health.remedies)


def _known(origin: Origin, folder: Path | None) -> _Known:
    """The verdict on the run as it is now, else as it was when the file was written."""
    places = [Path(origin.run)]
    if folder is not None and origin.near:
        places.append(folder / origin.near)
    path = next((place for place in places if is_run_of(place, origin)), None)
    if path is None:
        shown = f"the run {origin.run}"
        return _Known(shown, origin.verdicts, why="it is no longer there")
    shown = f"the run {path}"
    try:
        health = RunFiles(path).health
    except _FAULTS as error:
        return _Known(shown, origin.verdicts, why=str(error))
    return _Known(shown, health.verdicts or (health.verdict,), health)


def _gravity(verdict: str) -> int:
    """Place among the verdicts; one of another version comes first."""
    return VERDICTS.index(verdict) if verdict in VERDICTS else -1


def _evidence(known: _Known) -> str:
    """Where a verdict comes from, and the evidence for it."""
    health = known.health
    if health is None:
        return f", when the file was written ({known.why})"
    return f", of {_measured(health)}: {health.summary.partition(': ')[2]}"


def _measured(health: HealthRecord) -> str:
    views = "two views" if "alignment" in health.measurements else "one view"
    return f"{views} of {counted(health.samples, 'held-out sample')}"


def _comparison(verdict: HealthRecord, known: _Known) -> str:
    """A note with a verdict on the run that adds nothing to that on the embeddings."""
    of_run = known.verdicts[0]
    where = f"when the file was written: {known.why}"
    if known.health is not None:
        where = f"of {_measured(known.health)}"
    note = f"the verdict on {known.shown} is {of_run} ({where})"
    if "alignment" in verdict.measurements:
        return note
    return f"{note}; one view, as here, cannot show agreement: nearfar embed --two-views"


def _noted(verdict: HealthRecord, note: str) -> HealthRecord:
    return replace(verdict, notes=(note, *verdict.notes))


def _with_evidence(verdict: HealthRecord, known: _Known, new: tuple[str, ...]) -> HealthRecord:
    """The verdict with those findings of the run that are not healthy."""
    note = f"the verdict on {known.shown} counts here: {', '.join(new)}"
    if known.health is None:
        return _noted(verdict, note)
    evidence = tuple(
        _of_run(finding) for finding in known.health.findings if finding.healthy is False
    )
    return _noted(replace(verdict, findings=(*evidence, *verdict.findings)), note)


def _of_run(finding: Finding) -> Finding:
    """A finding of the run under a name that says so."""
    return replace(finding, name=f"run_{finding.name}", reading=f"of the run: {finding.reading}")

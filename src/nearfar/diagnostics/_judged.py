"""The verdict on measurements: the rules, the evidence in words, what was not judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from nearfar._verdict_names import (
    COMPLETE,
    DEAD,
    DIMENSIONAL,
    DUPLICATES,
    FEW_POINTS,
    LOST_REPRESENTATION,
    LOW_DIMENSION,
    NO_BETTER,
    NOT_FOUND,
    NOT_YET,
    NOTHING,
    OVER_TRAINED,
    SHARED_SMALL,
    SHORTCUT,
    TOO_STRONG,
    is_good,
)
from nearfar.diagnostics._confidence import confidence_of
from nearfar.diagnostics._findings import CROWDED, findings, number
from nearfar.diagnostics._remedies import advise_on, against
from nearfar.diagnostics._rules import at_chance, enough, named_by, one_point, verdicts
from nearfar.records import Finding, HealthRecord, Remedy

__all__ = ["LEAST_JUDGED", "judged"]

_FEW = 32
LEAST_JUDGED: Final = 20
"""Samples from which collapse and uniformity are judged."""
_UNJUDGED = {  # what too few rows cannot show, and why
    "effective_rank": "the rank is at most the number of samples less one",
    "spherical_rank": "the rank is at most the number of samples less one",
    "representation_spherical_rank": "the rank is at most the number of samples less one",
    "m_o": "the mean of few random directions is far from zero",
    "m_r": "the mean of few random directions is far from zero",
    "uniformity": "few points cannot cover a sphere",
    "feature_std": "the deviation of few numbers is uncertain",
}
_AGREEMENT = ("alignment", "relative_alignment")
_SHORTCUTS = "shortcuts: embeddings do not show by what a sample is recognised"
_NAMED = "shortcuts: the inputs of this kind of data find the other view by themselves"
_START = "gain over the untrained encoder: its embeddings were not given"
_STRUCTURE = "structure: random numbers for each sample, the same in both views, read the same"
_ONE_VIEW = "agreement of views: only one view was given"


def judged(
    measured: Mapping[str, float],
    *,
    samples: int,
    dim: int,
    positives: bool = True,
    remedies: Sequence[Remedy] | None = None,
    modality: str | None = None,
) -> HealthRecord:
    """The verdict on measurements, with its evidence and what to try.

    Args:
        measured: Measurements by name, as of :func:`nearfar.diagnostics.health`; without
            ``alignment``, there was only one view.
        samples: Number of rows measured.
        dim: Number of columns.
        positives: Whether views of a sample are trained to agree.
        remedies: Possible changes of the settings of the run.
        modality: Kind of data; without it there is no confidence.
    """
    evidence = findings(measured, samples=samples, dim=dim)
    if not positives:
        evidence = tuple(replace(f, healthy=None) if f.name in _AGREEMENT else f for f in evidence)
    if samples < LEAST_JUDGED and not one_point(measured):
        evidence = tuple(_without_judgement(finding, samples) for finding in evidence)
    found = verdicts(measured, positives=positives)
    verdict = found[0]
    confidence, unsure = confidence_of(
        verdict, measured, samples=samples, positives=positives, modality=modality
    )
    return HealthRecord(
        verdict=verdict,
        summary=f"{verdict}: {_summary(found, measured, evidence, samples, positives)}",
        findings=evidence,
        advice=_advice(verdict, samples, remedies),
        remedies=against(verdict, remedies or ()) if _judged(verdict, samples) else (),
        measurements=dict(measured),
        samples=samples,
        dim=dim,
        verdicts=found,
        confidence=confidence,
        not_judged=(*_not_judged(measured), *unsure),
    )


def _not_judged(measured: Mapping[str, float]) -> tuple[str, ...]:
    """What could not be judged, each with the reason."""
    inputs: tuple[str, ...] = ()
    if not ("statistics_order" in measured and enough(measured)):
        inputs = (_SHORTCUTS,) if "raw_order" not in measured else ()
        inputs = (_NAMED,) if measured.get("recognizable") else inputs
    return (
        *((_ONE_VIEW,) if "alignment" not in measured else ()),
        *((_START,) if "rank_gain" not in measured else ()),
        _STRUCTURE,
        *inputs,
    )


def _judged(verdict: str, samples: int) -> bool:
    """Whether there are enough samples for advice."""
    return is_good(verdict) or samples >= LEAST_JUDGED


def _advice(verdict: str, samples: int, remedies: Sequence[Remedy] | None) -> tuple[str, ...]:
    if _judged(verdict, samples):
        return advise_on(verdict, remedies)
    return (f"measure more samples: at least {LEAST_JUDGED}, which a run on 200 samples holds out",)


def _without_judgement(finding: Finding, samples: int) -> Finding:
    """The finding of a measurement that so few samples cannot decide, with the reason."""
    why = _UNJUDGED.get(finding.name)
    if why is None:
        return finding
    return replace(finding, reading=f"cannot be judged from {samples} samples: {why}", healthy=None)


def _summary(
    found: tuple[str, ...],
    measured: Mapping[str, float],
    evidence: tuple[Finding, ...],
    samples: int,
    positives: bool,
) -> str:
    verdict, *others = found
    if samples < LEAST_JUDGED and not one_point(measured):
        return _summary_of_few(verdict, measured, evidence, samples, positives)
    reading = {finding.name: finding.reading for finding in evidence}
    value = {name: number(measurement) for name, measurement in measured.items()}
    pairs = []
    if "alignment" in measured:
        distances = f"alignment {value['alignment']}, other samples {value['random_distance']}"
        pairs = [f"{reading['alignment']} ({distances})"]
    parts = _evidence_of(verdict, measured, reading, value, pairs)
    caveats = [f"also {' and '.join(others)}"] if others else []
    if not pairs:
        caveats.append("agreement of views was not judged, as there is only one view")
    elif not positives:
        caveats.append("agreement of views was not judged, as the method does not train for it")
    if samples < _FEW:
        caveats.append(f"only {samples} samples, so the verdict is uncertain")
    return "; ".join([", ".join(parts), *caveats])


def _evidence_of(
    verdict: str,
    measured: Mapping[str, float],
    reading: Mapping[str, str],
    value: Mapping[str, str],
    pairs: list[str],
) -> list[str]:
    """The readings that a verdict rests on."""
    rank = f"rank {number(measured['spherical_rank'], 0)}"
    rank += f", isotropic {number(measured['isotropic_rank'], 0)}"
    if verdict == COMPLETE:
        point = f"m_o {number(measured['m_o'], 3)}, m_r {number(measured['m_r'], 3)}"
        return [f"{reading['m_o']} ({point})", f"uniformity {value['uniformity']}", rank]
    if verdict == NOTHING:
        stuck = at_chance(measured)
        parts = [f"loss {value['loss']}, chance {value['chance']}"] if stuck else []
        crowd = f"embeddings are still close to one direction (m_o {number(measured['m_o'], 3)})"
        return parts + ([crowd] if one_point(measured) else pairs)
    if verdict == DIMENSIONAL:
        return [f"{reading['spherical_rank']} ({rank})", f"m_o {value['m_o']}", *pairs]
    if verdict == SHORTCUT:
        by = "raw_order" if named_by(measured, "raw") else "statistics_order"
        return [reading[by], *pairs]
    if verdict in _DECIDED_BY:
        return [reading[_DECIDED_BY[verdict]], *pairs]
    if verdict == SHARED_SMALL:
        shared = max(0.0, 1 - measured["relative_alignment"])
        return [f"{shared:.0%} of the variance is common to both views", *pairs]
    if verdict == OVER_TRAINED:
        peak, last = (value[f"representation_order_{part}"] for part in ("peak", "last"))
        return [f"the order of retrieval fell from {peak} to {last}", *pairs]
    if verdict == DUPLICATES:
        identical = measured.get("alignment", 1.0) == 0
        return ["the two views are identical"] if identical else [reading["repeated_share"], *pairs]
    sphere = f"(uniformity {value['uniformity']}, minimum {value['uniformity_minimum']})"
    shared_direction = "" if measured["m_o"] < CROWDED else f"; {reading['m_o']}"
    parts = [*pairs, f"{reading['uniformity']} {sphere}"]
    return [*parts, f"no collapse (m_o {value['m_o']}, {rank}{shared_direction})"]


_DECIDED_BY: Final = {
    LOST_REPRESENTATION: "representation_spherical_rank",
    FEW_POINTS: "distinct_share",
    LOW_DIMENSION: "intrinsic_dimension",
    DEAD: "dead_share",
    TOO_STRONG: "raw_order",
    NO_BETTER: "rank_gain",
    NOT_FOUND: "recall_1",
    NOT_YET: "updates",
}


def _summary_of_few(
    verdict: str,
    measured: Mapping[str, float],
    evidence: tuple[Finding, ...],
    samples: int,
    positives: bool,
) -> str:
    """What was measured, and which of it too few samples cannot show."""
    parts = []
    if "loss" in measured and "chance" in measured:
        parts.append(f"loss {number(measured['loss'])}, chance {number(measured['chance'])}")
    if "alignment" in measured and positives:
        agreement = next(f.reading for f in evidence if f.name == "relative_alignment")
        parts.append(f"{agreement} ({samples} pairs)")
    parts.append(
        f"only {samples} samples, so the verdict is uncertain: collapse and uniformity cannot be"
        f" judged from fewer than {LEAST_JUDGED}"
    )
    return "; ".join(parts)

"""The verdict on a representation, its evidence, and what to try."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from jaxtyping import Float
from torch import Tensor

from nearfar._verdict_names import (
    COMPLETE,
    DEAD,
    DIMENSIONAL,
    DUPLICATES,
    FEW_POINTS,
    LOST_REPRESENTATION,
    LOW_DIMENSION,
    NOTHING,
    SHARED_SMALL,
    is_good,
)
from nearfar.checks import check_finite_rows, check_matrix
from nearfar.diagnostics._findings import CROWDED, findings, number
from nearfar.diagnostics._judged_measurements import context, of_representations, structure
from nearfar.diagnostics._measure import measurements
from nearfar.diagnostics._remedies import advise_on, against
from nearfar.diagnostics._rules import at_chance, one_point, verdicts
from nearfar.records import Finding, HealthRecord, Remedy

__all__ = ["LEAST_JUDGED", "health"]

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
_STRUCTURE = "structure: random numbers for each sample, the same in both views, read the same"
_ONE_VIEW = "agreement of views: only one view was given"


def health(
    z1: Float[Tensor, "samples dim"],
    z2: Float[Tensor, "samples dim"] | None = None,
    *,
    loss: float | None = None,
    chance: float | None = None,
    representations: Float[Tensor, "samples width"] | None = None,
    positives: bool = True,
    remedies: Sequence[Remedy] | None = None,
) -> HealthRecord:
    """Judge embeddings without labels.

    Several verdicts can hold at once; the gravest is the verdict, and the others are listed.
    Thresholds lie between the values of reference cases, with a margin on both sides where
    possible.

    ``complete collapse``
        The mean residual ``m_r`` is below 0.1 (a mean cosine above 0.99), or below 0.25 while the
        squared distance of views of a sample is at least half that of different samples. It is
        0.003 for constant output with 0.3 % noise, 0.005 to 0.13 for alignment trained alone, and
        0.8 for features after a ReLU. A common centre with structure around it is no collapse: if
        views of a sample are clearly closer than other samples and single it out, ``m_r`` may be
        as low as 0.01. An untrained encoder has 0.03: if the loss is at chance and views are
        still distinguishable, nothing was learnt, unless ``m_r`` is below 0.001 (constant up to
        rounding).
    ``nothing learnt (loss at chance)``
        The loss is within 2 % of `chance`. Untrained encoders are within 1 %, while the best loss
        at temperature 1 with 4,096 pairs is 11 % below. Does not apply if the cosine of two views
        exceeds that of different samples by 0.5 or more: then a high temperature hides the
        agreement. Or, with or without a loss, the relative alignment is 0.9 or more: it is 1 for
        unrelated views, and 0.05 to 0.3 for trained encoders.
    ``representation lost``
        As ``dimensional collapse``, of the representations.
    ``few points``
        Fewer than 0.3 different points per sample (:func:`repetition`), and samples on a point
        are not distinguished by their second views.
    ``dimensional collapse``
        The effective rank of unit rows is below 5 % of that of an isotropic sample of the same
        size (8 of 512 directions: 1.6 %), or below 25 % with a sharp drop of the spectrum: at
        least 80 % of the singular values are below a hundredth of a typical one. Power-law
        spectra have no such drop, and 80 % of the isotropic rank; encoders trained on a few
        thousand images have 20 to 60 %.
    ``low intrinsic dimension``
        TwoNN (:func:`intrinsic_dimension`) is below 1.7 where 10 dimensions or more could be
        used: a curve, however many dimensions it is wound through.
    ``little shared between views``
        The relative alignment is 0.75 to 0.9: less than a quarter of the variance is common to
        both views of a sample.
    ``dead dimensions``
        At least 40 % of the dimensions do not vary.
    ``duplicates``
        At least 10 % of the samples share their point with another one, or both views are
        identical.
    ``healthy``
        None of these; ``no collapse seen`` if there is only one view, as agreement is not known.

    Args:
        z1: First view's projections, as the objective compares them; 2 rows or more.
        z2: Second view's projections, in the same order; without it, agreement is not judged, and
            the summary says so.
        loss: The final training loss.
        chance: The chance value of that loss (:func:`chance_loss`).
        representations: The encoder's representations, before the projector.
        positives: Whether the method trains views of a sample to agree. Agreement is reported but
            not judged otherwise, as for encoders that predict patches or pixels.
        remedies: Possible changes of the settings of the run; advice names those that are made
            against the verdict. Without them, advice is general.

    Returns:
        The verdict with its evidence, all measurements, and what to try. Below 20 samples the
        findings on rank, mean and uniformity decide nothing and say why, unless all rows nearly
        coincide, and the only advice is to measure more.

    Raises:
        ValueError: Fewer than 2 rows, shapes that differ, NaN or infinity (naming the first such
            row), a loss or chance that is not finite.

    Range:
        One of the names above.

    Reading:
        ``healthy`` means that no known failure was found, not that the features suit a task. Two
        things cannot be seen in embeddings: whether the encoder recognises samples by a shortcut,
        and whether neighbours have anything in common (``not_judged``). Compare encoders of the
        same architecture by their findings, or with labels by a probe.

    Example:
        >>> import torch
        >>> cloud = torch.randn(512, 64, generator=torch.Generator().manual_seed(0))
        >>> record = health(cloud, cloud + 0.3 * cloud.roll(1, 0), loss=3.6, chance=6.2)
        >>> record.verdict, record.findings[0].reading, record.findings[1].reading
        ('healthy', 'below chance', 'views agree')
        >>> health(torch.ones(100, 8)).verdict
        'complete collapse'
    """
    samples, dim = z1.shape[0], z1.shape[-1]
    measured = measurements(z1, z2) | context(z1)
    for name, value in (("loss", loss), ("chance", chance)):
        if value is not None:
            if not math.isfinite(value):
                raise ValueError(f"`{name}` must be a finite number, got {value!r}")
            measured[name] = float(value)
    if representations is not None:
        check_matrix(min_rows=2, representations=representations)
        check_finite_rows(representations=representations)
        measured |= of_representations(representations)
    if samples >= LEAST_JUDGED and dim > 1:  # one number is a sign, as a unit vector
        measured |= structure(z1, z2)
    evidence = findings(measured, samples=samples, dim=dim)
    if not positives:
        evidence = tuple(replace(f, healthy=None) if f.name in _AGREEMENT else f for f in evidence)
    if samples < LEAST_JUDGED and not one_point(measured):
        evidence = tuple(_without_judgement(finding, samples) for finding in evidence)
    found = verdicts(measured, positives=positives)
    verdict = found[0]
    return HealthRecord(
        verdict=verdict,
        summary=f"{verdict}: {_summary(found, measured, evidence, samples, positives)}",
        findings=evidence,
        advice=_advice(verdict, samples, remedies),
        remedies=against(verdict, remedies or ()) if _judged(verdict, samples) else (),
        measurements=measured,
        samples=samples,
        dim=dim,
        verdicts=found,
        not_judged=(*((_ONE_VIEW,) if z2 is None else ()), _STRUCTURE, _SHORTCUTS),
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
    if verdict in _DECIDED_BY:
        return [reading[_DECIDED_BY[verdict]], *pairs]
    if verdict == SHARED_SMALL:
        shared = max(0.0, 1 - measured["relative_alignment"])
        return [f"{shared:.0%} of the variance is common to both views", *pairs]
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

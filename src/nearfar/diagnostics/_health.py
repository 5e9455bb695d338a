"""The verdict on a representation, its evidence, and what to try."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_finite_rows, check_matrix
from nearfar.diagnostics._diagnostic import checked_rows
from nearfar.diagnostics._findings import (
    AT_CHANCE,
    CROWDED,
    RAISED,
    UNRELATED,
    findings,
    lost_directions,
    number,
    one_point,
)
from nearfar.diagnostics._measure import measurements, spread_rows
from nearfar.diagnostics._remedies import (
    COMPLETE,
    DIMENSIONAL,
    HEALTHY,
    NOTHING,
    advise_on,
    against,
)
from nearfar.ops import isotropic_rank, lost_share, singular_values, uniformity_minimum
from nearfar.records import Finding, HealthRecord, Remedy

__all__ = ["LEAST_JUDGED", "health"]

_CONSTANT = 1e-3
_FEW = 32
LEAST_JUDGED: Final = 20
"""Samples from which collapse and uniformity are judged."""
_UNJUDGED = {  # what too few rows cannot show, and why
    "effective_rank": "the rank is at most the number of samples less one",
    "representation_rank": "the rank is at most the number of samples less one",
    "m_o": "the mean of few random directions is far from zero",
    "m_r": "the mean of few random directions is far from zero",
    "uniformity": "few points cannot cover a sphere",
    "feature_std": "the deviation of few numbers is uncertain",
}
_AGREEMENT = ("alignment", "relative_alignment")


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

    The first of these rules that applies determines the verdict. Thresholds lie between the values
    of reference cases, with a margin on both sides where possible.

    1. ``complete collapse``: the mean residual ``m_r`` is below 0.1 (a mean cosine above 0.99), or
       below 0.25 while the squared distance of views of a sample is at least half that of
       different samples. ``m_r`` is 0.003 for constant output with 0.3 % noise, 0.005 to 0.13 for
       alignment trained alone, and 0.8 for features after a ReLU. A narrow cone in which views of
       a sample are clearly closer than other samples is not a collapse. An untrained encoder has
       0.03: if the loss is at chance and views are still distinguishable, rule 2 applies, unless
       ``m_r`` is below 0.001 (constant up to rounding).
    2. ``nothing learnt (loss at chance)``: the loss is within 2 % of `chance`. Untrained encoders
       are within 1 %, while the best loss at temperature 1 with 4,096 pairs is 11 % below. Does not
       apply if the cosine of two views exceeds that of different samples by 0.5 or more: then a
       high temperature hides the agreement.
    3. ``nothing learnt (loss at chance)``, with or without a loss: the relative alignment is 0.9 or
       more. It is 1 for unrelated views, where any loss that compares views is at chance, and 0.05
       to 0.3 for trained encoders. Does not apply if `positives` is False.
    4. ``dimensional collapse``: the effective rank is below 5 % of that of an isotropic sample of
       the same size (8 of 512 directions: 1.6 %), or below 25 % with a sharp drop of the spectrum:
       at least 80 % of the singular values are below a hundredth of a typical one. Power-law
       spectra have no such drop, and 80 % of the isotropic rank; encoders trained on a few thousand
       images have 20 to 60 %.
    5. ``healthy``.

    Args:
        z1: First view's projections, as the objective compares them; 2 rows or more.
        z2: Second view's projections, in the same order; without it, agreement is not judged, and
            the summary says so.
        loss: The final training loss.
        chance: The chance value of that loss (:func:`chance_loss`).
        representations: The encoder's representations, before the projector; reported, not judged.
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
        ``healthy``, ``complete collapse``, ``dimensional collapse``,
        ``nothing learnt (loss at chance)``.

    Reading:
        ``healthy`` means that no known failure was found, not that the features suit a task.
        Compare encoders of the same architecture by their findings, or with labels by a probe.

    Example:
        >>> cloud = torch.randn(512, 64, generator=torch.Generator().manual_seed(0))
        >>> record = health(cloud, cloud + 0.3 * cloud.roll(1, 0), loss=3.6, chance=6.2)
        >>> record.verdict, record.findings[0].reading, record.findings[1].reading
        ('healthy', 'below chance', 'views agree')
        >>> health(torch.ones(100, 8)).verdict
        'complete collapse'
    """
    samples, dim = z1.shape[0], z1.shape[-1]
    measured = measurements(z1, z2) | _context(z1)
    for name, value in (("loss", loss), ("chance", chance)):
        if value is not None:
            if not math.isfinite(value):
                raise ValueError(f"`{name}` must be a finite number, got {value!r}")
            measured[name] = float(value)
    if representations is not None:
        check_matrix(min_rows=2, representations=representations)
        check_finite_rows(representations=representations)
        inner = measurements(representations)
        measured |= {
            "representation_rank": inner["effective_rank"],
            "representation_isotropic_rank": isotropic_rank(*representations.shape),
            "representation_m_o": inner["m_o"],
        }
    evidence = findings(measured, samples=samples, dim=dim)
    if not positives:
        evidence = tuple(replace(f, healthy=None) if f.name in _AGREEMENT else f for f in evidence)
    if samples < LEAST_JUDGED and not one_point(measured):
        evidence = tuple(_without_judgement(finding, samples) for finding in evidence)
    verdict = _verdict(measured, positives=positives)
    return HealthRecord(
        verdict=verdict,
        summary=f"{verdict}: {_summary(verdict, measured, evidence, samples, positives)}",
        findings=evidence,
        advice=_advice(verdict, samples, remedies),
        remedies=against(verdict, remedies or ()) if _judged(verdict, samples) else (),
        measurements=measured,
        samples=samples,
        dim=dim,
    )


def _judged(verdict: str, samples: int) -> bool:
    """Whether there are enough samples for advice."""
    return verdict == HEALTHY or samples >= LEAST_JUDGED


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


@torch.no_grad()
def _context(z: Tensor) -> dict[str, float]:
    """Reference values, and the fraction of lost directions in the centred spectrum."""
    rows = checked_rows(spread_rows(z))
    centered = singular_values(rows - rows.mean(dim=0))
    free = min(rows.shape[0] - 1, rows.shape[1])  # centring removes one direction
    return {
        "isotropic_rank": isotropic_rank(*rows.shape),
        "uniformity_minimum": uniformity_minimum(rows.shape[1]),
        "lost_share": lost_share(centered[:free]),
    }


def _verdict(measured: Mapping[str, float], *, positives: bool) -> str:
    distinct = measured.get("relative_alignment", 1.0) < UNRELATED
    stuck = _at_chance(measured)
    if one_point(measured) and not (stuck and distinct and measured["m_r"] >= _CONSTANT):
        return COMPLETE
    unrelated = not measured.get("relative_alignment", 0.0) < UNRELATED
    if stuck or (positives and unrelated):
        return NOTHING
    return DIMENSIONAL if lost_directions(measured) else HEALTHY


def _at_chance(measured: Mapping[str, float]) -> bool:
    if not {"loss", "chance"} <= measured.keys():
        return False
    gap = (measured.get("random_distance", 0.0) - measured.get("alignment", 0.0)) / 2
    return measured["loss"] >= AT_CHANCE * measured["chance"] and gap < RAISED


def _summary(
    verdict: str,
    measured: Mapping[str, float],
    evidence: tuple[Finding, ...],
    samples: int,
    positives: bool,
) -> str:
    if samples < LEAST_JUDGED and not one_point(measured):
        return _summary_of_few(verdict, measured, evidence, samples, positives)
    reading = {finding.name: finding.reading for finding in evidence}
    value = {name: number(measurement) for name, measurement in measured.items()}
    sphere = f"(uniformity {value['uniformity']}, minimum {value['uniformity_minimum']})"
    rank = f"rank {number(measured['effective_rank'], 0)}"
    rank += f", isotropic {number(measured['isotropic_rank'], 0)}"
    pairs = []
    if "alignment" in measured:
        distances = f"alignment {value['alignment']}, other samples {value['random_distance']}"
        pairs = [f"{reading['alignment']} ({distances})"]
    if verdict == COMPLETE:
        point = f"m_o {number(measured['m_o'], 3)}, m_r {number(measured['m_r'], 3)}"
        parts = [f"{reading['m_o']} ({point})", f"uniformity {value['uniformity']}", rank]
    elif verdict == NOTHING:
        stuck = _at_chance(measured)
        parts = [f"loss {value['loss']}, chance {value['chance']}"] if stuck else []
        crowd = f"embeddings are still close to one direction (m_o {number(measured['m_o'], 3)})"
        parts += [crowd] if one_point(measured) else pairs
    elif verdict == DIMENSIONAL:
        parts = [f"{reading['effective_rank']} ({rank})", f"m_o {value['m_o']}", *pairs]
    else:
        shared = "" if measured["m_o"] < CROWDED else f"; {reading['m_o']}"
        parts = [*pairs, f"{reading['uniformity']} {sphere}"]
        parts += [f"no collapse (m_o {value['m_o']}, {rank}{shared})"]
    caveats = [] if pairs else ["agreement of views was not judged, as there is only one view"]
    if pairs and not positives:
        caveats = ["agreement of views was not judged, as the method does not train for it"]
    if samples < _FEW:
        caveats.append(f"only {samples} samples, so the verdict is uncertain")
    return "; ".join([", ".join(parts), *caveats])


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

"""The verdict: was it worth it, and what to try if not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_finite_rows, check_matrix
from nearfar.diagnostics._advice import ADVICE, COMPLETE, DIMENSIONAL, HEALTHY, NOTHING
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
from nearfar.diagnostics._rows import checked_rows
from nearfar.ops import isotropic_rank, lost_share, singular_values, uniformity_minimum
from nearfar.records import Finding, HealthRecord

__all__ = ["health"]

_CONSTANT = 1e-3
_FEW = 32
_AGREEMENT = ("alignment", "relative_alignment")


def health(
    z1: Float[Tensor, "samples dim"],
    z2: Float[Tensor, "samples dim"] | None = None,
    *,
    loss: float | None = None,
    chance: float | None = None,
    representations: Float[Tensor, "samples width"] | None = None,
    positives: bool = True,
) -> HealthRecord:
    """Judge embeddings without a label.

    The rules, in their order; the first that holds gives the verdict. Thresholds lie in the gap
    between worlds whose reading is known, and far from both sides where there is room.

    1. ``complete collapse``: the mean residual ``m_r`` is below 0.1, which is a mean cosine above
       0.99, or below 0.25 while views of one sample are not twice as close as strangers. Constant
       output with 0.3 % noise reads 0.003, alignment trained alone 0.005 to 0.13; features after
       a ReLU read 0.8, and a narrow cone in which views stand out is let pass. An untrained
       encoder is as crowded (0.03), so with a loss at chance and views that still tell samples
       apart the verdict is rule 2's, unless ``m_r`` is below 0.001: constant to rounding.
    2. ``nothing learnt (loss at chance)``: the loss is within 2 % of `chance`. Untrained encoders
       are within 1 %, while the best loss that temperature 1 allows for 4,096 pairs is 11 % below.
       Where views agree by more than 0.5 in cosine all the same, the temperature hides it, and the
       rule is passed over.
    3. the same, with or without a loss: views of one sample are no closer than 0.9 of the
       distance of strangers. Unrelated views read 1, so any loss that compares views is at chance;
       trained encoders read 0.05 to 0.3. Passed over without `positives`.
    4. ``dimensional collapse``: the effective rank is below 5 % of what an isotropic cloud of as
       many samples and dimensions reads (8 of 512 directions: 1.6 %), or below 25 % with a cliff:
       at least 80 % of the directions hold less than a hundredth of a typical one. Power-law
       spectra have no cliff and read 80 %; encoders trained on a few thousand images 20 to 60 %.
    5. ``healthy``.

    Args:
        z1: What the objective compares, one view; 2 rows or more.
        z2: The second view of the same samples in the same order; without it, agreement is not
            judged and the summary says so.
        loss: The loss at the end of training, if there is one.
        chance: What that loss reads when nothing was learnt (:func:`chance_loss`).
        representations: What the encoder gives in front of the projector; reported, not judged.
        positives: Whether training asked views of one sample to agree. An encoder that predicts
            patches or pixels may tell views apart for good reasons: its agreement is reported, not
            judged.

    Returns:
        The verdict with its evidence, every measurement, and what to try.

    Raises:
        ValueError: Fewer than 2 rows, shapes that differ, NaN or infinity (the first bad row is
            named), a loss or chance that is not finite.

    Range:
        ``healthy``, ``complete collapse``, ``dimensional collapse``,
        ``nothing learnt (loss at chance)``.

    Reading:
        ``healthy`` means that nothing known to go wrong went wrong, not that the features suit a
        task. Encoders of one kind are compared by their findings, or with labels by a probe.

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
    verdict = _verdict(measured, positives=positives)
    return HealthRecord(
        verdict=verdict,
        summary=f"{verdict}: {_summary(verdict, measured, evidence, samples, positives)}",
        findings=evidence,
        advice=ADVICE[verdict],
        measurements=measured,
        samples=samples,
        dim=dim,
    )


@torch.no_grad()
def _context(z: Tensor) -> dict[str, float]:
    """What the readings are held against, and the cliff in the spectrum about the mean."""
    rows = checked_rows(spread_rows(z))
    centred = singular_values(rows - rows.mean(dim=0))
    free = min(rows.shape[0] - 1, rows.shape[1])  # centring costs a direction
    return {
        "isotropic_rank": isotropic_rank(*rows.shape),
        "uniformity_minimum": uniformity_minimum(rows.shape[1]),
        "lost_share": lost_share(centred[:free]),
    }


def _verdict(measured: Mapping[str, float], *, positives: bool) -> str:
    apart = measured.get("relative_alignment", 1.0) < UNRELATED
    stuck = _at_chance(measured)
    if one_point(measured) and not (stuck and apart and measured["m_r"] >= _CONSTANT):
        return COMPLETE
    strangers = not measured.get("relative_alignment", 0.0) < UNRELATED
    if stuck or (positives and strangers):
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
    say = {finding.name: finding.reading for finding in evidence}
    value = {name: number(reading) for name, reading in measured.items()}
    sphere = f"(uniformity {value['uniformity']}, uniform {value['uniformity_minimum']})"
    rank = f"rank {number(measured['effective_rank'], 0)}"
    rank += f" of {number(measured['isotropic_rank'], 0)} isotropic"
    pairs = []
    if "alignment" in measured:
        beside = f"(alignment {value['alignment']}, strangers {value['random_distance']})"
        pairs = [f"{say['alignment']} {beside}"]
    if verdict == COMPLETE:
        point = f"m_o {number(measured['m_o'], 3)}, m_r {number(measured['m_r'], 3)}"
        parts = [f"{say['m_o']} ({point})", f"uniformity {value['uniformity']}", rank]
    elif verdict == NOTHING:
        stuck = _at_chance(measured)
        parts = [f"loss {value['loss']}, chance {value['chance']}"] if stuck else []
        crowd = f"embeddings still crowd around one direction (m_o {number(measured['m_o'], 3)})"
        parts += [crowd] if one_point(measured) else pairs
    elif verdict == DIMENSIONAL:
        parts = [f"{say['effective_rank']} ({rank})", f"m_o {value['m_o']}", *pairs]
    else:
        shared = "" if measured["m_o"] < CROWDED else f"; {say['m_o']}"
        parts = [*pairs, f"{say['uniformity']} {sphere}"]
        parts += [f"no collapse (m_o {value['m_o']}, {rank}{shared})"]
    doubts = [] if pairs else ["one view was given, so agreement was not judged"]
    if pairs and not positives:
        doubts = ["views were not trained to agree, so agreement was not judged"]
    if samples < _FEW:
        doubts.append(f"only {samples} samples, so take it lightly")
    return "; ".join([", ".join(parts), *doubts])

"""The verdict on a representation, its evidence, and what to try."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from nearfar.checks import check_finite_rows, check_matrix
from nearfar.diagnostics._judged import LEAST_JUDGED, judged
from nearfar.diagnostics._judged_measurements import context, of_representations, structure
from nearfar.diagnostics._measure import measurements
from nearfar.diagnostics._partners import TwoViews, partners
from nearfar.diagnostics._rules import verdicts
from nearfar.diagnostics._stability import stability
from nearfar.records import HealthRecord, Remedy

__all__ = ["health"]


def health(
    z1: Float[Tensor, "samples dim"],
    z2: Float[Tensor, "samples dim"] | None = None,
    *,
    loss: float | None = None,
    chance: float | None = None,
    representations: Float[Tensor, "samples width"] | TwoViews | None = None,
    untrained: TwoViews | None = None,
    raw: TwoViews | None = None,
    statistics: TwoViews | None = None,
    course: Mapping[str, float] | None = None,
    positives: bool = True,
    remedies: Sequence[Remedy] | None = None,
    modality: str | None = None,
    subsamples: int = 0,
    ids: Int64[Tensor, " samples"] | None = None,
) -> HealthRecord:
    """Judge embeddings without labels.

    Several verdicts can hold at once; the gravest is the verdict, and the others are listed.
    Thresholds lie between the values of reference cases, with a margin on both sides where
    possible; those of :class:`nearfar.diagnostics.Thresholds` are fitted to runs
    (:func:`nearfar.diagnostics.fit`).

    ``views too strong``
        Raw inputs, the untrained encoder and the trained one all find the other view of a sample
        hardly better than chance (an order below 0.6; 0.7 with usual views).
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
    ``shortcut suspected``
        Raw inputs find the other view of most samples among 200 (``named``); not judged for kinds
        of data whose views share their values in any case (``recognizable``). Or low-level
        statistics find it (``telling``), such as brightness, the length of a text or the degree of
        a node: all of them, or a single one.
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
        used, or below 4, and below 1.3 where neighbours are closest: a curve, however many
        dimensions it is wound through.
    ``no better than untrained``
        The mean logarithm of the rank of the other view has fallen by less than a share
        (``gained``) of what it was before training; not judged if the untrained encoder finds it
        already. Or nearly all nearest neighbours are those of before training (``unmoved``).
    ``partners not retrieved``
        The order of retrieval by projections is below 0.6.
    ``little shared between views``
        The relative alignment is 0.75 to 0.9: less than a quarter of the variance is common to
        both views of a sample.
    ``dead dimensions``
        At least 40 % of the dimensions do not vary.
    ``duplicates``
        At least 10 % of the samples share their point with another one, or both views are
        identical.
    ``over-trained``
        The order of retrieval by representations has fallen from its peak by more than 0.05 and by
        four times its noise.
    ``not yet``
        Fewer than 30 updates; or the loss has fallen in the last fifth of the run by more than a
        tenth of its whole fall; or the order of retrieval has risen by more than 0.02, and by four
        times its noise. After few updates, what may pass is not listed: a collapse (unless
        projections have come closer together than at the start), a loss at chance, a low rank.
    ``healthy``
        None of these; ``no collapse seen`` if there is only one view, as agreement is not known.

    Args:
        z1: First view's projections, as the objective compares them; 2 rows or more.
        z2: Second view's projections, in the same order; without it, agreement is not judged, and
            the summary says so.
        loss: The final training loss.
        chance: The chance value of that loss (:func:`chance_loss`).
        representations: The encoder's representations, before the projector: of the first view, or
            of both as a pair, for how well the other view is found.
        untrained: Representations of both views by the encoder before training.
        raw: Raw values of both views, such as pixels or counts of words; their number of columns
            is their own.
        statistics: Low-level statistics of both views, such as mean colour or length.
        course: Readings of the course of training (:func:`nearfar.diagnostics.course`).
        positives: Whether the method trains views of a sample to agree. Agreement is reported but
            not judged otherwise, as for encoders that predict patches or pixels.
        remedies: Possible changes of the settings of the run; advice names those that are made
            against the verdict. Without them, advice is general.
        modality: Kind of data, such as ``images``. With it, and with the readings of a run, the
            verdict has a ``confidence`` (:class:`nearfar.diagnostics.Calibration`).
        subsamples: Number of subsamples for the ``stability`` of the verdict: the share of them
            whose gravest verdict is the same. Each is a half of the samples, 1,024 at most, without
            replacement, and has all matrices of its samples; the readings of the course stay.
            Not measured by default, nor of fewer than 100 samples.
        ids: Number of each sample, which decides its subsamples; by default its position.

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
        ``healthy`` means that no known failure was found, not that the features suit a task.
        Whether neighbours have anything in common cannot be seen in embeddings; a shortcut is seen
        only in the inputs, and what training gained only next to the untrained encoder
        (``not_judged``). Compare encoders of the same architecture by their findings, or with
        labels by a probe.

    Cost:
        2,000 × 128 takes 0.6 s on one core, and 4 s more with 20 subsamples; 256 × 64 takes 0.03 s
        and 0.3 s more.

    Example:
        >>> import torch
        >>> cloud = torch.randn(512, 64, generator=torch.Generator().manual_seed(0))
        >>> record = health(cloud, cloud + 0.3 * cloud.roll(1, 0), loss=3.6, chance=6.2)
        >>> record.verdict, record.findings[0].reading, record.findings[1].reading
        ('healthy', 'below chance', 'views agree')
        >>> health(torch.ones(100, 8)).verdict
        'complete collapse'
    """
    given = {"loss": loss, "chance": chance}
    for name, value in given.items():
        if value is not None and not math.isfinite(value):
            raise ValueError(f"`{name}` must be a finite number, got {value!r}")
    known = {name: float(value) for name, value in given.items() if value is not None}
    known |= course or {}
    views = (z1, z2, *_of_views(representations), untrained, raw, statistics)
    measured = _measured(views, known)
    record = judged(
        measured,
        samples=z1.shape[0],
        dim=z1.shape[-1],
        positives=positives,
        remedies=remedies,
        modality=modality,
    )
    if not subsamples:
        return record
    ids = torch.arange(len(z1)) if ids is None else ids
    share, why = stability(
        record.verdict,
        lambda rows: verdicts(_measured(_rows(views, rows), known), positives=positives)[0],
        ids,
        subsamples=subsamples,
    )
    reasons = (why,) if why else ()
    return replace(record, stability=share, not_judged=(*record.not_judged, *reasons))


_Views: TypeAlias = tuple[
    Tensor,
    Tensor | None,
    Tensor | None,
    TwoViews | None,
    TwoViews | None,
    TwoViews | None,
    TwoViews | None,
]
"""z1, z2, representations of the first view and of both, untrained ones, raw values, statistics."""


def _measured(views: _Views, known: Mapping[str, float]) -> dict[str, float]:
    """All measurements by name, with the loss and the course of the run."""
    z1, z2, inner, both, untrained, raw, statistics = views
    measured = measurements(z1, z2) | context(z1)
    if inner is not None:
        check_matrix(min_rows=2, representations=inner)
        check_finite_rows(representations=inner)
        measured |= of_representations(inner)
    measured |= partners(representations=both, untrained=untrained, raw=raw, statistics=statistics)
    measured |= known
    if z1.shape[0] >= LEAST_JUDGED and z1.shape[-1] > 1:  # one number is a sign, as a unit vector
        measured |= structure(z1, z2)
    return measured


def _rows(views: _Views, rows: Tensor) -> _Views:
    """The same rows of every matrix."""

    def some(view: Tensor | TwoViews | None) -> Any:
        if view is None or isinstance(view, Tensor):
            return None if view is None else view[rows.to(view.device)]
        return tuple(some(each) for each in view)

    return tuple(some(view) for view in views)


def _of_views(
    representations: Tensor | TwoViews | None,
) -> tuple[Tensor | None, TwoViews | None]:
    """Representations of the first view, and of both if they are known and comparable."""
    if representations is None or isinstance(representations, Tensor):
        return representations, None
    first, second = representations
    return first, (first, second) if first.shape == second.shape else None

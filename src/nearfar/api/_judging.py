"""Evaluation after training: the verdict, the geometry, the gallery."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from torch import Tensor
from torch.nn import functional as F

from nearfar.api._best_checkpoint import with_best_checkpoint
from nearfar.api._embedding import embed_source
from nearfar.api._setup import Setup
from nearfar.api._small_exhibits import small_gallery
from nearfar.data import Source, Subset
from nearfar.diagnostics import (
    center_residual,
    course,
    extra_findings,
    geometry,
    health,
    pair_findings,
    pair_measurements,
)
from nearfar.diagnostics._named_samples import with_named_samples
from nearfar.diagnostics._stability import SUBSAMPLES
from nearfar.inputs import View, select
from nearfar.methods import Method
from nearfar.records import (
    Exhibit,
    GalleryRecord,
    GalleryRow,
    GeometryRecord,
    HealthRecord,
    Metrics,
    RunDirectory,
)
from nearfar.training import Engine, Watch, Watched

__all__ = ["Judgment", "before_training", "judge", "measured"]

_SHOWN, _NEIGHBORS, _SEARCHED = 8, 5, 1_000


@dataclass(frozen=True)
class Judgment:
    """What is measured after training: the verdict, the geometry, the gallery."""

    health: HealthRecord
    geometry: GeometryRecord
    gallery: GalleryRecord


def judge(
    directory: RunDirectory,
    method: Method,
    setup: Setup,
    *,
    engine: Engine,
    untrained: Watched | None = None,
) -> HealthRecord:
    """Measure on the held-out samples; write ``health``, ``geometry`` and ``gallery``."""
    found = measured(
        directory, method, setup, engine=engine, untrained=untrained, subsamples=SUBSAMPLES
    )
    found.health.save(directory.health)
    found.geometry.save(directory.geometry)
    found.gallery.save(directory.gallery)
    return found.health


def before_training(setup: Setup, engine: Engine) -> Watched:
    """The held-out samples as the untrained method embeds them."""
    return Watch(setup.watched_views()).project(setup.method.to(engine.device), engine)


def measured(
    directory: RunDirectory,
    method: Method,
    setup: Setup,
    *,
    engine: Engine,
    untrained: Watched | None = None,
    step: int | None = None,
    subsamples: int = 0,
) -> Judgment:
    """Measure on the held-out samples; nothing is written.

    Args:
        directory: Directory of the run.
        method: The trained method.
        setup: The run as prepared.
        engine: Devices and precision.
        untrained: The held-out samples before training (:func:`before_training`).
        step: Updates of the method, if these are not all of the run.
        subsamples: Number of subsamples for the stability of the verdict.
    """
    method.to(engine.device)
    shown, watched = setup.watched_views(), setup.watched
    z1, z2, h1, h2 = Watch(shown).project(method, engine)
    raw, statistics = _without_encoder(setup, shown)
    record, metrics = directory.read_run(), directory.read_metrics().until(step)
    verdict = health(
        z1,
        z2,
        loss=_last_loss(metrics),
        chance=record.chance,
        representations=(h1, h2),
        untrained=None if untrained is None else (untrained.h1, untrained.h2),
        raw=raw,
        statistics=statistics,
        course=_course(metrics, setup, untrained),
        positives=type(method).positives,
        remedies=setup.remedies,
        modality=setup.kind.name,
        subsamples=subsamples,
        ids=watched.samples,
    )
    if setup.kind.paired:
        paired = pair_measurements(z1, z2)
        verdict = replace(
            verdict,
            findings=(*verdict.findings, *pair_findings(paired)),
            measurements=verdict.measurements | paired,
        )
    extra = extra_findings(z1, z2, taken=verdict.measurements)
    verdict = replace(
        verdict,
        findings=(*verdict.findings, *extra),
        measurements=verdict.measurements | {finding.name: finding.value for finding in extra},
        # files that could not be read during training are known only now
        notes=tuple(dict.fromkeys((*setup.notes, *setup.train.source.notes))),
    )
    names = tuple(watched.identify(int(sample)) for sample in watched.samples)
    seen = shown if type(method).positives else setup.seen_views()
    gallery = GalleryRecord(
        views=tuple(_view_rows(setup, seen)),
        neighbors=tuple(_neighbor_rows(method, setup)),
    )
    drawn = geometry(z1, z2, ids=names, representations=h1)
    verdict = with_named_samples(verdict, z1, z2, ids=names)
    verdict = with_best_checkpoint(verdict, directory, metrics)
    return Judgment(verdict, drawn, small_gallery(gallery, setup, _samples))


def _course(metrics: Metrics, setup: Setup, untrained: Watched | None) -> dict[str, float]:
    """Readings of the course of training, from its start."""
    found = course(metrics)
    if untrained is not None:
        found["untrained_m_r"] = float(center_residual(untrained.z1)[1])
    return found | ({"recognizable": 1.0} if setup.kind.recognizable else {})


def _without_encoder(
    setup: Setup, shown: tuple[View, ...]
) -> tuple[tuple[Tensor, Tensor] | None, tuple[Tensor, Tensor] | None]:
    """Raw values and low-level statistics of both views, where the modality has them."""
    kind, form = setup.kind, setup.form
    found: list[tuple[Tensor, Tensor] | None] = []
    for read in (kind.view_features, kind.view_statistics):
        first, second = (read(view, form) for view in shown[:2])
        if first is None or second is None or first.shape != second.shape:
            found.append(None)
        else:
            found.append((first.cpu(), second.cpu()))
    return found[0], found[1]


def _last_loss(metrics: Metrics) -> float | None:
    """Mean training loss over the last tenth of the run; that of a single batch is noisy."""
    lines = metrics.train
    if not lines:
        return None
    last = [line.loss for line in lines[-max(1, len(lines) // 10) :]]
    return sum(last) / len(last)


def _samples(setup: Setup, source: Source, positions: Iterable[int]) -> list[Exhibit]:
    """Samples without augmentation, each with its name as the caption."""
    batch = source.read(list(positions))
    exhibits = setup.kind.show(setup.views.plain(batch.inputs), setup.form)
    named = zip(exhibits, batch.samples.tolist(), strict=True)
    return [replace(exhibit, caption=source.identify(sample)) for exhibit, sample in named]


def _view_rows(setup: Setup, shown: tuple[View, ...]) -> Iterable[GalleryRow]:
    rows = range(min(_SHOWN, len(setup.watched)))
    seen = [setup.kind.show(select(view, slice(len(rows))), setup.form) for view in shown]
    for row, sample in zip(rows, _samples(setup, setup.watched, rows), strict=True):
        views = tuple(
            replace(view[row], caption=f"view {number}") for number, view in enumerate(seen, 1)
        )
        yield GalleryRow(sample=sample, others=views)


def _neighbor_rows(method: Method, setup: Setup) -> Iterable[GalleryRow]:
    asked = Subset(setup.watched, range(min(_SHOWN, len(setup.watched))))
    searched = Subset(setup.train, range(min(_SEARCHED, len(setup.train))))
    queries = F.normalize(embed_source(method.encoder, asked, setup.views), dim=1)
    keys = F.normalize(embed_source(method.encoder, searched, setup.views), dim=1)
    similar, found = (queries @ keys.T).topk(min(_NEIGHBORS, len(keys)), dim=1)
    for row, sample in enumerate(_samples(setup, asked, range(len(asked)))):
        others = _samples(setup, searched, found[row].tolist())
        yield GalleryRow(
            sample=sample,
            others=tuple(
                replace(other, caption=f"{other.caption} · cosine {cosine:.2f}")
                for other, cosine in zip(others, similar[row].tolist(), strict=True)
            ),
        )

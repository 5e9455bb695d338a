"""Verdict and probes of an encoder with weights from elsewhere, without a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nearfar.api._diagnosing import write_health
from nearfar.api._embedding import on_device, row_names
from nearfar.api._layers import Pool, cut_at, described_layer
from nearfar.api._probes_of_runs import Progress, Represented, encoded, probed, raw
from nearfar.data import LabeledData, Source, Subset
from nearfar.diagnostics import geometry, health
from nearfar.diagnostics._named_samples import with_named_samples
from nearfar.inputs import View, move
from nearfar.modalities import Form, Modality
from nearfar.records import HealthRecord, ProbeRecord
from nearfar.training._devices import find_device
from nearfar.views import ViewRecipe, Views, simclr_views

__all__ = ["diagnosed", "probed_encoders"]

_MOST = 512  # samples of a verdict
_Two = tuple[Tensor, Tensor]


def diagnosed(
    encoder: nn.Module,
    untrained: nn.Module,
    source: Source,
    *,
    kind: Modality[Any, Any],
    form: Form,
    report: str | Path | None,
    device: str | None,
    layer: str | int | None,
    pool: Pool | None,
    notes: tuple[str, ...],
) -> HealthRecord:
    """The verdict on two views of samples by an encoder without a projector.

    Args:
        encoder: The encoder.
        untrained: An encoder of this architecture with random weights.
        source: The samples, of which at most 512 are measured.
        kind: Their modality.
        form: The form of the encoder's inputs.
        report: HTML page to write.
        device: Where to compute; on the CPU by default.
        layer: Layer of the encoder whose features are judged.
        pool: Pooling of that layer.
        notes: What is to be said of the weights.
    """
    measured, said = _some(source)
    options, decided = kind.decide(source, kind.options())
    prepared = {name: getattr(form, name) for name in ("mean", "std")}
    views = kind.views(
        ViewRecipe(simclr_views), form, source=source, options=options, settings=prepared
    )
    here = find_device(device or "cpu")
    found: dict[str, list[_Two]] = {}
    for batch in measured.chunks():
        one, other, *_ = views(batch.inputs, batch.samples, seed=0, epoch=0)
        parts: dict[str, Callable[[View], Tensor | None]] = {
            "h": partial(_embedded, encoder, layer, pool, here),
            "untrained": partial(_embedded, untrained, layer, pool, here),
            "raw": lambda view: None if kind.recognizable else kind.view_features(view, form),
            "statistics": lambda view: kind.view_statistics(view, form),
        }
        for name, measure in parts.items():
            first, second = measure(one), measure(other)
            if first is not None and second is not None and first.shape == second.shape:
                found.setdefault(name, []).append((first, second))
    both = {name: _joined(parts) for name, parts in found.items()}
    z1, z2 = both["h"]
    verdict = health(
        z1,
        z2,
        representations=(z1, z2),
        untrained=both["untrained"],
        raw=both.get("raw"),
        statistics=both.get("statistics"),
        modality=kind.name,
    )
    names = row_names(measured)
    named = described_layer(layer, pool)
    about = f"two views of {measured.describe()}, of the kind that SimCLR is trained on"
    verdict = replace(
        with_named_samples(verdict, z1, z2, ids=names),
        notes=(about, *decided, *said, *([f"features of {named}"] if named else []), *notes),
    )
    if report is not None:
        write_health(report, verdict, geometry(z1, z2, ids=names))
    return verdict


@torch.no_grad()
def _embedded(
    encoder: nn.Module, layer: str | int | None, pool: Pool | None, here: torch.device, view: View
) -> Tensor:
    rows: Tensor = cut_at(encoder.eval().to(here), layer, pool)(move(view, here))
    return rows.float().cpu()


def _joined(parts: Sequence[_Two]) -> _Two:
    first, second = (torch.cat([part[side] for part in parts]) for side in (0, 1))
    return first, second


def _some(source: Source) -> tuple[Source, tuple[str, ...]]:
    """Samples for a verdict: all, or evenly spaced ones."""
    if len(source) <= _MOST:
        return source, ()
    rows = torch.linspace(0, len(source) - 1, _MOST).long()
    return Subset(source, rows), (f"{_MOST:,} of {len(source):,} samples, evenly spaced",)


def probed_encoders(
    encoder: nn.Module,
    untrained: Callable[[], nn.Module],
    labeled: LabeledData,
    *,
    kind: Modality[Any, Any],
    form: Form,
    views: Views,
    shares: Sequence[float],
    layer: str | int | None,
    pool: Pool | None,
    device: str | None,
    groups: Tensor | None,
    notes: tuple[str, ...],
    progress: Progress | None,
) -> ProbeRecord:
    """Probes of an encoder, of one with random weights, and of raw features.

    Args:
        encoder: The encoder.
        untrained: Builds one of this architecture with random weights.
        labeled: Labelled samples.
        kind: Their modality.
        form: The form of the encoder's inputs.
        views: Views without augmentation.
        shares: Shares of the labels to probe with in addition.
        layer: Layer of the encoders.
        pool: Pooling of that layer.
        device: Where to compute.
        groups: Group of each sample.
        notes: What is to be said.
        progress: Called before each step.
    """

    def of(name: str, role: str, make: Callable[[], nn.Module]) -> Represented:
        module = make()
        with on_device(module, device):
            return encoded(name, role, cut_at(module, layer, pool), views, labeled)

    made: list[Callable[[], Represented]] = [
        partial(of, "loaded encoder", "loaded", lambda: encoder),
        partial(of, "untrained encoder", "untrained", untrained),
        lambda: raw(kind, form, labeled),
    ]
    return probed(
        labeled,
        made,
        groups=groups,
        shares=shares,
        layer=described_layer(layer, pool),
        notes=notes,
        progress=progress,
    )

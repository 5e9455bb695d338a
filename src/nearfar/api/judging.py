"""After training: the verdict, the geometry, the pictures."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

from nearfar.api.embedding import embed_source
from nearfar.data import Source, Subset
from nearfar.diagnostics import geometry, health
from nearfar.methods import Method
from nearfar.records import (
    GalleryRecord,
    GalleryRow,
    HealthRecord,
    Picture,
    RunDirectory,
)
from nearfar.training import Engine, Watch
from nearfar.views import Views

__all__ = ["judge"]

_SHOWN, _NEIGHBOURS, _SEARCHED = 8, 5, 1_000


def judge(
    directory: RunDirectory,
    method: Method,
    *,
    train: Source,
    watched: Subset,
    views: Views,
    shown: tuple[Tensor, ...],
    engine: Engine,
) -> HealthRecord:
    """Measure on the samples set aside; write ``health``, ``geometry`` and ``gallery``."""
    method.to(engine.device)
    z1, z2, representations = Watch(shown).project(method, engine)
    record = directory.read_run()
    verdict = health(
        z1, z2, loss=_last_loss(directory), chance=record.chance, representations=representations
    )
    verdict.save(directory.health)
    names = tuple(watched.identify(int(sample)) for sample in watched.samples)
    geometry(z1, z2, ids=names).save(directory.geometry)
    GalleryRecord(
        views=tuple(_view_rows(watched, shown, views)),
        neighbours=tuple(_neighbour_rows(method, train, watched, views)),
    ).save(directory.gallery)
    return verdict


def _last_loss(directory: RunDirectory) -> float | None:
    """Mean training loss over the last tenth of the run; one batch alone is noisy."""
    lines = [line for line in directory.read_metrics() if line["kind"] == "train"]
    if not lines:
        return None
    last = [line["loss"] for line in lines[-max(1, len(lines) // 10) :]]
    return float(sum(last) / len(last))


def _view_rows(watched: Subset, shown: tuple[Tensor, ...], views: Views) -> Iterable[GalleryRow]:
    first = watched.read(range(min(_SHOWN, len(watched))))
    plain = views.plain(first.images, first.sizes)
    for row, sample in enumerate(first.samples):
        yield GalleryRow(
            sample=Picture(png(plain[row], views), watched.identify(int(sample))),
            others=tuple(
                Picture(png(view[row], views), f"view {number}")
                for number, view in enumerate(shown, start=1)
            ),
        )


def _neighbour_rows(
    method: Method, train: Source, watched: Subset, views: Views
) -> Iterable[GalleryRow]:
    asked = Subset(watched, range(min(_SHOWN, len(watched))))
    searched = Subset(train, range(min(_SEARCHED, len(train))))
    queries = F.normalize(embed_source(method.encoder, asked, views), dim=1)
    keys = F.normalize(embed_source(method.encoder, searched, views), dim=1)
    similar, found = (queries @ keys.T).topk(min(_NEIGHBOURS, len(keys)), dim=1)
    batch = asked.read(range(len(asked)))
    pictures = views.plain(batch.images, batch.sizes)
    for row, sample in enumerate(asked.samples):
        others = searched.read(found[row])
        shown = views.plain(others.images, others.sizes)
        yield GalleryRow(
            sample=Picture(png(pictures[row], views), watched.identify(int(sample))),
            others=tuple(
                Picture(
                    png(shown[i], views),
                    f"{train.identify(int(others.samples[i]))} · cosine {similar[row, i]:.2f}",
                )
                for i in range(len(shown))
            ),
        )


def png(view: Tensor, views: Views) -> str:
    """One normalised view as a PNG in base64: grey for one channel, else the first three."""
    from PIL import Image

    mean, std = (getattr(views, name, None) for name in ("mean", "std"))
    image = view.float().cpu()
    if mean and std:
        image = image * torch.tensor(std).view(-1, 1, 1) + torch.tensor(mean).view(-1, 1, 1)
    else:
        low, high = image.amin(), image.amax()
        image = (image - low) / (high - low).clamp_min(1e-8)
    pixels = (image.clamp(0, 1) * 255).round().to(torch.uint8)
    pixels = pixels[:3] if pixels.shape[0] >= 3 else pixels[:1]
    array = pixels.permute(1, 2, 0).numpy()
    buffer = io.BytesIO()
    Image.fromarray(array if array.shape[2] == 3 else array[:, :, 0]).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")

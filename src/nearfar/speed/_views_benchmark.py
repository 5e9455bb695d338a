"""Benchmark of SimCLR's augmentations on small colour images: nearfar, torchvision, kornia."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing import get_all_start_methods
from typing import Any

import torch
from torch import Tensor

from nearfar.checks import check_integer, check_positive
from nearfar.records import Provenance
from nearfar.speed._row import BenchRow
from nearfar.views import simclr_views

__all__ = ["bench_views"]

_SCALE, _JITTER, _APPLIED, _GRAY = (0.08, 1.0), (0.4, 0.4, 0.4, 0.1), 0.8, 0.2
_HALF = [0.5, 0.5, 0.5]
_WORKERS = 2
_START = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"  # on Windows
_ROUNDS_AT_LEAST = 5
_SECONDS_PER_TURN = 0.5

Render = Callable[[int], object]  # from the epoch to two views of one batch


def bench_views(*, batch: int = 256, size: int = 32, seconds: float = 30.0) -> list[BenchRow]:
    """Views per second: crop, flip, colour jitter, grayscale, normalise; two views per image.

    The variants are timed in turns, so that other load on the machine affects all of them; the
    ratio is the median over the rounds. torchvision is measured with PIL images in memory and the
    two worker processes of a `DataLoader`, and on one tensor at a time; kornia on whole batches.

    Args:
        batch: Images per batch.
        size: Side of the images and views in pixels, at most 64, as SimCLR uses no blur for small
            images.
        seconds: Total duration of all rounds in seconds, after a few warm-up batches.

    Raises:
        ValueError: A number out of range.
    """
    check_integer(at_least=1, batch=batch, size=size)
    check_positive(seconds=seconds)
    if size > 64:
        raise ValueError(f"`size` must be at most 64, as larger images need blur, got {size}")
    chance = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (batch, 3, size, size), dtype=torch.uint8, generator=chance)
    makers: dict[str, Callable[[Tensor], Any]] = {
        "nearfar": _nearfar,
        "torchvision-pil": _torchvision_pil,
        "torchvision-v2-tensor": _torchvision_tensor,
        "kornia": _kornia,
    }
    took: dict[str, list[float]] = {}
    missing: dict[str, str] = {}
    with ExitStack() as stack, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings of other libraries are irrelevant here
        renders: dict[str, Render] = {}
        for name, make in makers.items():
            try:
                renders[name] = stack.enter_context(make(images))
            except ImportError as error:
                missing[name] = f"not measured: {error}"
        # Turns of about equal duration, as schedulers favour short ones.
        repeats = {
            name: max(1, round(_SECONDS_PER_TURN / min(_time(render, 1) for _ in range(3))))
            for name, render in renders.items()
        }
        end = time.perf_counter() + seconds
        while len(took.get("nearfar", ())) < _ROUNDS_AT_LEAST or time.perf_counter() < end:
            for name, render in renders.items():
                took.setdefault(name, []).append(_time(render, repeats[name]))
    return [_row(name, took, missing.get(name, ""), batch=batch, size=size) for name in makers]


def _time(render: Render, repeats: int) -> float:
    """Seconds per batch, mean over `repeats`."""
    start = time.perf_counter()
    for epoch in range(repeats):
        render(epoch)
    return (time.perf_counter() - start) / repeats


def _row(name: str, took: dict[str, list[float]], note: str, *, batch: int, size: int) -> BenchRow:
    """The measurements of one variant."""
    times, ours = took.get(name, []), took["nearfar"]
    median = statistics.median(times) if times else float("nan")
    ratios = [theirs / mine for theirs, mine in zip(times, ours, strict=bool(times))]
    return BenchRow(
        name="views-simclr",
        variant=name,
        batch=batch,
        size=size,
        dtype="float32",
        median_seconds=median,
        images_per_second=2 * batch / median,
        ratio=statistics.median(ratios) if ratios else float("nan"),
        peak_memory=0.0,
        provenance=Provenance.here(),
        note=note or f"{torch.get_num_threads()} threads, {len(times)} rounds",
    )


@contextmanager
def _nearfar(images: Tensor) -> Iterator[Render]:
    views = simclr_views(size=images.shape[-1])
    samples = torch.arange(len(images))
    yield lambda epoch: views(images, samples, seed=0, epoch=epoch)


def _pipeline(size: int, *last: Any) -> Any:
    """The augmentations as torchvision's v2 transforms."""
    from torchvision.transforms import v2

    return v2.Compose(
        [
            v2.RandomResizedCrop(size, scale=_SCALE),
            v2.RandomHorizontalFlip(),
            v2.RandomApply([v2.ColorJitter(*_JITTER)], p=_APPLIED),
            v2.RandomGrayscale(_GRAY),
            *last,
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(_HALF, _HALF),
        ]
    )


class _Pictures(torch.utils.data.Dataset[tuple[Tensor, Tensor]]):
    """PIL images in memory, with two views each."""

    def __init__(self, images: Tensor) -> None:
        from PIL import Image
        from torchvision.transforms import v2

        self._pictures = [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in images]
        self._transform = _pipeline(images.shape[-1], v2.ToImage())

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        picture = self._pictures[index]
        return self._transform(picture), self._transform(picture)


@contextmanager
def _torchvision_pil(images: Tensor) -> Iterator[Render]:
    """Persistent workers process parts of the batch, so that both are always busy."""
    loader = torch.utils.data.DataLoader(
        _Pictures(images),
        batch_size=max(1, len(images) // (4 * _WORKERS)),
        num_workers=_WORKERS,
        persistent_workers=True,
        multiprocessing_context=_START,
    )
    yield lambda epoch: [len(first) for first, _ in loader]


@contextmanager
def _torchvision_tensor(images: Tensor) -> Iterator[Render]:
    transform = _pipeline(images.shape[-1])

    def render(epoch: int) -> tuple[Tensor, ...]:
        return tuple(torch.stack([transform(image) for image in images]) for _ in range(2))

    yield render


@contextmanager
def _kornia(images: Tensor) -> Iterator[Render]:
    from kornia import augmentation

    chain = augmentation.AugmentationSequential(
        augmentation.RandomResizedCrop(tuple(images.shape[2:]), scale=_SCALE),
        augmentation.RandomHorizontalFlip(),
        augmentation.ColorJitter(*_JITTER, p=_APPLIED),
        augmentation.RandomGrayscale(p=_GRAY),
        augmentation.Normalize(torch.tensor(_HALF), torch.tensor(_HALF)),
        same_on_batch=False,
    )
    once = partial(torch.div, images, 255)
    yield lambda epoch: (chain(once()), chain(once()))

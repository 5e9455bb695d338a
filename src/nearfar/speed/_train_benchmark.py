"""Benchmark of SimCLR training from images in memory: nearfar, and a plain loop with lightly."""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from nearfar._platform import peak_memory, peak_memory_of_children
from nearfar.checks import check_integer, check_positive
from nearfar.data import open_source
from nearfar.inputs import Images
from nearfar.methods import simclr
from nearfar.modules import ConvNet
from nearfar.records import Provenance, RunDirectory
from nearfar.speed._row import BenchRow
from nearfar.training import Engine, Precision, TrainingOptions, Watch, train
from nearfar.views import simclr_views

__all__ = ["bench_train"]

_IMAGES, _WORKERS, _ROUNDS, _WARM_UP = 4_096, 2, 3, 5
Answer = tuple[list[float], float, str]  # seconds of each step, peak MiB, note


def bench_train(*, batch: int = 256, size: int = 32, seconds: float = 120.0) -> list[BenchRow]:
    """Training images per second: SimCLR with `convnet`, two views per image, both at defaults.

    The variants run in turns, three times each, in a process of their own; the ratio compares
    medians. nearfar is measured with its whole loop (views, checkpoints, measurements), once with
    its default precision and once in float32. lightly's transform, head and loss are used in a
    plain loop with the same encoder, optimiser and images, and a `DataLoader` with two workers.

    Args:
        batch: Images per batch.
        size: Side of the images in pixels.
        seconds: Total duration in seconds, over all variants and rounds.

    Raises:
        ValueError: A number out of range.
    """
    check_integer(at_least=2, batch=batch, size=size)
    check_positive(seconds=seconds)
    variants: dict[str, tuple[Callable[..., Answer], tuple[Any, ...]]] = {
        "nearfar": (_nearfar, ("auto",)),
        "nearfar-float32": (_nearfar, ("32",)),
        "lightly": (_lightly, ()),
    }
    share = seconds / (_ROUNDS * len(variants))
    took: dict[str, list[float]] = {name: [] for name in variants}
    peaks, notes = dict.fromkeys(variants, 0.0), dict.fromkeys(variants, "")
    for _ in range(_ROUNDS):
        for name, (function, extra) in variants.items():
            steps, peak, notes[name] = _in_process(function, batch, size, share, *extra)
            took[name] += steps
            peaks[name] = max(peaks[name], peak)
    return [_row(name, took, peaks[name], notes[name], batch=batch, size=size) for name in variants]


def _row(
    name: str, took: dict[str, list[float]], peak: float, note: str, *, batch: int, size: int
) -> BenchRow:
    median = statistics.median(took[name]) if took[name] else 0.0
    ours = statistics.median(took["nearfar"])
    return BenchRow(
        name="train",
        variant=name,
        batch=batch,
        size=size,
        dtype="bfloat16" if note.startswith("bf16") else "float32",
        median_seconds=median,
        images_per_second=batch / median if median else 0.0,
        ratio=median / ours,
        peak_memory=peak,
        provenance=Provenance.here(),
        note=note,
    )


def _in_process(function: Callable[..., Answer], *arguments: Any) -> Answer:
    context = multiprocessing.get_context("spawn")
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(writer, function, *arguments))
    process.start()
    writer.close()
    try:
        steps, peak, note = reader.recv()
    except EOFError:
        steps, peak, note = [], 0.0, "not measured: the process died"
    process.join()
    return steps, peak, note


def _answer(writer: Any, function: Callable[..., Answer], *arguments: Any) -> None:
    warnings.simplefilter("ignore")  # warnings of other libraries are irrelevant here
    try:
        steps, _, note = function(*arguments)
    except (ImportError, ValueError) as error:  # no lightly; no processes by fork, on Windows
        steps, note = [], f"not measured: {error}"
    workers = peak_memory_of_children() * _WORKERS
    writer.send((steps, (peak_memory() + workers) / 2**20, note))


def _images(size: int) -> Tensor:
    shape = (_IMAGES, size, size, 3)
    return torch.randint(
        0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )


class _Clock:
    """A progress display that records the time of each update and ends the run on time-out."""

    def __init__(self, seconds: float) -> None:
        self.times: list[float] = []
        self.seconds = seconds

    def start(self, record: object) -> None:
        """Ignored: only updates are timed."""

    def update(self, **where: Any) -> None:
        """Record the time of an update."""
        self.times.append(time.perf_counter())
        if len(self.times) > _WARM_UP + 2 and self.times[-1] - self.times[0] > self.seconds:
            raise TimeoutError

    def finish(self, health: object) -> None:
        """Ignored: only updates are timed."""

    def steps(self) -> list[float]:
        """Seconds of each update, without the first few."""
        kept = self.times[_WARM_UP:]
        return [after - before for before, after in pairwise(kept)]


def _nearfar(batch: int, size: int, seconds: float, precision: Precision) -> Answer:
    source = open_source(_images(size).numpy())
    views = simclr_views(size=size, channels=3)
    held_out = source.read(range(256))
    assert isinstance(held_out.inputs, Images)
    engine = Engine(devices=1, precision=precision)
    clock = _Clock(seconds)
    method = simclr(ConvNet(channels=3), 256)
    cast(Any, method).to(memory_format=torch.channels_last)
    with tempfile.TemporaryDirectory() as folder, suppress(TimeoutError):
        train(
            method,
            source,
            views,
            options=TrainingOptions(epochs=10_000, batch_size=batch, precision=precision),
            engine=engine,
            directory=RunDirectory(Path(folder)),
            watch=Watch(views(held_out.inputs, held_out.samples, seed=0, epoch=0)),
            progress=clock,
        )
    return clock.steps(), 0.0, f"{engine.precision}, views and checkpoints included"


def _lightly(batch: int, size: int, seconds: float) -> Answer:
    from lightly.loss import NTXentLoss
    from lightly.models.modules import SimCLRProjectionHead
    from lightly.transforms.simclr_transform import SimCLRTransform
    from PIL import Image

    pictures = [Image.fromarray(image.numpy()) for image in _images(size)]
    transform = SimCLRTransform(input_size=size, gaussian_blur=0.0, cj_strength=0.5)

    class Pictures(torch.utils.data.Dataset[list[Tensor]]):
        def __len__(self) -> int:
            return len(pictures)

        def __getitem__(self, index: int) -> list[Tensor]:
            views: Any = transform(pictures[index])
            return list(views)

    loader = torch.utils.data.DataLoader(
        Pictures(),
        batch_size=batch,
        shuffle=True,
        drop_last=True,
        num_workers=_WORKERS,
        persistent_workers=True,
        multiprocessing_context="fork",
    )
    encoder, head = ConvNet(channels=3), SimCLRProjectionHead(256, 256, 128)
    objective = NTXentLoss(temperature=0.1)
    parameters = [*encoder.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3)
    clock = _Clock(seconds)
    with suppress(TimeoutError):
        for first, second in _forever(loader):
            loss = objective(head(encoder(first)), head(encoder(second)))
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            loss.item()
            clock.update()
    return clock.steps(), 0.0, "PIL transforms in two workers, as in lightly's examples"


def _forever(loader: Any) -> Iterator[list[Tensor]]:
    while True:
        yield from loader

"""Benchmark of objectives, forward and backward: nearfar, plain PyTorch, other packages."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from nearfar.checks import check_integer, check_positive
from nearfar.objectives import info_nce_loss, nt_xent_loss, uniformity_loss
from nearfar.records import Provenance
from nearfar.speed._row import ObjectiveRow
from nearfar.speed._worker import Step, Worker

__all__ = ["bench_objectives"]

_TEMPERATURE = 0.1
_ROUNDS_AT_LEAST = 3
_SECONDS_PER_TURN = 0.3
_QUERIES, _PDIST_SAMPLES, _SQUARE = 256, 8_192, 8_192
Make = Callable[[int, int, str], Step]  # from batch size, dim and device


def bench_objectives(
    *, seconds: float = 120.0, shrink: int = 1, only: Collection[str] = ()
) -> list[ObjectiveRow]:
    """Time and additional memory of a loss and its gradient per batch, on random unit vectors.

    Each variant runs in a process of its own. The first run measures its additional peak memory;
    after that the variants are timed in turns. The ratio compares medians, per pair if batch sizes
    differ. Vectors are float32 on the CPU; with a GPU, larger batches in bfloat16 are added.

    Args:
        seconds: Total duration in seconds; each variant is timed at least three times, even if
            that takes longer.
        shrink: Divisor of all batch sizes, for a quick check.
        only: Names of benchmarks; all if empty.

    Raises:
        ValueError: A number out of range, or an unknown benchmark.
    """
    check_positive(seconds=seconds)
    check_integer(at_least=1, shrink=shrink)
    tasks = [task for task in _tasks(shrink) if not only or task.name in only]
    if unknown := set(only) - {task.name for task in tasks}:
        known = ", ".join(dict.fromkeys(task.name for task in _tasks(shrink)))
        raise ValueError(f"`only` must name some of {known}, got {', '.join(sorted(unknown))}")
    return [row for task in tasks for row in _measure(task, seconds / len(tasks))]


@dataclass(frozen=True)
class _Task:
    """A benchmark: its variants with their batch sizes, and the number of pairs per batch."""

    name: str
    dim: int
    variants: dict[str, tuple[Make, int]]
    pairs: Callable[[int], int]
    device: str = "cpu"


def _tasks(shrink: int) -> list[_Task]:
    def task(
        name: str, batch: int, dim: int, pairs: Callable[[int], int], makes: Mapping[str, Make]
    ) -> _Task:
        sizes = {"torch.pdist": _PDIST_SAMPLES}  # the distances of more would exceed memory
        variants = {
            variant: (make, max(2, sizes.get(variant, batch) // shrink))
            for variant, make in makes.items()
        }
        return _Task(name, dim, variants, pairs)

    alone: dict[str, Make] = {"nearfar": _nt_xent}
    nt_xent = {**alone, "masked-cross-entropy": _masked_cross_entropy, "lightly": _lightly}
    queue = {"nearfar": _queue, "matmul-cross-entropy": _matmul_cross_entropy}
    tasks = [
        task("nt-xent", 4_096, 128, _of_two_views, nt_xent),
        task("nt-xent", 256, 128, _of_two_views, nt_xent),
        task("nt-xent", 32_768, 128, _of_two_views, alone),
        task("uniformity", 65_536, 128, _of_a_set, {"nearfar": _uniformity, "torch.pdist": _pdist}),
        task("info-nce-queue", 65_536, 128, lambda bank: _QUERIES * bank, queue),
    ]
    if torch.cuda.is_available():
        products = {**alone, "matrix-products": _matrix_products}
        both_ways = {"nearfar": _both_ways, "memeff": _memeff, "inf-cl": _inf_cl}
        for dim in (128, 512):
            on_gpu = [
                task("nt-xent", 65_536, dim, _of_two_views, products),
                task("info-nce-both-ways", 65_536, dim, lambda batch: batch * batch, both_ways),
            ]
            tasks += [replace(measured, device="cuda") for measured in on_gpu]
        tasks.append(replace(task("nt-xent", 262_144, 128, _of_two_views, alone), device="cuda"))
    return tasks


def _of_two_views(batch: int) -> int:
    return batch * (2 * batch - 1)


def _of_a_set(samples: int) -> int:
    return samples * (samples - 1) // 2


def _measure(task: _Task, seconds: float) -> list[ObjectiveRow]:
    took: dict[str, list[float]] = {name: [] for name in task.variants}
    with ExitStack() as stack:
        workers = {
            name: stack.enter_context(
                Worker(make, (batch, task.dim, task.device), warm_up=(8, task.dim, task.device))
            )
            for name, (make, batch) in task.variants.items()
        }
        alive = {name: worker for name, worker in workers.items() if not worker.note}
        repeats = {
            name: max(1, round(_SECONDS_PER_TURN / worker.seconds(1)))
            if worker.first < _SECONDS_PER_TURN
            else 1
            for name, worker in alive.items()
        }
        rounds, end = (_ROUNDS_AT_LEAST if len(alive) > 1 else 1), time.perf_counter() + seconds
        while alive and (rounds > 0 or time.perf_counter() < end):
            rounds -= 1
            for name, worker in alive.items():
                took[name].append(worker.seconds(repeats[name]))
    return [_row(task, name, took, workers[name]) for name in workers]


def _row(task: _Task, name: str, took: dict[str, list[float]], worker: Worker) -> ObjectiveRow:
    batch, nan = task.variants[name][1], float("nan")
    rates = {
        variant: task.pairs(size) / statistics.median(took[variant]) if took[variant] else nan
        for variant, (_, size) in task.variants.items()
    }
    on_gpu = task.device == "cuda"
    device = f"cuda {torch.cuda.get_device_name()}" if on_gpu else "cpu"
    threads = f"{torch.get_num_threads()} threads, "
    return ObjectiveRow(
        name=task.name,
        variant=name,
        batch=batch,
        dim=task.dim,
        dtype="bfloat16" if on_gpu else "float32",
        median_seconds=statistics.median(took[name]) if took[name] else nan,
        pairs_per_second=rates[name],
        ratio=rates["nearfar"] / rates[name],
        peak_memory=worker.peak,
        provenance=Provenance.here(device=device),
        note=worker.note or f"{'' if on_gpu else threads}{len(took[name])} rounds",
    )


def _vectors(rows: int, dim: int, device: str, *, seed: int, learnt: bool = True) -> Tensor:
    """Random unit vectors."""
    chance = torch.Generator().manual_seed(seed)
    z = F.normalize(torch.randn(rows, dim, generator=chance), dim=1)
    z = z.to(device, torch.bfloat16 if device == "cuda" else torch.float32)
    return z.requires_grad_(learnt)


def _views(batch: int, dim: int, device: str) -> list[Tensor]:
    return [_vectors(batch, dim, device, seed=seed) for seed in (0, 1)]


def _step(loss: Callable[..., Tensor], *inputs: Tensor) -> Step:
    """A forward and backward pass."""
    learnt = [z for z in inputs if z.requires_grad]
    return lambda: torch.autograd.grad(loss(*inputs), learnt)


def _nt_xent(batch: int, dim: int, device: str) -> Step:
    views = _views(batch, dim, device)
    return _step(lambda z1, z2: nt_xent_loss(z1, z2, temperature=_TEMPERATURE), *views)


def _masked_cross_entropy(batch: int, dim: int, device: str) -> Step:
    """All similarities in one matrix product, self-similarities set to minus infinity."""
    partners = torch.arange(2 * batch, device=device).roll(batch)

    def loss(z1: Tensor, z2: Tensor) -> Tensor:
        z = F.normalize(torch.cat([z1, z2]), dim=1)
        logits = (z / _TEMPERATURE) @ z.T
        return F.cross_entropy(logits.fill_diagonal_(-torch.inf), partners)

    return _step(loss, *_views(batch, dim, device))


def _lightly(batch: int, dim: int, device: str) -> Step:
    from lightly.loss import NTXentLoss

    return _step(NTXentLoss(temperature=_TEMPERATURE), *_views(batch, dim, device))


def _uniformity(batch: int, dim: int, device: str) -> Step:
    return _step(uniformity_loss, _vectors(batch, dim, device, seed=0))


def _pdist(batch: int, dim: int, device: str) -> Step:
    """The authors' implementation, on the distances of all pairs."""

    def loss(z: Tensor) -> Tensor:
        return torch.pdist(F.normalize(z, dim=1)).square().mul(-2).exp().mean().log()

    return _step(loss, _vectors(batch, dim, device, seed=0))


def _bank(size: int, dim: int, device: str) -> list[Tensor]:
    """Queries, their keys and a queue; as in MoCo only the queries require gradients."""
    queries = _vectors(_QUERIES, dim, device, seed=0)
    others = [(_QUERIES, 1), (size, 2)]
    return [queries, *(_vectors(n, dim, device, seed=s, learnt=False) for n, s in others)]


def _queue(batch: int, dim: int, device: str) -> Step:
    def loss(queries: Tensor, keys: Tensor, bank: Tensor) -> Tensor:
        return info_nce_loss(queries, keys, bank, temperature=_TEMPERATURE)

    return _step(loss, *_bank(batch, dim, device))


def _matmul_cross_entropy(batch: int, dim: int, device: str) -> Step:
    """MoCo's implementation: similarities with the queue, concatenated to those of positives."""
    first = torch.zeros(_QUERIES, dtype=torch.long, device=device)

    def loss(queries: Tensor, keys: Tensor, bank: Tensor) -> Tensor:
        queries, keys = F.normalize(queries, dim=1), F.normalize(keys, dim=1)
        positives = (queries * keys).sum(dim=1, keepdim=True)
        logits = torch.cat([positives, queries @ bank.T], dim=1)
        return F.cross_entropy(logits / _TEMPERATURE, first)

    return _step(loss, *_bank(batch, dim, device))


def _both_ways(batch: int, dim: int, device: str) -> Step:
    """Symmetric InfoNCE, as for image and text (CLIP)."""

    def loss(z1: Tensor, z2: Tensor) -> Tensor:
        one = info_nce_loss(z1, z2, temperature=_TEMPERATURE)
        return (one + info_nce_loss(z2, z1, temperature=_TEMPERATURE)) / 2

    return _step(loss, *_views(batch, dim, device))


def _memeff(batch: int, dim: int, device: str) -> Step:
    from memeff import MemoryEfficientCLIPLoss

    objective = MemoryEfficientCLIPLoss(temperature=_TEMPERATURE, stable=False)
    return _step(objective, *_views(batch, dim, device))


def _inf_cl(batch: int, dim: int, device: str) -> Step:
    from inf_cl.flash import cal_flash_loss

    def loss(z1: Tensor, z2: Tensor) -> Tensor:
        z1, z2 = F.normalize(z1, dim=1), F.normalize(z2, dim=1)
        arguments: dict[str, Any] = {"scale": 1 / _TEMPERATURE, "head_dim": min(dim, 256)}
        one = cal_flash_loss(z1, z2, **arguments).mean()
        total: Tensor = (one + cal_flash_loss(z2, z1, **arguments).mean()) / 2
        return total

    return _step(loss, *_views(batch, dim, device))


def _matrix_products(batch: int, dim: int, device: str) -> Step:
    """Large matrix products with the minimum number of operations of NT-Xent.

    Forward and backward each compute the similarities of half of all pairs of 2N vectors; the
    backward pass multiplies all pairs' weights with the vectors.
    """
    side = min(_SQUARE, 2 * batch)
    a = torch.randn(side, side, dtype=torch.bfloat16, device=device)
    b = a.T.contiguous()
    products = max(1, round(2 * (2 * batch) ** 2 * dim / side**3))

    def step() -> None:
        for _ in range(products):
            torch.mm(a, b)

    return step

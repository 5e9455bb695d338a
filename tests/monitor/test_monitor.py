"""The monitor in anyone's loop: what it judges, and that processes agree with one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from nearfar.diagnostics import health, measurements
from nearfar.methods import simclr
from nearfar.modules import ConvNet
from nearfar.monitor import Monitor
from nearfar.parallel import rank, world_size
from nearfar.training import Engine, Watch
from tests.distributed.harness import run_processes


def batches(count: int = 6, rows: int = 32, dim: int = 8) -> list[tuple[Tensor, Tensor]]:
    source = torch.Generator().manual_seed(0)
    made = []
    for _ in range(count):
        z1 = torch.randn(rows, dim, generator=source)
        made.append((z1, z1 + 0.2 * torch.randn(rows, dim, generator=source)))
    return made


def test_the_record_is_that_of_the_latest_rows() -> None:
    monitor = Monitor(samples=100, chance=4.0)
    every = batches(40)
    for number, (z1, z2) in enumerate(every):
        monitor.update(z1, z2, representations=(z2, z1), loss=torch.tensor(number / 10))
    z1, z2 = (torch.cat(views) for views in zip(*every[-3:], strict=True))
    course = {"updates": 40.0}
    expected = health(z1, z2, representations=(z2, z1), loss=3.8, chance=4.0, course=course)
    found = monitor.compute()
    assert found.measurements == pytest.approx(expected.measurements, abs=1e-6)
    assert found.verdict == monitor.verdict == expected.verdict == "healthy"
    note = "judged are 96 of 1,280 samples, those of 3 of 40 updates, the latest of an epoch"
    assert found.notes[-1] == note


def test_the_rows_of_one_epoch_are_judged() -> None:
    few = batches(3)
    monitor = Monitor(samples=160)
    for epoch in range(20):
        for z1, z2 in few:
            monitor.update(z1, z2, epoch=epoch)
    assert monitor.compute().samples == 96
    assert monitor.verdict == "healthy"
    monitor.update(*few[0], epoch=20)
    assert monitor.compute().samples == 96
    mixed = Monitor(samples=160)
    for _ in range(20):
        for z1, z2 in few:
            mixed.update(z1, z2)
    assert mixed.verdict == "duplicates"


@pytest.mark.slow
def test_the_monitor_measures_what_a_run_watches() -> None:
    method = simclr(ConvNet(width=4), 32, temperature=0.2)
    watch = Watch((torch.rand(48, 3, 16, 16), torch.rand(48, 3, 16, 16)))
    engine = Engine(devices=1, precision="32")
    line, shown = watch(method, engine), watch.project(method, engine)
    monitor = Monitor()
    monitor.update(shown.z1, shown.z2, representations=(shown.h1, shown.h2))
    found = monitor.compute().measurements
    for name in measurements(shown.z1, shown.z2):
        assert found[name] == pytest.approx(getattr(line, name), abs=1e-6)


def test_of_a_larger_batch_every_kth_row_is_judged() -> None:
    monitor = Monitor(samples=10)
    (z1, z2), *_ = batches(rows=32)
    monitor.update(z1, z2)
    assert monitor.compute().samples == 8
    measured = measurements(z1[::4], z2[::4])
    assert measured.items() <= monitor.compute().measurements.items()


def of_shards(shards: int) -> tuple[dict[str, float], tuple[str, ...]]:
    monitor = Monitor(samples=50, chance=3.0)
    for z1, z2 in batches(rows=48):
        mine = slice(rank() * 48 // shards, (rank() + 1) * 48 // shards)
        assert shards == world_size()
        monitor.update(z1[mine], z2[mine], loss=z1[mine].mean().abs())
    for z1, z2 in batches(rows=144):  # of which every third is judged
        mine = slice(rank() * 144 // shards, (rank() + 1) * 144 // shards)
        monitor.update(z1[mine], z2[mine], loss=torch.tensor(2.5))
    record = monitor.compute()
    return record.measurements, record.notes


@pytest.mark.slow
def test_two_processes_judge_what_one_would() -> None:
    alone = of_shards(1)
    assert "judged are 48 of 1,152 samples" in alone[1][-1]
    assert run_processes(of_shards, 2, 2) == [alone, alone]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_and_one_view(dtype: torch.dtype) -> None:
    monitor = Monitor()
    for z, _ in batches():
        monitor.update(z.to(dtype))
    rounded = torch.cat([z for z, _ in batches()]).to(dtype).float()
    assert monitor.compute().measurements["m_o"] == pytest.approx(
        measurements(rounded)["m_o"], abs=1e-12
    )
    assert "agreement of views: only one view was given" in monitor.compute().not_judged


def test_the_rows_are_copies_without_gradient() -> None:
    monitor = Monitor()
    z1, z2 = batches(rows=64)[0]
    z1 = z1.requires_grad_()
    monitor.update(z1, z2)
    with torch.no_grad():
        z1.zero_()
    assert monitor.compute().measurements["m_r"] > 0.5


def test_rows_that_are_not_finite_are_left_out_and_counted() -> None:
    monitor = Monitor()
    z1, z2 = batches(rows=64)[0]
    z2[5, 3] = float("nan")
    monitor.update(z1, z2)
    record = monitor.compute()
    assert record.samples == 63
    assert record.notes[-1].endswith("without 1 row with NaN or infinity")
    monitor.reset()
    monitor.update(z1 * float("inf"))
    with pytest.raises(ValueError, match="`Monitor` needs at least 2 rows without NaN"):
        monitor.compute()


def test_a_collapse_is_seen_and_a_record_is_due_after_so_many_updates() -> None:
    monitor = Monitor(every=40)
    due = []
    for _ in range(100):
        monitor.update(torch.ones(32, 8), torch.ones(32, 8))
        due.append(monitor.due)
        if monitor.due:
            assert monitor.verdict == "complete collapse"
    assert [number + 1 for number, one in enumerate(due) if one] == [40, 80]


def test_after_few_updates_only_a_collapse_is_certain() -> None:
    monitor = Monitor()
    for z1, z2 in batches():
        monitor.update(z1, z2)
    assert monitor.verdict == "not yet"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda z: {"z1": z, "z2": z, "representations": z[:3]}, "`h1` must have 16 rows, as `z1`"),
        (lambda z: {"z1": z[:, :5], "z2": z[:, :5]}, "must be those so far, z1 with 8 columns, z2"),
        (lambda z: {"z1": z}, r"got z1 with 8 columns; start again with reset\(\)"),
    ],
)
def test_what_does_not_continue_the_stream_is_refused(
    change: Callable[[Tensor], dict[str, Tensor]], message: str
) -> None:
    monitor = Monitor()
    z1, z2 = batches(rows=16)[0]
    monitor.update(z1, z2)
    with pytest.raises(ValueError, match=message):
        monitor.update(**change(z1))

"""The engine chooses devices, precision and strategy, and processes exchange what they should."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lightning_fabric
import pytest
import torch
from torch import nn

from nearfar.training import Engine, _engine
from nearfar.training._optimizers import build_optimizer
from tests.training.worlds import build, options


@pytest.mark.parametrize(
    ("gpus", "devices", "launcher", "expected"),
    [
        (0, 0, None, ("cpu", 1, "auto")),
        (0, 1, None, ("cpu", 1, "auto")),
        (0, 2, None, ("cpu", 2, "ddp_spawn")),
        (0, 2, "TORCHELASTIC_RUN_ID", ("cpu", 2, "ddp")),
        (0, 3, "SLURM_STEP_ID", ("cpu", 3, "ddp")),
        (0, 0, "SLURM_STEP_ID", ("cpu", 3, "ddp")),
        (2, 0, None, ("cuda", 2, "ddp_spawn")),
        (2, 1, "SLURM_NTASKS", ("cuda", 1, "auto")),
        (0, 2, "SLURM_NTASKS", ("cpu", 2, "ddp_spawn")),
        (2, 2, "TORCHELASTIC_RUN_ID", ("cuda", 2, "ddp")),
    ],
)
def test_devices_and_strategy_are_those_asked_for_and_there(
    monkeypatch: pytest.MonkeyPatch,
    gpus: int,
    devices: int,
    launcher: str | None,
    expected: tuple[str, int, str],
) -> None:
    for name in ("TORCHELASTIC_RUN_ID", "SLURM_STEP_ID", "SLURM_NTASKS"):
        monkeypatch.delenv(name, raising=False)
    if launcher:
        monkeypatch.setenv(launcher, "4")
        size = "WORLD_SIZE" if launcher.startswith("TORCH") else "SLURM_STEP_NUM_TASKS"
        monkeypatch.setenv(size, str(expected[1]))
        monkeypatch.setenv("SLURM_PROCID", "0")
        monkeypatch.setenv("SLURM_JOB_NAME", "train")
    made: list[dict[str, Any]] = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(lightning_fabric, "Fabric", lambda **settings: made.append(settings))
    engine = Engine(devices=devices, precision="16")
    (settings,) = made
    assert (settings["accelerator"], settings["devices"], settings["strategy"]) == expected
    assert settings["precision"] == "16-mixed"
    assert (engine.devices, engine.precision) == (expected[1], "16")


def test_more_devices_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(ValueError, match="`devices` must be at most 2, the number of GPUs, got 3"):
        Engine(devices=3, precision="32")


@pytest.mark.parametrize("there", [True, False])
def test_precision_is_bfloat16_only_where_the_device_computes_in_it(
    monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    monkeypatch.setattr(_engine, "computes_in_bfloat16", lambda device: there)
    assert Engine(devices=1).precision == ("bf16" if there else "32")


@pytest.mark.parametrize(("precision", "dtype"), [("64", torch.float64), ("bf16", torch.float32)])
def test_weights_are_float32_but_in_double_precision(precision: str, dtype: torch.dtype) -> None:
    assert Engine(devices=1, precision=precision).dtype == dtype


def several(monkeypatch: pytest.MonkeyPatch, processes: int) -> Engine:
    """An engine that believes to be one of so many processes."""
    monkeypatch.setattr(Engine, "world_size", property(lambda _: processes))
    return Engine(devices=1, precision="32")


@pytest.mark.parametrize("processes", [1, 2])
def test_batch_statistics_are_joined_where_there_is_more_than_one_process(
    monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    joined: list[nn.Module] = []
    monkeypatch.setattr(_engine, "synchronize_batch_norm", joined.append)
    method = build("simclr")
    several(monkeypatch, processes).setup(method, build_optimizer(method, options()))
    assert joined == ([method] if processes > 1 else [])


class Exchanges:
    """In the place of Fabric: whether a backward pass exchanges gradients."""

    def __init__(self) -> None:
        self.synchronized = True
        self.seen: list[bool] = []

    @contextmanager
    def no_backward_sync(self, module: object, *, enabled: bool) -> Iterator[None]:
        self.synchronized = not enabled
        yield
        self.synchronized = True

    def backward(self, loss: torch.Tensor) -> None:
        self.seen.append(self.synchronized)


def test_gradients_are_exchanged_at_the_last_batch_of_an_update_only() -> None:
    engine, fabric = Engine(devices=1, precision="32"), Exchanges()
    engine._fabric = fabric  # type: ignore[assignment]
    for last in (False, False, True):
        engine.backward(torch.ones(()), last=last)
    assert fabric.seen == [False, False, True]


def test_gradients_become_the_mean_over_the_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = several(monkeypatch, 4)
    engine._wrapped = nn.ModuleList([nn.Linear(3, 2), nn.Linear(1, 1), nn.Linear(2, 5)])
    first, unused, last = engine._wrapped
    for number, parameter in enumerate([*first.parameters(), *last.parameters()]):
        parameter.grad = torch.arange(parameter.numel()).view_as(parameter) + 100.0 * number
    before = [p.grad.clone() for p in (*first.parameters(), *last.parameters())]
    # the sum where the three others have twice these gradients
    monkeypatch.setattr(_engine.distributed, "all_reduce", lambda tensor: tensor.mul_(7))
    engine.average_gradients()
    for old, parameter in zip(before, [*first.parameters(), *last.parameters()], strict=True):
        torch.testing.assert_close(parameter.grad, old * 7 / 4)
    assert unused.weight.grad is None


def test_a_spawned_process_rebuilds_the_engine_around_what_it_is_handed() -> None:
    fabric = Engine(devices=1, precision="32")._fabric

    def report(engine: Engine, word: str) -> tuple[object, ...]:
        return engine.precision, engine.devices, engine.rank, engine.device, word

    found = _engine._enter("bf16", report, ("word",), fabric)
    assert found == ("bf16", 1, 0, torch.device("cpu"), "word")

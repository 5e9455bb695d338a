"""Training on several processes equals training on one with the same global batch."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import distributed

from nearfar.methods import Method
from nearfar.parallel import rank, synchronize_batch_norm, world_size
from nearfar.records import RunDirectory
from nearfar.testing._method_contract import joined_backward
from nearfar.training import Engine, cached_backward, latest_checkpoint
from tests.cases.method_cases import two_views
from tests.distributed.harness import run_processes
from tests.slow import mostly_slow
from tests.training.worlds import PRESETS, build, fit, options, weights, without_norms

SETTINGS = {"batch_size": 16, "optimizer": "sgd", "precision": "64", "watch_every": 0}


def work(engine: Engine, folder: Path, name: str) -> None:
    torch.set_num_threads(1)
    fit(folder, build(name), options(epochs=1, **SETTINGS), engine=engine)  # 6 updates


def work_in_parts(engine: Engine, folder: Path, micro_batch: int | None) -> None:
    torch.set_num_threads(1)
    chosen = options(epochs=2, accumulate=2, micro_batch=micro_batch, **SETTINGS)
    for name in PRESETS:
        fit(folder / name, without_norms(build(name)), chosen, engine=engine)  # 6 updates


def trained(folder: Path, method: Method) -> dict[str, torch.Tensor]:
    checkpoint = latest_checkpoint(folder / "checkpoints")
    assert checkpoint.step == 6
    checkpoint.restore_method(method)
    return weights(method)


@pytest.mark.parametrize("name", mostly_slow(PRESETS, quick=["moco_v2"]))
@pytest.mark.usefixtures("forked_processes")
def test_two_processes_end_with_the_weights_of_one(tmp_path, name):
    for devices in (1, 2):
        Engine(devices=devices, precision="64").launch(work, tmp_path / str(devices), name)
    one, two = (trained(tmp_path / str(d), build(name).double()) for d in (1, 2))
    assert_moved_alike(weights(build(name).double()), one, two)
    alone, shared = (RunDirectory(tmp_path / str(d)).read_metrics() for d in (1, 2))
    # processes share the batches of watched samples as they do in training
    assert shared.watch[-1].loss == pytest.approx(alone.watch[-1].loss, rel=1e-5)
    for line, same in zip(alone.train, shared.train, strict=True):
        assert same.terms == pytest.approx(line.terms, rel=1e-5)
        assert same.loss == pytest.approx(line.loss, rel=1e-5)  # of the batch, not of a share


@pytest.mark.slow  # of every preset; the next test has the gradients of two processes
@pytest.mark.usefixtures("forked_processes")
def test_two_processes_in_micro_batches_end_with_the_weights_of_one_without(tmp_path):
    for devices, micro_batch in ((1, None), (2, 3)):  # 8 samples of a process: 3, 3 and 2
        engine = Engine(devices=devices, precision="64")
        engine.launch(work_in_parts, tmp_path / str(devices), micro_batch)
    for name in PRESETS:
        plain = without_norms(build(name)).double()
        one, two = (trained(tmp_path / str(d) / name, copy.deepcopy(plain)) for d in (1, 2))
        assert_moved_alike(weights(plain), one, two)


def cached_gradients() -> dict[str, torch.Tensor]:
    """Of this process's half of a batch, in micro-batches of 2, averaged over processes."""
    method = synchronize_batch_norm(build("simclr").double())
    half = slice(4 * rank(), 4 * rank() + 4)
    cached_backward(method, tuple(view.double()[half] for view in two_views()), micro_batch=2)
    found = {name: parameter.grad for name, parameter in method.named_parameters()}
    for gradient in found.values():
        distributed.all_reduce(gradient)
        gradient.div_(world_size())
    return found | dict(method.named_buffers())


def test_batch_norm_sees_the_micro_batches_of_all_processes_together():
    method = build("simclr").double()
    views = tuple(view.double() for view in two_views())
    together = ([0, 1, 4, 5], [2, 3, 6, 7])
    joined_backward(method, *(tuple(view[rows] for view in views) for rows in together))
    expected = {name: parameter.grad for name, parameter in method.named_parameters()}
    expected |= dict(method.named_buffers())
    for found in run_processes(cached_gradients, 2):
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=1e-9, atol=1e-9)


def assert_moved_alike(
    start: dict[str, torch.Tensor], one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]
) -> None:
    for key, value in one.items():
        moved = (value - start[key]).abs().max().item()
        difference = (two[key] - value).abs().max().item()
        # views and queued keys are float32; all that is computed from them is not
        assert difference <= 1e-6 * moved + 1e-9, (key, difference, moved)

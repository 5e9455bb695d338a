"""Training on several processes equals training on one with the same global batch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nearfar.training import Engine, latest_checkpoint
from tests.training.worlds import PRESETS, build, fit, options, weights


def work(engine: Engine, folder: Path, name: str) -> None:
    torch.set_num_threads(1)
    chosen = options(epochs=1, batch_size=16, optimizer="sgd", precision="64", watch_every=0)
    fit(folder, build(name), chosen, engine=engine)  # 6 updates


def trained(folder: Path, name: str) -> dict[str, torch.Tensor]:
    method = build(name).double()
    checkpoint = latest_checkpoint(folder / "checkpoints")
    assert checkpoint.step == 6
    checkpoint.restore_method(method)
    return weights(method)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_two_processes_end_with_the_weights_of_one(tmp_path, name):
    for devices in (1, 2):
        Engine(devices=devices, precision="64").launch(work, tmp_path / str(devices), name)
    one, two = (trained(tmp_path / str(devices), name) for devices in (1, 2))
    start = weights(build(name).double())
    for key, value in one.items():
        moved = (value - start[key]).abs().max().item()
        difference = (two[key] - value).abs().max().item()
        # views and queued keys are float32; all that is computed from them is not
        assert difference <= 1e-6 * moved + 1e-9, (key, difference, moved)

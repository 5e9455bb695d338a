"""A call is a guest in someone's process: settings of the process neither decide nor change."""

from __future__ import annotations

import os
import signal
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import nearfar
from nearfar.api._setup_notes import warmup_notes
from nearfar.training import TrainingOptions, plan
from tests.every import every

PIXELS = np.random.default_rng(5).random((40, 8, 8), dtype=np.float32)


def trained(out: Path, **settings: Any) -> nearfar.Run:
    chosen = {"epochs": 1, "batch_size": 16, "precision": "32", "progress": False} | settings
    return nearfar.pretrain("simclr", PIXELS, out=out, **chosen)


def settings() -> tuple[object, ...]:
    """What of the process a call could change."""
    handlers = (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM))
    grad = (torch.is_grad_enabled(), torch.is_inference_mode_enabled())
    return (
        *(torch.get_rng_state().tolist(), torch.get_default_dtype(), torch.get_num_threads()),
        *(grad, torch.is_autocast_enabled("cpu"), handlers, list(warnings.filters)),
        *(dict(os.environ), np.random.get_state()[1].tolist()),
    )


@pytest.mark.slow
def test_settings_of_the_process_decide_nothing_and_are_as_before(tmp_path: Path) -> None:
    usual = trained(tmp_path / "usual").embed(PIXELS)
    torch.manual_seed(11)
    before = settings()
    run = trained(tmp_path / "again")
    assert np.array_equal(run.embed(PIXELS), usual)
    assert settings() == before
    modes = {
        "no_grad": torch.no_grad,
        "inference_mode": torch.inference_mode,
        "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    }
    for name, mode in modes.items():
        with mode():
            found = trained(tmp_path / name).embed(PIXELS)
        assert np.array_equal(found, usual), name
    torch.set_default_dtype(torch.float64)
    try:
        found = trained(tmp_path / "double").embed(PIXELS)
        assert torch.get_default_dtype() == torch.float64
        assert np.array_equal(nearfar.load(tmp_path / "double").embed(PIXELS), usual)
    finally:
        torch.set_default_dtype(torch.float32)
    assert np.array_equal(found, usual)


@pytest.mark.slow
def test_threads_take_turns(tmp_path: Path) -> None:
    alone = trained(tmp_path / "alone").embed(PIXELS)
    with ThreadPoolExecutor(3) as pool:
        places = [tmp_path / f"thread-{number}" for number in range(3)]
        found = list(pool.map(lambda place: trained(place).embed(PIXELS), places))
    assert every(np.array_equal(rows, alone) for rows in found)


def test_a_warm_up_longer_than_the_run_is_told() -> None:
    long = plan(64, TrainingOptions(batch_size=32, epochs=2, warmup_epochs=8))
    assert "run of 4: the learning rate reaches 25% of" in warmup_notes(long)[0]
    assert warmup_notes(plan(64, TrainingOptions(batch_size=32, epochs=2, warmup_epochs=1))) == ()

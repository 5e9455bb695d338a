"""`pretrain(minutes=…)`: what is chosen is in the recipe, and said; what is given is kept."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

import nearfar
from nearfar.api._allocation_failures import explained_memory
from nearfar.api._budget_notes import Budget
from nearfar.api._recipe import Recipe
from nearfar.api._setup import Setup
from nearfar.cli import main
from nearfar.data import open_source
from nearfar.methods import simclr
from nearfar.training import TrainingOptions

NONE = 1e-3  # minutes in which nothing can be trained


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (96, 96, 96, 3), dtype=np.uint8)


def training_of(run: nearfar.Run) -> dict[str, Any]:
    tables = tomllib.loads((run.path / "recipe.toml").read_text(encoding="utf-8"))
    return tables["data"] | tables["encoder"] | tables["training"]


def weights_of(run: nearfar.Run) -> dict[str, bytes]:
    tensors = load_file(run.path / "encoder.safetensors")
    return {name: tensor.numpy().tobytes() for name, tensor in tensors.items()}


@pytest.mark.slow
def test_a_run_without_time_is_the_smallest_and_says_so(
    pictures: NDArray[np.uint8], tmp_path: Path
) -> None:
    np.save(tmp_path / "pictures.npy", pictures)
    run = nearfar.pretrain("simclr", tmp_path / "pictures.npy", minutes=NONE, out=tmp_path / "run")
    held = training_of(run)
    assert held["image_size"] == 32
    assert held["epochs"] < 60
    assert run.record.steps >= 10
    chosen, why, how = run.record.notes[:3]
    assert "--image-size 32 (usually 96)" in chosen
    assert f"--epochs {held['epochs']} (usually 60)" in chosen
    assert "measured" in why
    assert "more than the 0.001 minutes" in why
    assert "--minutes none" in how
    assert "--setting imagenet" in how

    # a run that repeats its recipe has nothing to choose
    again = tmp_path / "again"
    assert main(["train", "--recipe", str(run.path), "--out", str(again)]) == 0
    repeated = nearfar.load(again)
    assert (again / "recipe.toml").read_bytes() == (run.path / "recipe.toml").read_bytes()
    assert not set(repeated.record.notes) & {chosen, why, how}
    assert weights_of(repeated) == weights_of(run)


@pytest.mark.slow
def test_what_is_given_is_kept(pictures: NDArray[np.uint8], tmp_path: Path) -> None:
    run = nearfar.pretrain(
        "vicreg",
        pictures,
        minutes=NONE,
        image_size=40,
        batch_size=24,
        epochs=2,
        out=tmp_path / "run",
    )
    held = training_of(run)
    assert (held["image_size"], held["batch_size"], held["epochs"]) == (40, 24, 2)
    assert "max_updates" not in held
    assert run.record.steps == 6
    assert "more than the 0.001 minutes" in run.record.notes[0]


def test_a_run_that_fits_is_the_run_without_a_budget(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(64, 8)).astype(np.float32)
    runs = [
        nearfar.pretrain("simclr", rows, epochs=2, minutes=minutes, out=tmp_path / str(minutes))
        for minutes in (None, 60.0, "auto", 0)
    ]
    first, asked, automatic, off = map(weights_of, runs)
    assert first == asked == automatic == off
    notes = [run.record.notes for run in runs]
    assert notes[0] == notes[2] == notes[3]
    assert "nothing was made smaller" in notes[1][0]
    assert notes[1][1:] == notes[0]


@pytest.mark.parametrize("minutes", [-1, math.nan, math.inf, True])
def test_other_minutes_are_refused(minutes: Any) -> None:
    with pytest.raises(ValueError, match="`minutes` must be a number of minutes, 0 or None"):
        nearfar.pretrain("simclr", "digits", minutes=minutes)


def test_a_budget_counts_from_the_start_of_a_young_process() -> None:
    budget = Budget.of(2)
    assert budget is not None
    assert 0 < budget.left() <= 120
    assert (Budget.of(None), Budget.of(0)) == (None, None)
    default = Budget.of("auto")
    assert default is not None
    assert (default.minutes, default.default) == (10, True)


@pytest.mark.parametrize(
    ("modality", "shape"), [("vectors", (300, 20)), ("sequences", (60, 1, 400))]
)
@pytest.mark.slow
def test_other_kinds_of_data_have_a_smallest_setting(
    modality: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    data = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    run = nearfar.pretrain("simclr", data, modality=modality, minutes=NONE, out=tmp_path / "run")
    assert run.record.steps in range(10, 40)
    assert "(usually " in run.record.notes[0]


def setup_of(**training: Any) -> Setup:
    recipe = Recipe(training=TrainingOptions(**training))
    source = open_source("digits")
    return Setup.prepare(recipe, source, "convnet", None, None, preset=simclr)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to"),
        MemoryError("Unable to allocate 3.1 GiB"),
        Exception("-- Process 1 terminated\ntorch.OutOfMemoryError: CUDA out of memory"),
    ],
)
def test_a_failed_allocation_says_what_to_halve(error: Exception) -> None:
    wanted = "out of memory: halve --batch-size, which is 256, or keep it with --micro-batch 128"
    with pytest.raises(MemoryError, match=wanted), explained_memory(setup_of()):
        raise error
    divided = setup_of(micro_batch=64)
    wanted = "halve --micro-batch, which is 64: 32"
    with pytest.raises(MemoryError, match=wanted), explained_memory(divided):
        raise error


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes cannot"), explained_memory(setup_of()):
        raise RuntimeError("shapes cannot be multiplied")


def test_an_impossible_allocation_is_recognized() -> None:
    """PyTorch's own allocator refuses an exbibyte."""
    setup = setup_of()
    with pytest.raises(MemoryError, match="halve --batch-size"), explained_memory(setup):
        torch.empty(1 << 58, dtype=torch.float32)

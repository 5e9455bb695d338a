"""SIGKILL at any moment, resume, and the weights are bit for bit those of the whole run."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import signal
from pathlib import Path

import pytest
import torch

from nearfar.training import latest_checkpoint
from tests.slow import mostly_slow
from tests.training.worlds import build, fit, options, weights

CHOSEN = {"epochs": 2, "checkpoint_every": 2}  # 12 updates, 6 checkpoints
STEPS = 12


class KillAfter:
    """Kills this process after an update."""

    def __init__(self, step: int) -> None:
        self.step = step

    def start(self, record: object) -> None: ...

    def update(self, *, step: int, **others: object) -> None:
        if step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)

    def finish(self, health: object) -> None: ...


def train_until_killed(folder: Path, name: str, step: int) -> None:
    torch.set_num_threads(1)
    fit(folder, build(name), options(**CHOSEN), progress=KillAfter(step))


def train_until_killed_while_writing(folder: Path, name: str, write: int, half: bool) -> None:
    """Dies within the `write`-th checkpoint: half written, or whole but not yet in its place."""
    torch.set_num_threads(1)
    from nearfar.training import _checkpoint as checkpoint

    seen = 0
    save_file = checkpoint.save_file

    def dying(tensors: object, path: Path, **others: object) -> None:
        nonlocal seen
        seen += 1
        save_file(tensors, path, **others)
        if seen == write:
            if half:
                os.truncate(path, Path(path).stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)

    checkpoint.save_file = dying
    fit(folder, build(name), options(**CHOSEN))


def killed(function: object, *arguments: object) -> None:
    context = multiprocessing.get_context("forkserver")  # imports torch once for all children
    context.set_forkserver_preload(["tests.training.worlds"])
    process = context.Process(target=function, args=arguments)
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    runs = {}
    for name in ("byol", "moco_v2"):
        folder = tmp_path_factory.mktemp(name)
        runs[name] = weights(fit(folder, build(name), options(**CHOSEN)))
    yield runs
    torch.set_num_threads(threads)


def check_resumed(folder: Path, name: str, whole) -> None:
    resumed = weights(fit(folder, build(name), options(**CHOSEN)))
    assert latest_checkpoint(folder / "checkpoints").step == STEPS
    assert not list((folder / "checkpoints").glob(".*"))
    different = [key for key in resumed if not torch.equal(resumed[key], whole[name][key])]
    assert not different


@pytest.mark.parametrize("seed", mostly_slow(range(7), quick=[0], slow=[1, 2]))
def test_killed_after_a_random_update(tmp_path, whole, seed):
    name = ("byol", "moco_v2")[seed % 2]
    killed(train_until_killed, tmp_path, name, random.Random(seed).randint(1, STEPS - 1))
    check_resumed(tmp_path, name, whole)


@pytest.mark.parametrize(
    ("write", "half"),
    mostly_slow(itertools.product([1, 4], [True, False]), slow=[(1, True), (4, False)]),
)
def test_killed_while_a_checkpoint_is_written(tmp_path, whole, write, half):
    killed(train_until_killed_while_writing, tmp_path, "moco_v2", write, half)
    check_resumed(tmp_path, "moco_v2", whole)


@pytest.mark.slow
def test_killed_three_times(tmp_path, whole):
    for step in (3, 5, 10):
        killed(train_until_killed, tmp_path, "byol", step)
    check_resumed(tmp_path, "byol", whole)

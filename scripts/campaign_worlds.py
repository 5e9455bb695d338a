"""Small data of each kind, small runs on them, and what of two runs must be equal."""

from __future__ import annotations

import json
import os
import random
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import nearfar

__all__ = ["WORLDS", "Outcome", "World", "forked", "make_data", "outcome_of", "train"]

SHORT: dict[str, Any] = {
    **{"epochs": 2, "batch_size": 16, "precision": "32", "checkpoint_every": 1},
    **{"log_every": 1, "watch_every": 2, "devices": 1, "progress": False},
}


@dataclass(frozen=True)
class World:
    """A method on data of a kind."""

    method: str
    data: str

    def __str__(self) -> str:
        return f"{self.method} on {self.data}"


WORLDS = (
    *(World(name, "images.npy") for name in ("simclr", "moco_v1", "moco_v2", "byol", "simsiam")),
    *(World(name, "images.npy") for name in ("barlow_twins", "vicreg", "swav")),
    World("simclr", "vectors.csv"),
    World("vicreg", "vectors.csv"),
    World("simclr", "texts.txt"),
    World("cpc", "sounds.npz"),
)


def make_data(folder: Path) -> None:
    """Write the data of all worlds."""
    rng, words = (
        np.random.default_rng(0),
        ["the", "a", "cat", "dog", "sees", "runs", "far", "near", "red", "blue"],
    )
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "images.npy", rng.integers(0, 256, (56, 8, 8), dtype=np.uint8))
    rows = rng.standard_normal((56, 5))
    lines = ["a,b,c,d,e", *(",".join(f"{value:.4f}" for value in row) for row in rows)]
    (folder / "vectors.csv").write_text("\n".join(lines))
    texts = [" ".join(rng.choice(words, 8)) for _ in range(56)]
    (folder / "texts.txt").write_text("\n".join(texts))
    np.savez(folder / "sounds.npz", x=rng.standard_normal((56, 2048)).astype(np.float32))


def train(world: World, data: Path, out: Path, *, seed: int = 0) -> None:
    """Train, resume, or start again what was killed before it began."""
    if (out / "recipe.toml").is_file():
        nearfar.resume(out, progress=False)
    else:
        nearfar.pretrain(world.method, data / world.data, out=out, seed=seed, **SHORT)


@dataclass(frozen=True)
class Outcome:
    """What of a finished run is the same however often it was killed."""

    weights: str
    metrics: str
    health: str


def outcome_of(out: Path) -> Outcome:
    """Read a finished run."""
    run = nearfar.load(out)
    lines = [vars(line) | {"samples_per_second": None} for line in run.metrics.train]
    watch = [vars(line) for line in run.metrics.watch]
    health = json.loads(run.health.to_json())
    weights = {name: value.numpy().tobytes() for name, value in run.encoder.state_dict().items()}
    return Outcome(repr(weights), repr((lines, watch)), repr(health))


def forked(act: Callable[[], object], *, seconds: float = 900.0) -> tuple[int, str]:
    """Call a function in a forked process; its exit code (−9 after SIGKILL) and its error."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code, said = 0, ""
        try:
            torch.set_num_threads(1)
            import signal

            signal.alarm(int(seconds))
            act()
        except BaseException as error:
            code, said = 1, f"{type(error).__name__}: {error}"
            if not isinstance(error, (ValueError, TypeError, OSError, ArithmeticError)):
                said = f"TRACEBACK {said} {traceback.format_exc()[-1500:]}"
        os.write(writing, said.encode(errors="replace")[:4000])
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), said


def chance(seed: int) -> random.Random:
    """The random numbers of a campaign."""
    torch.set_num_threads(1)
    return random.Random(seed)

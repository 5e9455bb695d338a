"""Pairs measured: ``python benchmarks/pairs.py omniglot|captions|table``.

omniglot   the multi-view objective on two drawings of a character: which terms, and how much of IP
captions   pairs of captions of the same picture: retrieval against the untrained encoder
table      writes the tables of docs/guides/pairs.md from the measured rows
"""

from __future__ import annotations

import csv
import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch; see docs/decisions/0003
import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import Tensor, nn

import nearfar
from nearfar.api.embedding import embed_source
from nearfar.data import open_labelled, open_source
from nearfar.diagnostics import pair_measurements
from nearfar.modalities import modality
from nearfar.probes import KNNProbe, LinearProbe
from results import save

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "guides" / "pairs.md"
SEEDS = (0, 1, 2)
WIDTH, DIM = 32, 256
EPOCHS = 60
FORWARD = 0.005  # λ_FP of figure 4 (c)
SETTINGS: dict[str, dict[str, float]] = {
    "CL": {},
    "CL + FP": {"forward_weight": FORWARD},
    "CL + 0.1 IP": {"inverse_weight": 0.1},
    "CL + IP": {"inverse_weight": 1.0},
    "CL + 10 IP": {"inverse_weight": 10.0},
    "CL + FP + IP": {"forward_weight": FORWARD, "inverse_weight": 1.0},
    "FP": {"contrastive_weight": 0.0, "forward_weight": FORWARD},
    "IP": {"contrastive_weight": 0.0, "inverse_weight": 1.0},
}


def encoder() -> nn.Module:
    """Four convolutions and a linear map, as in the paper, with fewer channels."""
    layers: list[nn.Module] = []
    channels = 1
    for block in range(4):
        layers += [nn.Conv2d(channels, WIDTH, 3, padding=1, bias=False), nn.BatchNorm2d(WIDTH)]
        layers += [nn.ReLU(inplace=True), *([nn.MaxPool2d(2)] if block < 3 else [])]
        channels = WIDTH
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(9 * WIDTH, DIM))


def omniglot(runs: Path) -> None:
    """Train what is not in `runs` yet, then measure every run."""
    source, judged = open_source("omniglot-pairs"), open_labelled("omniglot-pairs")
    for seed in SEEDS:
        for name, weights in SETTINGS.items():
            out = runs / f"{name.replace(' ', '')}-{seed}"
            if not (out / "health.json").is_file():
                train_drawings(source, out, seed, weights)


def train_drawings(source: object, out: Path, seed: int, weights: dict[str, float]) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        fresh = encoder()
    start = time.perf_counter()
    nearfar.pretrain(
        "multiview",
        source,
        encoder=fresh,
        width=DIM,
        out=out,
        seed=seed,
        epochs=EPOCHS,
        batch_size=128,
        weight_decay=1e-6,
        learning_rate=1e-3,
        warmup_epochs=2,
        method_options={"temperature": 0.1, **weights},
    )
    print(out.name, round(time.perf_counter() - start), flush=True)


if __name__ == "__main__":
    omniglot(Path(sys.argv[2]))

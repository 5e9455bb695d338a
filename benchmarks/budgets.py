"""Measure whether runs end within their budget of minutes, and whether training helped.

python benchmarks/budgets.py --work /tmp/budgets                  every case, 10 minutes each
python benchmarks/budgets.py photographs texts --minutes 2        some cases, a smaller budget

Cases: photographs (600, mixed sizes and formats), small (60,000 pictures of 28×28), large (20,000
pictures of up to 400×300), recordings, texts (15,000), table (20,000 rows), edges (an edge list).
Each is one call of the command line, timed from start to verdict with the memory of its process.
Results are written to budgets.json after each case; a case that is there is not repeated. Data sets
are read from $NEARFAR_DATA; the rest is written to the working folder once. Run it on an idle
computer: the load average is recorded.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

import nearfar
from nearfar.api._budget_notes import DEFAULT_MINUTES
from nearfar.api._embedding import embed_source
from nearfar.checks import require
from nearfar.data import Subset, open_source
from nearfar.data.graphs import GraphSource
from nearfar.modalities import rebuild_encoder
from nearfar.records import Provenance

RESULTS = Path(__file__).with_suffix(".json")
HERE = Path(__file__).parent
NEIGHBORS, MOST = 10, 5_000
ALLOWED = 1.15  # of the budget


def photographs(folder: Path, *, count: int, longest: int) -> Path:
    """A folder of synthetic photographs."""
    made = folder / f"photographs-{count}"
    words = [made, "--count", count, "--longest", longest]
    subprocess.run([sys.executable, HERE / "photographs.py", *map(str, words)], check=True)
    return made


def small(folder: Path) -> Path:
    """60,000 small pictures: the photographs' surfaces, shrunk to 28×28 grey pixels."""
    file = folder / "small.npy"
    if not file.exists():
        files = sorted((photographs(folder, count=600, longest=1600)).rglob("*.*"))
        random = np.random.default_rng(0)
        pictures = np.empty((60_000, 28, 28), np.uint8)
        for start, path in zip(range(0, 60_000, 100), files, strict=True):
            with Image.open(path) as opened:
                gray = opened.convert("L").resize((160, 160))
            values = np.asarray(gray)
            for place in range(100):
                y, x = random.integers(0, 160 - 84, 2)
                pictures[start + place] = values[y : y + 84 : 3, x : x + 84 : 3]
        np.save(file, pictures)
        np.save(folder / "small-labels.npy", np.repeat([p.parts[-3] for p in files], 100))
    return file


def table(folder: Path) -> Path:
    """20,000 rows of 30 numbers in five overlapping clusters."""
    file = folder / "table.csv"
    if not file.exists():
        random = np.random.default_rng(0)
        classes = random.integers(0, 5, 20_000)
        rows = random.normal(size=(20_000, 30)) + 0.6 * random.normal(size=(5, 30))[classes]
        names = ",".join(f"f{number}" for number in range(30))
        np.savetxt(file, rows, delimiter=",", header=names, comments="", fmt="%.5f")
        np.save(folder / "table-labels.npy", classes)
    return file


def edges(folder: Path) -> Path:
    """The citation graph Cora as an edge list with a file of features."""
    file = folder / "edges.csv"
    if not file.exists():
        graph = require(GraphSource, data=open_source("cora").root).graph
        pairs = np.asarray(graph.edges).T
        features = torch.as_tensor(
            graph.features.rows(np.arange(len(graph.features)), row_normalize=False)
        )
        np.save(folder / "features.npy", features.numpy())
        np.save(folder / "edges-labels.npy", graph.labels)
        np.savetxt(file, pairs[pairs[:, 0] < pairs[:, 1]], delimiter=",", fmt="%d")
    return file


CASES: dict[str, tuple[str, Callable[[Path], str | Path], list[str]]] = {
    "photographs": ("simclr", partial(photographs, count=600, longest=1600), []),
    "small": ("simclr", small, []),
    "large": ("simclr", partial(photographs, count=20_000, longest=400), []),
    "recordings": ("cpc", lambda folder: "fsdd", []),
    "texts": ("simclr", lambda folder: "ag-news", []),
    "table": ("vicreg", table, []),
    "edges": ("dgi", edges, ["--modality", "graphs", "--features", "{folder}/features.npy"]),
}


def labeled(case: str, run: nearfar.Run, data: str, folder: Path) -> tuple[Any, Tensor]:
    """Samples of a case, at most 5,000, and their classes."""
    if case in ("recordings", "texts"):
        known = run.open_labeled(data)
        source, labels = known.train, known.train_labels
    else:
        source = run.open(data)
        file = folder / f"{case}-labels.npy"
        names = (
            np.load(file, allow_pickle=False)
            if file.exists()
            else [source.identify(int(sample)).split("/")[0] for sample in source.samples]
        )
        labels = torch.from_numpy(np.unique(np.asarray(names), return_inverse=True)[1])
    chosen = torch.randperm(len(source), generator=torch.Generator().manual_seed(0))[:MOST]
    return Subset(source, chosen), labels[chosen]


def neighbor_accuracy(z: Tensor, labels: Tensor) -> float:
    """Accuracy of the vote of each sample's nearest other samples."""
    z = F.normalize(z, dim=1)
    similar = z @ z.T
    similar.fill_diagonal_(-2.0)
    values, found = similar.topk(NEIGHBORS, dim=1)
    votes = torch.zeros(len(z), int(labels.max()) + 1)
    votes.scatter_add_(1, labels[found], (values / 0.07).exp())
    return float((votes.argmax(1) == labels).double().mean())


def neighbor_accuracies(case: str, run: nearfar.Run, data: str, folder: Path) -> dict[str, float]:
    """Accuracy by neighbours of the trained encoder and of one with random weights."""
    source, labels = labeled(case, run, data, folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        untrained = rebuild_encoder(run.kind, run.description).eval()
    views = run.side_views(source, None)
    return {
        "trained": neighbor_accuracy(embed_source(run.encoder, source, views), labels),
        "untrained": neighbor_accuracy(embed_source(untrained, source, views), labels),
    }


def measure(case: str, *, minutes: float | None, folder: Path) -> dict[str, Any]:
    """One call of the command line; by default without `--minutes`, as a new user calls it."""
    method, make, words = CASES[case]
    data = str(make(folder))
    out = folder / f"run-{case}-{minutes or 'default'}"
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "nearfar", "train", method, "--data", data, *words]
    command = [word.format(folder=folder) for word in command]
    command += ["--out", str(out), *(["--minutes", str(minutes)] if minutes else [])]
    load, start = os.getloadavg()[0], time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        return {"case": case, "error": done.stderr.strip().splitlines()[-1], "seconds": seconds}
    run = nearfar.load(out)
    budget = 60 * (minutes or DEFAULT_MINUTES)
    return {
        "case": case,
        "command": " ".join(["nearfar", *command[3:]]).replace(f"{folder}/", ""),
        "budget": budget,
        "seconds": round(seconds, 1),
        "share": round(seconds / budget, 3),
        "in_time": seconds <= ALLOWED * budget,
        "gib": round(run.record.peak_memory / (1 << 30), 2),
        "steps": run.record.steps,
        "verdict": run.health.verdict,
        "notes": run.record.notes[:3],
        "neighbors": neighbor_accuracies(case, run, data, folder),
        "load_before": load,
        "provenance": vars(Provenance.here(device="cpu")),
    }


def main() -> None:
    """Measure the cases that are missing, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--minutes", type=float, help="10, the command line's own, if not given")
    parser.add_argument("--work", type=Path, default=Path("budgets"))
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    unknown = sorted(set(given.cases) - CASES.keys())
    if unknown:
        parser.error(f"CASE must be one of {', '.join(CASES)}, got {unknown[0]}")
    given.work.mkdir(parents=True, exist_ok=True)
    known: dict[str, Any] = json.loads(given.results.read_text()) if given.results.exists() else {}
    for case in given.cases or CASES:
        key = f"{case} {given.minutes or 'default'}"
        if "error" in known.get(key, {"error": ""}):
            known[key] = measure(case, minutes=given.minutes, folder=given.work.resolve())
            given.results.write_text(json.dumps(known, indent=1, default=str) + "\n")
        row = known[key]
        print(key, *(row.get(name, "") for name in ("error", "share", "gib", "neighbors")))


if __name__ == "__main__":
    main()

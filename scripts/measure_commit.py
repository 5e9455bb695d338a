"""Measure the nearfar that Python imports, and write its numbers to a JSON file.

``compare_commits.py`` runs this file once per commit, with ``PYTHONPATH`` set to its sources. The
program works for old and new commits: it uses the public interface that they share, and functions
under "What differs between commits" for everything else.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import torch
from measured_functions import arguments_of
from measured_samples import Sample, read_files, trained_files, viewed_files
from measured_values import Measured
from torch import nn

import nearfar
from nearfar import api
from nearfar import methods as nearfar_methods

PARTS = ("views", "methods", "readings", "data")
UPDATES, BATCH, EPOCHS = 20, 8, 5  # 36 of 40 samples for training: 4 updates per epoch
SETTINGS = ("cifar", "imagenet")
PROBED = ("simclr", "vicreg")
METHOD_OPTIONS = {"cpc": {"steps": 2}}  # sequences are short


# What differs between commits -------------------------------------------------------------------


@dataclass(frozen=True)
class Preset:
    """A preset of a method: its name, its class, its modalities (empty for all)."""

    name: str
    method: type[nn.Module]
    kinds: tuple[str, ...]

    def takes(self, kind: str) -> bool:
        """Whether the preset supports a modality."""
        return not self.kinds or kind in self.kinds


def presets() -> list[Preset]:
    """Every preset of a method."""
    found = []
    for row in api.list_methods():
        kinds = () if row["for"] == "all" else tuple(row["for"].split(", "))
        found.append(Preset(row["name"], getattr(nearfar_methods, row["method"]), kinds))
    return found


# Watching a run ---------------------------------------------------------------------------------


class EnoughError(Exception):
    """Ends a run when its views have been recorded."""


@dataclass
class Watched:
    """Views and losses of a method in training."""

    views: tuple[Any, ...] = ()
    losses: list[float] = field(default_factory=list)
    method: nn.Module | None = None


@contextmanager
def watching(method: type[nn.Module], *, stop: bool = False) -> Iterator[Watched]:
    """Record the inputs and outputs of `project` and `compare` of a class during training.

    Args:
        method: The class.
        stop: Whether to end the run after the first views.
    """
    watched = Watched()
    project, compare = method.project, method.compare

    def watch_views(self: Any, views: Any) -> Any:
        if self.training:
            watched.views, watched.method = tuple(views), self
            if stop:
                raise EnoughError
        return project(self, views)

    def watch_loss(self: Any, projected: Any) -> Any:
        step = compare(self, projected)
        if self.training:
            watched.losses.append(float(step.loss.detach()))
        return step

    method.project, method.compare = watch_views, watch_loss
    try:
        yield watched
    finally:
        method.project, method.compare = project, compare


def train(preset: Preset, sample: Sample, out: Path, **options: Any) -> Any:
    """Train with a preset's own views, for a few updates."""
    options = {"epochs": EPOCHS, "log_every": 1, "watch_every": 10} | options
    return nearfar.pretrain(
        preset.name,
        str(sample.path),
        modality=sample.modality,
        out=out,
        batch_size=BATCH,
        precision="32",
        devices=1,
        seed=1,
        method_options=METHOD_OPTIONS.get(preset.name),
        **sample.options,
        **options,
    )


# Views ------------------------------------------------------------------------------------------


def measure_views(measured: Measured, folder: Path) -> None:
    """Views of the first batch, for each preset and modality."""
    files = viewed_files(folder / "samples")
    for case, sample in files.items():
        for preset in filter(lambda preset: preset.takes(sample.modality), presets()):
            out = folder / case / preset.name
            name = f"views/{case}/{preset.name}"
            measured.attempt(name, views_of, preset, sample, out, **sample.encoder)
    for setting in SETTINGS:
        sample, own = files["images-natural-3x32"], {"encoder": "convnet", "accumulate": 1}
        for preset in filter(lambda preset: preset.takes("images"), presets()):
            out = folder / setting / preset.name
            name = f"views/{setting}-setting/{preset.name}"
            measured.attempt(name, views_of, preset, sample, out, setting=setting, **own)


def views_of(preset: Preset, sample: Sample, out: Path, **options: Any) -> tuple[Any, ...]:
    """Views of the first batch of a run, which is then stopped."""
    with watching(preset.method, stop=True) as watched:
        try:
            train(preset, sample, out, epochs=1, **options)
        except EnoughError:
            return watched.views
    raise AssertionError("a run makes views")


# Twenty updates, and the records of the run -------------------------------------------------------


def measure_runs(measured: Measured, folder: Path, parts: Sequence[str]) -> None:
    """Twenty updates of each preset on each modality, and the measurements of each run."""
    for kind, sample in trained_files(folder / "samples").items():
        for preset in filter(lambda preset: preset.takes(kind), presets()):
            out = folder / kind / preset.name
            name = f"{kind}/{preset.name}"
            updates, readings = Measured(), Measured()
            updates.attempt(f"methods/{name}", updates_of, preset, sample, out)
            for record in ("health.json", "run.json", "geometry.json", "metrics.jsonl"):
                under = f"readings/runs/{name}/{record.partition('.')[0]}"
                readings.attempt(under, read_record, out / record)
            if preset.name in PROBED:
                probed = f"readings/runs/{name}/probe"
                readings.attempt(probed, probe_run, out, sample)
                advised = f"readings/runs/{name}/advise"
                readings.attempt(advised, api.advise, str(out))
            for part, found in (("methods", updates), ("readings", readings)):
                measured.values |= found.values if part in parts else {}


def updates_of(preset: Preset, sample: Sample, out: Path) -> dict[str, Any]:
    """Losses and final weights: of the saved encoder, and of the method in memory."""
    from safetensors.torch import load_file

    with watching(preset.method) as watched:
        train(preset, sample, out, **sample.encoder)
    assert watched.method is not None
    assert len(watched.losses) == UPDATES, f"{len(watched.losses)} updates"
    return {
        "losses": watched.losses,
        "encoder": as_one_vector(load_file(out / "encoder.safetensors")),
        "method": as_one_vector(watched.method.state_dict()),
    }


def as_one_vector(state: dict[str, torch.Tensor]) -> torch.Tensor:
    """All weights, in the order of their names."""
    return torch.cat([state[name].detach().double().flatten() for name in sorted(state)])


def read_record(path: Path) -> Any:
    """A record of a run as plain values; lines of metrics become one series per quantity."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return _unsealed(json.loads(text))
    series: dict[str, Any] = {}
    for line in text.splitlines():
        flat = Measured()
        flat.add("", _unsealed(json.loads(line)))
        kind = flat.values.pop("/kind", {}).get("word", "all")
        for name, value in flat.values.items():
            series.setdefault(kind + name, []).append(next(iter(value.values())))
    return series


def _unsealed(record: dict[str, Any]) -> dict[str, Any]:
    """A record without its checksum and those of other files, which follow from their contents."""
    return {name: value for name, value in record.items() if name not in ("crc32", "files")}


def probe_run(out: Path, sample: Sample) -> dict[str, Any]:
    """The representations, and their accuracy if there are labels."""
    run = nearfar.load(out)
    found = {"embeddings": run.embed(str(sample.path))}
    if sample.labels is not None:
        found["probe"] = api.probe(run, str(sample.path))
    return found


# Measurements of fixed matrices, and every public function of numbers -----------------------------


def measure_readings(measured: Measured) -> None:
    """Verdicts on fixed matrices; objectives, diagnostics, theory and probes on fixed arguments."""
    generator = torch.Generator().manual_seed(0)
    spread = torch.randn(200, 16, generator=generator)
    shifted = spread + 0.3 * torch.randn(200, 16, generator=generator)
    low = spread[:, :3] @ torch.randn(3, 16, generator=generator)
    point = torch.ones(200, 16) + 1e-3 * spread
    cases: dict[str, tuple[torch.Tensor, ...]] = {
        "isotropic": (spread,),
        "collapsed": (torch.ones(200, 16),),
        "almost-collapsed": (point,),
        "low-rank": (low,),
        "few": (spread[:5],),
        "two-views": (spread, shifted),
        "two-low-rank": (low, low + 0.1 * shifted),
        "unrelated": (spread, spread.flip(0)),
    }
    for case, matrices in cases.items():
        measured.attempt(f"readings/diagnose/{case}", nearfar.diagnose, *matrices)
    settings: dict[str, dict[str, Any]] = {
        "small": {"batch_size": 64, "dim": 64, "classes": 10},
        "queue": {"batch_size": 256, "num_negatives": 4096, "temperature": 0.2},
        "digits": {"data": "digits"},
    }
    for case, setting in settings.items():
        measured.attempt(f"readings/advise/{case}", api.advise, **setting)
    for room in ("objectives", "diagnostics", "theory", "probes", "ops"):
        module = import_module(f"nearfar.{room}")
        for name in module.__all__:
            function = getattr(module, name)
            if isinstance(function, FunctionType) and (arguments := arguments_of(function)):
                measured.attempt(f"readings/{room}/{name}", function, **arguments)


# Data -------------------------------------------------------------------------------------------


def measure_data(measured: Measured, folder: Path) -> None:
    """Samples, names, labels and fingerprints, read from small files of every format."""
    for case, sample in read_files(folder / "samples").items():
        measured.attempt(f"data/{case}", read_source, sample)
        if sample.labels is not None:
            measured.attempt(f"data/{case}/labels", read_labels, sample)


def read_source(sample: Sample) -> dict[str, Any]:
    """Everything that a source returns."""
    from nearfar.data import open_source

    source = open_source(str(sample.path), modality=sample.modality, **sample.options)
    batch = source.read(range(len(source)))
    names = [source.identify(int(number)) for number in batch.samples]
    return {"inputs": batch.inputs, "names": names, "fingerprint": source.fingerprint}


def read_labels(sample: Sample) -> dict[str, Any]:
    """Classes, and the size of an official test set."""
    from nearfar import data as sources

    name = "open_labeled" if hasattr(sources, "open_labeled") else "open_labelled"  # until 0.1
    data = getattr(sources, name)(
        str(sample.path), labels=sample.labels or None, modality=sample.modality, **sample.options
    )
    tests = None if data.test is None else len(data.test)
    return {"train": data.train_labels, "classes": list(data.class_names), "tests": tests}


def measure(parts: Sequence[str], folder: Path) -> Measured:
    """Measurements of all these parts, with files and runs in an empty folder."""
    measured = Measured()
    if "views" in parts:
        measure_views(measured, folder / "views")
    if {"methods", "readings"} & set(parts):
        measure_runs(measured, folder / "runs", parts)
    if "readings" in parts:
        measure_readings(measured)
    if "data" in parts:
        measure_data(measured, folder / "data")
    return measured


def versions_here() -> dict[str, str]:
    """Versions that the numbers may depend on in addition to the commit, including this program."""
    files = sorted(Path(__file__).parent.glob("measure*.py"))
    program = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "processor": f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
        "program": program,
    }


def main() -> int:
    """Measure and write the JSON file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path, help="the JSON file to write")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    arguments = parser.parse_args()
    parts = tuple(arguments.only.split(","))
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="nearfar-") as folder:
        os.chdir(folder)
        measured = measure(parts, Path(folder))
    versions = versions_here()
    measured.save(arguments.out, parts=parts, versions=versions, package=str(nearfar.__file__))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Damage files of finished and stopped runs, and see whether any is used in silence."""

from __future__ import annotations

import random
import shutil
import time
import warnings
from collections import Counter
from pathlib import Path

from campaign_worlds import World, forked, train
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

import nearfar
from nearfar.training import latest_checkpoint

__all__ = ["damage"]

_KINDS = ("bit", "bytes", "cut", "empty", "garbage", "zeros", "missing", "other run", "nan")


def damage(
    chance: random.Random, *, until: float, folder: Path, data: Path
) -> tuple[Counter[str], list[str]]:
    """Damage until the time is over; numbers of outcomes, and the faults."""
    counts: Counter[str] = Counter()
    faults: list[str] = []
    runs = {name: folder / name for name in ("finished", "stopped", "other")}
    for seed, out in enumerate(runs.values()):
        shutil.rmtree(out, ignore_errors=True)
        forked(lambda: train(World("simclr", "vectors.csv"), data, out, seed=seed))  # noqa: B023
    stop_before_end(runs["stopped"])
    whole = {name: read(runs[name]) for name in ("finished", "stopped")}
    while time.monotonic() < until and len(faults) < 20:
        name = chance.choice(("finished", "stopped"))
        files = [f for f in sorted(runs[name].rglob("*")) if f.is_file() and f.name != ".lock"]
        file = chance.choice([f for f in files if f.suffix != ".html"])
        kind, before = chance.choice(_KINDS), file.read_bytes()
        harm(file, kind, chance, other=runs["other"] / file.relative_to(runs[name]))
        after = file.read_bytes() if file.is_file() else None
        said = outcome(runs[name], file, whole[name]) if after != before else "nothing changed"
        counts[said.split(":")[0]] += 1
        if said.startswith(("used in silence", "traceback")):
            faults.append(f"{name} {file.relative_to(runs[name])}, {kind}: {said}")
        file.write_bytes(before)
    return counts, faults


def stop_before_end(run: Path) -> None:
    """Make a finished run look as if it was killed before its end."""
    for name in ("health.json", "geometry.json", "gallery.json", "encoder.safetensors"):
        (run / name).unlink()
    from dataclasses import replace

    record = nearfar.load(run).directory.read_run()
    kept = {"recipe.toml", "encoder.json"}
    files = {name: value for name, value in record.files.items() if name in kept}
    replace(record, finished=False, files=files, steps=record.steps + 5).save(run / "run.json")


def harm(file: Path, kind: str, chance: random.Random, *, other: Path) -> None:
    """Damage a file in one way."""
    content = bytearray(file.read_bytes())
    place = chance.randrange(len(content)) if content else 0
    if kind == "bit":
        content[place] ^= 1 << chance.randrange(8)
    elif kind == "bytes":
        for _ in range(chance.randrange(1, 20)):
            content[chance.randrange(len(content))] = chance.randrange(256)
    elif kind == "cut":
        del content[place:]
    elif kind == "empty":
        content.clear()
    elif kind == "garbage":
        content = bytearray(chance.randbytes(chance.randrange(1, 4000)))
    elif kind == "zeros":
        content[place : place + 512] = bytes(len(content[place : place + 512]))
    elif kind == "missing":
        file.unlink()
        return
    elif kind == "other run" and other.is_file():
        content = bytearray(other.read_bytes())
    elif kind == "nan" and file.suffix == ".safetensors":
        tensors = load_file(file)
        name = chance.choice([n for n, value in tensors.items() if value.is_floating_point()])
        tensors[name].fill_(float("nan"))
        save_file(tensors, file)
        return
    file.write_bytes(content)


def read(run: Path) -> list[str]:
    """Everything that a run's files say, as text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = nearfar.load(run)
        directory = found.directory
        checkpoint = latest_checkpoint(directory.checkpoints)
        state = {n: v.numpy().tobytes() for n, v in found.encoder.state_dict().items()}
        kept = {} if checkpoint is None else checkpoint.tensors
        notes = found.state_notes
        parts = [
            *(directory.read_recipe(), found.record, found.metrics, found.description),
            *(directory.read_health(), directory.read_geometry(), directory.read_gallery()),
            *(state, {n: v.numpy().tobytes() for n, v in kept.items()}),
            *(checkpoint and (checkpoint.step, checkpoint.optimizer, checkpoint.pending),),
        ]
        return [*map(repr, parts), *notes, *(checkpoint.skipped if checkpoint else ())]


def outcome(run: Path, file: Path, whole: list[str]) -> str:
    """What came of a damaged file."""
    try:
        found = read(run)
    except (ValueError, OSError) as error:
        named = file.name in str(error) or str(run) in str(error)
        return "refused by name" if named else f"used in silence: unnamed: {error}"
    except (Exception, SafetensorError) as error:
        return f"traceback: {type(error).__name__}: {error}"
    if found == whole:
        return "not read, or the same"
    if any(file.name in note for note in found[10:]) or not file.is_file():
        return "fallen back with a note"
    return "used in silence: other content"

"""Runs as versions without checksums have written them."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file

__all__ = ["as_older"]


def as_older(run: Path) -> Path:
    """Take the checksums from all files of a run; a test may then edit them. Returns the run."""
    for path in run.glob("*.json"):
        values = json.loads(path.read_text(encoding="utf-8"))
        values.pop("crc32", None)
        if path.name == "run.json":
            values |= {"format": 1}
            values.pop("files", None)
        path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    recipe = run / "recipe.toml"
    recipe.write_text(recipe.read_text(encoding="utf-8").partition("\n")[2], encoding="utf-8")
    metrics = run / "metrics.jsonl"
    if metrics.is_file():
        lines = map(json.loads, metrics.read_text(encoding="utf-8").splitlines())
        plain = ({k: v for k, v in line.items() if k != "crc32"} for line in lines)
        metrics.write_text("".join(f"{json.dumps(line)}\n" for line in plain), encoding="utf-8")
    for path in run.rglob("*.safetensors"):
        with safe_open(path, framework="pt") as file:
            metadata = {k: v for k, v in file.metadata().items() if k not in ("crc32", "run")}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if metadata.get("format") == "3":
            metadata["format"] = "2"
        save_file(tensors, path, metadata=metadata)
    return run

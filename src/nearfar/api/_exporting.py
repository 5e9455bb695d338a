"""Encoders for use without nearfar."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import torch

from nearfar.api._run import Run, load
from nearfar.checks import check_choice
from nearfar.records import replace_atomically, write_text

__all__ = ["export"]


def export(
    run: str | Path | Run, format: str = "safetensors", out: str | Path | None = None
) -> Path:
    """Write the encoder in a form that others read.

    Args:
        run: A run or its directory.
        format: ``safetensors``: weights under the encoder's own key names, and how to build what
            they fit beside them; ``onnx``: one file that takes normalised inputs of any number;
            ``timm``: a folder for ``timm.create_model("local-dir:FOLDER")``.
        out: File (or folder, for timm) to write; inside the run's directory if not given.

    Returns:
        What was written.

    Raises:
        ValueError: An unknown format, or timm for an encoder that is not timm's.
    """
    check_choice(("onnx", "safetensors", "timm"), format=format)
    found = run if isinstance(run, Run) else load(run)
    if format == "onnx":
        return _onnx(found, Path(out) if out else found.path / "encoder.onnx")
    if format == "timm":
        return _timm(found, Path(out) if out else found.path / "timm")
    path = Path(out) if out else found.path / "encoder.safetensors"
    if path != found.directory.encoder:
        replace_atomically(path, lambda new: shutil.copyfile(found.directory.encoder, new))
        found.description.save(path.with_suffix(".json"))
    return path


def _onnx(run: Run, path: Path) -> Path:
    call = run.kind.onnx(run.encoder, run.description.form)
    axes = {name: torch.export.Dim(name) for axis in call.dynamic for name in axis.values()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter speaks of its own future
        program: Any = torch.onnx.export(
            call.module.eval(),
            call.arguments,
            input_names=list(call.names),
            output_names=["representations"],
            dynamic_shapes=tuple({i: axes[name] for i, name in a.items()} for a in call.dynamic),
            dynamo=True,
            verbose=False,
        )
    replace_atomically(path, lambda new: program.save(str(new)))
    return path


def _timm(run: Run, folder: Path) -> Path:
    known, form = run.description, run.description.form
    if known.library != "timm" or known.stem == "small":
        reason = "with a small stem" if known.library == "timm" else f"of {known.library}"
        raise ValueError(
            f"`format` 'timm' is for timm's own architectures, got {known.name} {reason};"
            " use safetensors, encoder.json says how to build it"
        )
    config = {
        "architecture": known.name,
        "num_classes": 0,
        "num_features": known.width,
        "pretrained_cfg": {
            "input_size": [form["channels"], form["image_size"], form["image_size"]],
            "mean": list(form["mean"]),
            "std": list(form["std"]),
            "num_classes": 0,
        },
        "model_args": {k: v for k, v in known.arguments.items() if k != "num_classes"},
    }
    weights = folder / "model.safetensors"
    replace_atomically(weights, lambda new: shutil.copyfile(run.directory.encoder, new))
    write_text(folder / "config.json", json.dumps(config, indent=1) + "\n")
    return folder

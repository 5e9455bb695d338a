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
from nearfar.modalities import OnnxCall
from nearfar.modules import exportable
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
    module = call.module.eval()
    # a hint makes an axis that cannot change an error; a named Dim made the exporter of torch 2.6
    # trace the example instead, and accept nothing but its shape
    shapes = tuple(dict.fromkeys(axes, torch.export.Dim.DYNAMIC) for axes in call.dynamic)
    with warnings.catch_warnings(), exportable(module) as translations:
        warnings.simplefilter("ignore")  # the exporter speaks of its own future
        exported = torch.export.export(module, call.arguments, dynamic_shapes=shapes, strict=False)
        program: Any = torch.onnx.export(
            exported,
            (),
            input_names=list(call.names),
            output_names=["representations"],
            custom_translation_table=translations,
            dynamo=True,
            optimize=True,
            verbose=False,
        )
    _name_axes(program.model, call)
    replace_atomically(path, lambda new: program.save(str(new)))
    return path


def _name_axes(model: Any, call: OnnxCall) -> None:
    """Call the axes that may change as the call does; the exporter has numbered them."""
    given = {value.name: value for value in model.graph.inputs}
    names = {
        str(given[name].shape[axis]): word
        for name, axes in zip(call.names, call.dynamic, strict=True)
        if name in given  # what the encoder does not look at is no input
        for axis, word in axes.items()
    }
    computed = [value for node in model.graph for value in node.outputs]
    for value in (*model.graph.inputs, *computed):
        if value.shape is not None:
            axes = [axis if isinstance(axis, int) else str(axis) for axis in value.shape]
            value.shape = type(value.shape)([names.get(axis, axis) for axis in axes])


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

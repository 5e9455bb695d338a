"""Encoders for use without nearfar."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import torch
from torch import nn

from nearfar.checks import check_choice
from nearfar.modalities import Modality, OnnxCall
from nearfar.modules import EncoderDescription, exportable
from nearfar.records import RunDirectory, replace_atomically, write_text

__all__ = ["ExportFormat", "export_encoder"]

ExportFormat: TypeAlias = Literal["safetensors", "onnx", "timm"]


def export_encoder(
    directory: RunDirectory,
    description: EncoderDescription[Any],
    encoder: Callable[[], nn.Module],
    *,
    kind: Modality[Any, Any],
    format: ExportFormat,
    out: Path | None,
) -> Path:
    """Write the encoder of a run in a form that others read; see :meth:`nearfar.api.Run.export`.

    Args:
        directory: Of the run.
        description: How the encoder is built.
        encoder: Builds it; called only where the format needs it.
        kind: Of the samples.
        format: Which one.
        out: File (or folder, for timm); inside the run's directory if not given.
    """
    check_choice(get_args(ExportFormat), format=format)
    if format == "onnx":
        return _onnx(kind.onnx(encoder(), description.form), out or directory.path / "encoder.onnx")
    if format == "timm":
        return _timm(directory, description, out or directory.path / "timm")
    path = out or directory.encoder
    if path != directory.encoder:
        replace_atomically(path, lambda new: shutil.copyfile(directory.encoder, new))
        description.save(path.with_suffix(".json"))
    return path


def _onnx(call: OnnxCall, path: Path) -> Path:
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
            axes: list[int | str] = [a if isinstance(a, int) else str(a) for a in value.shape]
            value.shape = type(value.shape)([names.get(str(axis), axis) for axis in axes])


def _timm(directory: RunDirectory, known: EncoderDescription[Any], folder: Path) -> Path:
    form = known.form
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
            "input_size": [form.channels, form.image_size, form.image_size],
            "mean": list(form.mean),
            "std": list(form.std),
            "num_classes": 0,
        },
        "model_args": {k: v for k, v in known.arguments.items() if k != "num_classes"},
    }
    weights = folder / "model.safetensors"
    replace_atomically(weights, lambda new: shutil.copyfile(directory.encoder, new))
    write_text(folder / "config.json", json.dumps(config, indent=1) + "\n")
    return folder

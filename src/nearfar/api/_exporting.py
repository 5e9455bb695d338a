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
from nearfar.modules import EncoderDescription
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

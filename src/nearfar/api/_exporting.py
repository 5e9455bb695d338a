"""Export of encoders for use without nearfar."""

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
    """Export the encoder of a run; see :meth:`nearfar.api.Run.export`.

    Args:
        directory: Directory of the run.
        description: The encoder's architecture and the form of its inputs.
        encoder: Function that builds the encoder; called only if the format needs it.
        kind: Modality of the samples.
        format: Format of the export.
        out: File (or folder, for timm) to write; inside the run's directory by default.
    """
    check_choice(get_args(ExportFormat), format=format)
    notes = directory.read_run().notes
    if format == "onnx":
        call = kind.onnx(encoder(), description.form)
        return _onnx(call, out or directory.path / "encoder.onnx", notes)
    if format == "timm":
        return _timm(directory, description, out or directory.path / "timm", notes)
    path = out or directory.encoder
    if path != directory.encoder:
        replace_atomically(path, lambda new: shutil.copyfile(directory.encoder, new))
        values = json.loads(description.to_json()) | {"notes": list(notes)}
        write_text(path.with_suffix(".json"), json.dumps(values, indent=1) + "\n")
    return path


def _onnx(call: OnnxCall, path: Path, notes: tuple[str, ...]) -> Path:
    module = call.module.eval()
    # Dim.DYNAMIC is a hint: an axis that cannot vary raises an error. With a named Dim, the
    # exporter of torch 2.6 traced the example instead and accepted only its shape.
    shapes = tuple(dict.fromkeys(axes, torch.export.Dim.DYNAMIC) for axes in call.dynamic)
    with warnings.catch_warnings(), exportable(module) as translations:
        warnings.simplefilter("ignore")  # deprecation warnings of the exporter itself
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
    program.model.metadata_props["nearfar_notes"] = json.dumps(notes)
    replace_atomically(path, lambda new: program.save(str(new)))
    return path


def _name_axes(model: Any, call: OnnxCall) -> None:
    """Give dynamic axes the names of the call; the exporter has only numbered them."""
    given = {value.name: value for value in model.graph.inputs}
    names = {
        str(given[name].shape[axis]): word
        for name, axes in zip(call.names, call.dynamic, strict=True)
        if name in given  # arguments that the encoder does not use are not inputs of the graph
        for axis, word in axes.items()
    }
    computed = [value for node in model.graph for value in node.outputs]
    for value in (*model.graph.inputs, *computed):
        if value.shape is not None:
            axes: list[int | str] = [a if isinstance(a, int) else str(a) for a in value.shape]
            value.shape = type(value.shape)([names.get(str(axis), axis) for axis in axes])


def _timm(
    directory: RunDirectory, known: EncoderDescription[Any], folder: Path, notes: tuple[str, ...]
) -> Path:
    form = known.form
    if known.library != "timm" or known.stem == "small":
        reason = "with a small stem" if known.library == "timm" else f"of {known.library}"
        raise ValueError(
            f"`format` 'timm' is for timm's own architectures, got {known.name} {reason};"
            " use safetensors, whose encoder.json describes the architecture"
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
        "nearfar": {"notes": list(notes)},
    }
    weights = folder / "model.safetensors"
    replace_atomically(weights, lambda new: shutil.copyfile(directory.encoder, new))
    write_text(folder / "config.json", json.dumps(config, indent=1) + "\n")
    return folder

"""Export of encoders for use without nearfar."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import torch

from nearfar.api._run_files import RunFiles
from nearfar.checks import check_choice
from nearfar.modalities import OnnxCall
from nearfar.modules import EncoderDescription, exportable
from nearfar.records import replace_atomically, write_text
from nearfar.records._run_lock import holding
from nearfar.records._seals import seal_json

__all__ = ["ExportFormat", "export_encoder", "formats_of"]

ExportFormat: TypeAlias = Literal["safetensors", "onnx", "timm"]


def formats_of(description: EncoderDescription[Any]) -> tuple[ExportFormat, ...]:
    """The formats in which an encoder can be exported: ``timm`` only if timm builds it."""
    known: tuple[ExportFormat, ...] = ("safetensors", "onnx")
    return known if _not_timm(description) else (*known, "timm")


def export_encoder(run: RunFiles, format: ExportFormat, out: Path | None) -> Path:
    """Export the encoder of a run; see :meth:`nearfar.api.Run.export`.

    Args:
        run: The run; of an unfinished one, the encoder of the last checkpoint. That of a
            checkpoint that was asked for has its number of updates in the name of the file.
        format: Format of the export.
        out: File (or folder, for timm) to write; inside the run's directory by default.
    """
    check_choice(get_args(ExportFormat), format=format)
    directory, description = run.directory, run.description
    notes = (*run.state_notes, *run.record.notes)
    step = run.checkpoint_step
    which = "" if step is None else f"-{step}"
    if format == "onnx":
        call = run.kind.onnx(run.encoder, description.form)
        return _onnx(call, out or directory.path / f"encoder{which}.onnx", notes)
    if format == "timm":
        return _timm(run, out or directory.path / f"timm{which}", notes)
    path = out or (directory.path / f"encoder{which}.safetensors" if which else directory.encoder)
    values = json.loads(description.to_json()) | {"notes": list(notes)}
    text = seal_json(json.dumps(values, indent=1)) + "\n"
    if path != directory.encoder:
        _save(run, path)
        write_text(path.with_suffix(".json"), text)
    elif run.state_notes:
        with holding(run.path, doing="exports the encoder of"):
            directory.forget(directory.encoder_description)
            _save(run, path)
            write_text(directory.encoder_description, text)
    return path


def _save(run: RunFiles, path: Path) -> None:
    """Write the weights: a copy of those of a finished run, else those of the last checkpoint."""
    if run.state_notes or not run.directory.encoder.is_file():
        run.save_encoder(path)
    else:
        _ = run.encoder  # checks the file
        replace_atomically(path, lambda new: shutil.copyfile(run.directory.encoder, new))


def _not_timm(known: EncoderDescription[Any]) -> str:
    """Why timm cannot build an encoder; empty if it can."""
    if known.library != "timm":
        return f"of {known.library}"
    return "with a small stem" if known.stem == "small" else ""


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


def _timm(run: RunFiles, folder: Path, notes: tuple[str, ...]) -> Path:
    known = run.description
    form, reason = known.form, _not_timm(known)
    if reason:
        raise ValueError(
            f"`format` must be safetensors or onnx for this run, as timm has no {known.name}"
            f" {reason}: safetensors comes with a description of the architecture"
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
    _save(run, folder / "model.safetensors")
    write_text(folder / "config.json", json.dumps(config, indent=1) + "\n")
    return folder

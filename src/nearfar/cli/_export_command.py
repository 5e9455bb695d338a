"""``nearfar export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from nearfar.cli._console import print_line
from nearfar.cli._next_commands import after_export, print_steps
from nearfar.cli._terminal_tables import print_notes

__all__ = ["export"]


def export(
    run: Path,
    /,
    *,
    format: Annotated[
        Literal["safetensors", "onnx", "timm"], Parameter(name="--format")
    ] = "safetensors",
    out: Path | None = None,
    checkpoint: str | None = None,
) -> None:
    """Export the encoder for use without nearfar.

    Args:
        run: Directory of a run; of a stopped run, its last checkpoint is exported.
        format: safetensors: the weights, with the key names of the encoder's own library;
            onnx: the encoder with its input normalisation (needs the extra `onnx`);
            timm: a folder that timm.create_model("local-dir:...") loads, only for encoders of timm
            with their own stem.
        out: File or folder to write; inside the run's directory by default.
        checkpoint: Checkpoint to export instead of the end of the run: `best` (where the other view
            of held-out samples was found best), `last`, or a number of updates.
    """
    from nearfar import api

    loaded = api.load(run)
    if checkpoint is not None:
        loaded = loaded.at(checkpoint)
    path = loaded.export(format, out)
    print_notes((*loaded.state_notes, *loaded.record.notes))
    print_line("saved", str(path))
    print_steps(after_export(loaded, format))

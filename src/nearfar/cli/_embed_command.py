"""``nearfar embed``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from nearfar.cli._console import print_line
from nearfar.cli._flags import values_of
from nearfar.cli._terminal_tables import print_notes

__all__ = ["embed"]


def embed(
    run: Path,
    /,
    *,
    data: str,
    out: Path,
    steps: bool = False,
    side: Literal["x", "s"] | None = None,
    device: str = "cpu",
    **options: str,
) -> None:
    """Write the embeddings of a data source to a file, one row per sample.

    Args:
        run: Directory of a run.
        data: A name (see `nearfar data`), a folder or a file; the modality must be that of the run.
        out: File to write, .npz, .parquet or .npy: the embeddings, the sample ids and the notes on
            the data; of .npy, ids and notes are in a .json file of the same name.
        steps: Write one row per time step of each sequence instead (.npz only); `offsets` has the
            first row of each sequence.
        device: Where to compute: `cpu`, `cuda:1`, `mps`, or `auto` for a GPU if there is one.
        side: Side of pairs: the inputs `x` or the signals `s`. By default both, those of the
            signals as `embeddings2` (.npz) or `embedding2` (.parquet).
        options: Options for loading the data, if different from the run's: `--column abstract`.
    """
    import warnings

    from nearfar import api
    from nearfar.data import OmittedSamplesWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OmittedSamplesWarning)  # the notes name the samples
        if steps:
            found = api.embed_steps(run, data, ids=True, device=device, **values_of(options))
            rows, sequences = api.save_steps(out, *found, notes=found.notes)
            print_notes(found.notes)
            print_line("saved", f"{out} · {rows:,} time steps of {sequences:,} sequences")
            return
        second = None
        if side is None:
            made, second = api.load(run).embed_sides(data, device=device, **values_of(options))
        else:
            made = api.embed(run, data, ids=True, side=side, device=device, **values_of(options))
    api.save_embeddings(out, *made, notes=made.notes, second=second)
    samples, dim = made.embeddings.shape
    print_notes(made.notes)
    what = "samples" if second is None else "pairs × 2 sides"
    print_line("saved", f"{out} · {samples:,} {what} × {dim:,} dimensions")

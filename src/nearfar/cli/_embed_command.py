"""``nearfar embed``."""

from __future__ import annotations

from pathlib import Path

from nearfar.cli._console import print_line
from nearfar.cli._flags import values_of
from nearfar.cli._terminal_tables import print_notes

__all__ = ["embed"]


def embed(run: Path, /, *, data: str, out: Path, steps: bool = False, **options: str) -> None:
    """Write the embeddings of a data source to a file, one row per sample.

    Args:
        run: Directory of a run.
        data: A name (see `nearfar data`), a folder or a file; the modality must be that of the run.
        out: File to write, .npz, .parquet or .npy: the embeddings, the sample ids and the notes on
            the data; of .npy, ids and notes are in a .json file of the same name.
        steps: Write one row per time step of each sequence instead (.npz only); `offsets` has the
            first row of each sequence.
        options: Options for loading the data, if different from the run's: `--column abstract`.
    """
    import warnings

    from nearfar import api
    from nearfar.data import OmittedSamplesWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OmittedSamplesWarning)  # the notes name the samples
        if steps:
            found = api.embed_steps(run, data, ids=True, **values_of(options))
            rows, sequences = api.save_steps(out, *found, notes=found.notes)
            print_notes(found.notes)
            print_line("saved", f"{out} · {rows:,} time steps of {sequences:,} sequences")
            return
        made = api.embed(run, data, ids=True, **values_of(options))
    api.save_embeddings(out, *made, notes=made.notes)
    samples, dim = made.embeddings.shape
    print_notes(made.notes)
    print_line("saved", f"{out} · {samples:,} samples × {dim:,} dimensions")

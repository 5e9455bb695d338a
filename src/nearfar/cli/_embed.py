"""``nearfar embed``."""

from __future__ import annotations

from pathlib import Path

from nearfar.cli._console import print_line
from nearfar.cli._flags import values_of

__all__ = ["embed"]


def embed(run: Path, /, *, data: str, out: Path, steps: bool = False, **options: str) -> None:
    """Write the embeddings of a data source to a file, one row per sample.

    Args:
        run: Directory of a run.
        data: A name (see `nearfar data`), a folder or a file, of the kind the run was trained on.
        out: File to write: .npz or .parquet, with the embeddings and the sample ids.
        steps: One row per time step of sequences; `offsets` has the first row of each (.npz).
        options: Options for opening the data that differ from the run's: `--column abstract`.
    """
    from nearfar import api

    if steps:
        rows, sequences = api.save_steps(
            out, *api.embed_steps(run, data, ids=True, **values_of(options))
        )
        print_line("saved", f"{out} · {rows:,} time steps of {sequences:,} sequences")
        return
    embeddings, ids = api.embed(run, data, ids=True, **values_of(options))
    api.save_embeddings(out, embeddings, ids)
    samples, dim = embeddings.shape
    print_line("saved", f"{out} · {samples:,} samples × {dim:,} dimensions")

"""``nearfar embed``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from nearfar.cli._console import print_line
from nearfar.cli._flags import values_of

__all__ = ["embed"]


def embed(
    run: Path,
    /,
    *,
    data: str,
    out: Path,
    steps: bool = False,
    side: Literal["x", "s"] | None = None,
    **options: str,
) -> None:
    """Write the embeddings of a data source to a file, one row per sample.

    Args:
        run: Directory of a run.
        data: A name (see `nearfar data`), a folder or a file; the modality must be that of the run.
        out: File to write, .npz or .parquet: the embeddings and the sample ids.
        steps: Write one row per time step of each sequence instead (.npz only); `offsets` has the
            first row of each sequence.
        side: Side of pairs: the inputs `x` or the signals `s`. By default both, those of the
            signals as `embeddings2` (.npz) or `embedding2` (.parquet).
        options: Options for loading the data, if different from the run's: `--column abstract`.
    """
    from nearfar import api

    if steps:
        rows, sequences = api.save_steps(
            out, *api.embed_steps(run, data, ids=True, **values_of(options))
        )
        print_line("saved", f"{out} · {rows:,} time steps of {sequences:,} sequences")
        return
    second = None
    if side is None:
        (embeddings, ids), second = api.load(run).embed_sides(data, **values_of(options))
    else:
        embeddings, ids = api.embed(run, data, ids=True, side=side, **values_of(options))
    api.save_embeddings(out, embeddings, ids, second)
    samples, dim = embeddings.shape
    what = "samples" if second is None else "pairs × 2 sides"
    print_line("saved", f"{out} · {samples:,} {what} × {dim:,} dimensions")

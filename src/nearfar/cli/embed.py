"""``nearfar embed``."""

from __future__ import annotations

from pathlib import Path

from nearfar.cli.console import print_line

__all__ = ["embed"]


def embed(run: Path, /, *, data: str, out: Path) -> None:
    """Write the embeddings of a data source to a file, one row a sample.

    Args:
        run: Directory of a run.
        data: A name (see `nearfar data`), a folder of images, or an .npy or .npz file.
        out: File to write: .npz or .parquet, with the embeddings and the sample ids.
    """
    from nearfar import api

    embeddings, ids = api.embed(run, data)
    api.save_embeddings(out, embeddings, ids)
    samples, dim = embeddings.shape
    print_line("saved", f"{out} · {samples:,} samples × {dim:,} dimensions")

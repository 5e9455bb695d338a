"""``nearfar embed``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from nearfar.cli._console import print_line
from nearfar.cli._flags import values_of
from nearfar.cli._next_commands import after_embedding, print_steps
from nearfar.cli._terminal_tables import print_notes

__all__ = ["embed"]


def embed(
    run: Path,
    /,
    *,
    data: str | None = None,
    out: Path | None = None,
    steps: bool = False,
    side: Literal["x", "s"] | None = None,
    layer: str | None = None,
    pool: Literal["mean", "max", "cls", "last", "flat"] | None = None,
    device: str = "cpu",
    **options: str,
) -> None:
    """Write the embeddings of a data source to a file, one row per sample.

    Args:
        run: Directory of a run; of a stopped run, its last checkpoint is used.
        data: A name (see `nearfar data`), a folder or a file; the modality must be that of the run.
            By default the run's own data, where they still are.
        out: File to write, .npz, .parquet or .npy: the embeddings, the sample ids and the notes on
            the data; of .npy, ids and notes are in a .json file of the same name. By default a new
            file embeddings-RUN.npz.
        steps: Write one row per time step of each sequence instead (.npz only); `offsets` has the
            first row of each sequence.
        device: Where to compute: `cpu`, `cuda:1`, `mps`, or `auto` for a GPU if there is one.
        side: Side of pairs: the inputs `x` or the signals `s`. By default both, those of the
            signals as `embeddings2` (.npz) or `embedding2` (.parquet).
        layer: Layer whose features are written: the name of a module, or its number (-1 for the
            last); an unknown one lists them.
        pool: Pooling of the layer's tokens, time steps or places to one row per sample.
        options: Options for loading the data, if different from the run's: `--column abstract`.
    """
    import warnings

    from nearfar import api
    from nearfar.api._embedding_files import EMBEDDING_ENDINGS, new_file
    from nearfar.data import OmittedSamplesWarning

    endings = (".npz",) if steps else EMBEDDING_ENDINGS
    if out is not None and out.suffix not in endings:
        raise ValueError(f"`out` must end in {' or '.join(endings)}, got {out.name!r}")
    loaded = api.load(run)
    if data is None:
        print_line("data", loaded.own_data.spec)
    with warnings.catch_warnings(), new_file(out, name=loaded.path.resolve().name) as file:
        warnings.simplefilter("ignore", OmittedSamplesWarning)  # the notes name the samples
        if steps:
            if layer is not None or pool is not None:
                raise ValueError(
                    "`steps` must be unset with `layer` or `pool`, which pool the steps"
                )
            found = loaded.embed_steps(data, ids=True, device=device, **values_of(options))
            rows, sequences = api.save_steps(file.path, *found, notes=found.notes)
            notes, what = found.notes, f"{rows:,} time steps of {sequences:,} sequences"
        else:
            second = None
            how = {"layer": layer, "pool": pool, "device": device, **values_of(options)}
            if side is None:
                made, second = loaded.embed_sides(data, **how)
            else:
                made = loaded.embed(data, ids=True, side=side, **how)
            api.save_embeddings(file.path, *made, notes=made.notes, second=second)
            samples, dim = made.embeddings.shape
            unit = "samples" if second is None else "pairs × 2 sides"
            notes, what = made.notes, f"{samples:,} {unit} × {dim:,} dimensions"
    print_notes(notes)
    replaced = " · replaces an earlier file" if file.replaces else ""
    print_line("saved", f"{file.path} · {what}{replaced}")
    print_steps(after_embedding(file.path, of_steps=steps))

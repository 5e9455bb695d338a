"""``nearfar embed``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from nearfar.cli._console import print_line
from nearfar.cli._flags import values_of
from nearfar.cli._next_commands import after_embedding, print_steps
from nearfar.cli._terminal_tables import print_notes
from nearfar.cli._weights_flags import NO_WEIGHTS, WeightsFlags, check_unset

__all__ = ["embed"]


def embed(
    run: Path | None = None,
    /,
    *,
    data: str | None = None,
    out: Path | None = None,
    steps: bool = False,
    two_views: bool = False,
    side: Literal["x", "s"] | None = None,
    layer: str | None = None,
    pool: Literal["mean", "max", "cls", "last", "flat"] | None = None,
    device: str = "cpu",
    checkpoint: str | None = None,
    weights: WeightsFlags = NO_WEIGHTS,
    **options: str,
) -> None:
    """Write the embeddings of a data source to a file, one row per sample.

    Args:
        run: Directory of a run; of a stopped run, its last checkpoint is used. Not with
            `--weights`.
        data: A name (see `nearfar data`), a folder or a file; the modality must be that of the run.
            By default the run's own data, where they still are.
        out: File to write, .npz, .parquet or .npy: the embeddings, the sample ids and the notes on
            the data; of .npy, ids and notes are in a .json file of the same name. By default a new
            file embeddings-RUN.npz.
        steps: Write one row per time step of each sequence instead (.npz only); `offsets` has the
            first row of each sequence.
        two_views: Write projections (`z1`, `z2`), representations (`h1`, `h2`) and, where the
            modality has them, raw features (`raw1`, `raw2`) of two random views of each sample
            (.npz or .parquet), of which `nearfar diagnose` judges agreement as well. By default of
            the samples that the run held out, so that the verdict is that of the run.
        device: Where to compute: `cpu`, `cuda:1`, `mps`, or `auto` for a GPU if there is one.
        checkpoint: Checkpoint to use instead of the end of the run: `best` (where the other view
            of held-out samples was found best), `last`, or a number of updates.
        side: Side of pairs: the inputs `x` or the signals `s`. By default both, those of the
            signals as `embeddings2` (.npz) or `embedding2` (.parquet).
        layer: Layer whose features are written: the name of a module, or its number (-1 for the
            last); an unknown one lists them.
        pool: Pooling of the layer's tokens, time steps or places to one row per sample.
        weights: Weights from elsewhere to embed with, instead of a run.
        options: Options for loading the data, if different from the run's: `--column abstract`.
    """
    import warnings

    from nearfar import api
    from nearfar.api._embedding_writers import EMBEDDING_ENDINGS, new_file
    from nearfar.data import OmittedSamplesWarning

    endings = (".npz",) if steps else EMBEDDING_ENDINGS
    if out is not None and out.suffix not in endings:
        raise ValueError(f"`out` must end in {' or '.join(endings)}, got {out.name!r}")
    if run is None or weights.given:
        check_unset("weights", steps=steps, two_views=two_views, side=side, run=run)
        how = {"layer": layer, "pool": pool, "device": device, **values_of(options)}
        _embed_weights(weights, data, out, how)
        return
    if two_views:
        if out is not None and out.suffix == ".npy":
            raise ValueError(f"`out` must end in .npz or .parquet for two views, got {out.name!r}")
        check_unset("two-views", steps=steps, side=side, layer=layer, pool=pool)
    loaded = api.load(run)
    if checkpoint is not None:
        loaded = loaded.at(checkpoint)
    if data is None and not two_views:
        print_line("data", loaded.own_data.spec)
    with warnings.catch_warnings(), new_file(out, name=loaded.path.resolve().name) as file:
        warnings.simplefilter("ignore", OmittedSamplesWarning)  # the notes name the samples
        if steps:
            if layer is not None or pool is not None:
                raise ValueError(
                    "`steps` must be unset with `layer` or `pool`, which pool the steps"
                )
            found = loaded.embed_steps(data, ids=True, device=device, **values_of(options))
            rows, sequences = api.save_steps(
                file.path, *found, notes=found.notes, origin=found.origin
            )
            notes, what = found.notes, f"{rows:,} time steps of {sequences:,} sequences"
        elif two_views:
            views = loaded.embed_views(data, device=device, **values_of(options))
            api.save_views(file.path, views)
            names = ", ".join(f"{name} {rows.shape[1]:,}" for name, rows in views.matrices.items())
            notes, what = views.notes, f"two views of {len(views.ids):,} samples: {names}"
        else:
            second = None
            how = {"layer": layer, "pool": pool, "device": device, **values_of(options)}
            if side is None:
                made, second = loaded.embed_sides(data, **how)
            else:
                made = loaded.embed(data, ids=True, side=side, **how)
            api.save_embeddings(
                file.path, *made, notes=made.notes, second=second, origin=made.origin
            )
            samples, dim = made.embeddings.shape
            unit = "samples" if second is None else "pairs × 2 sides"
            notes, what = made.notes, f"{samples:,} {unit} × {dim:,} dimensions"
    print_notes(notes)
    replaced = " · replaces an earlier file" if file.replaces else ""
    print_line("saved", f"{file.path} · {what}{replaced}")
    print_steps(after_embedding(file.path, of_steps=steps))


def _embed_weights(
    weights: WeightsFlags, data: str | None, out: Path | None, how: dict[str, Any]
) -> None:
    """Embed with weights from elsewhere, without a run."""
    import warnings

    from nearfar import api
    from nearfar.api._embedding_writers import new_file
    from nearfar.data import OmittedSamplesWarning

    loaded = weights.load()
    if data is None:
        raise ValueError("`--data` must be given with `--weights`: images, such as a folder")
    name = Path(loaded.weights.what).stem
    with warnings.catch_warnings(), new_file(out, name=name) as file:
        warnings.simplefilter("ignore", OmittedSamplesWarning)  # the notes name the samples
        made = loaded.embed(data, ids=True, **how)
        api.save_embeddings(file.path, *made, notes=made.notes)
    print_notes(made.notes)
    samples, dim = made.embeddings.shape
    print_line("saved", f"{file.path} · {samples:,} samples × {dim:,} dimensions")
    print_steps(after_embedding(file.path, of_steps=False))

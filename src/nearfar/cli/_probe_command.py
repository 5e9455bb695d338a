"""``nearfar probe``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from nearfar.cli._console import print_json, print_line, print_note
from nearfar.cli._flags import values_of
from nearfar.cli._next_commands import after_embedding, after_probe, print_steps, repeated, shell
from nearfar.cli._step_progress import StepProgress
from nearfar.cli._terminal_tables import print_probe
from nearfar.cli._weights_flags import NO_WEIGHTS, WeightsFlags, check_unset

__all__ = ["probe"]


def probe(
    run: Path | None = None,
    /,
    *,
    data: str | None = None,
    labels: str | None = None,
    task: Literal["classification", "regression", "multilabel"] | None = None,
    groups: str | None = None,
    label_share: Annotated[tuple[float, ...], Parameter(consume_multiple=True)] = (),
    layer: str | None = None,
    pool: Literal["mean", "max", "cls", "last", "flat"] | None = None,
    side: Literal["x", "s"] | None = None,
    device: str = "cpu",
    json: bool = False,
    weights: WeightsFlags = NO_WEIGHTS,
    **options: str,
) -> None:
    """Evaluate embeddings with labels: nearest neighbours, linear probe, mean classifier.

    The trained encoder is compared with the untrained encoder and with raw input. The result is
    stored in the run and shown by its report.

    Args:
        run: Directory of a run; or a file of embeddings from any source: .npz, .npy, .parquet, or a
            table of numbers. Not with `--weights`.
        data: Labelled data: a name (see `nearfar data`), a folder with one sub-folder per class, a
            table with a column of labels, or an .npz file with labels. Not for embeddings.
        labels: Which labels to use (a column, or a set such as `speaker`) if there are several; or
            a file with one label per sample: .npy, .npz, .txt or a table. Numbers are regressed.
            Several labels per sample: columns of 0 and 1 (`rain,sun`), or lists in one column
            (`a;b`).
        task: What the labels are; by default inferred, with a note.
        groups: Column or file with the group of each sample, such as the patient; a group is never
            on both sides of a split. By default those that the run was trained with; `none` for
            none.
        label_share: Shares of the labels to probe with in addition: `0.01 0.1` for 1 % and 10 %,
            the same number of each class, mean and deviation over five subsets.
        layer: Layer of the encoders: the name of a module, or its number (-1 for the last); an
            unknown one lists them.
        pool: Pooling of the layer's tokens, time steps or places to one row per sample.
        side: Side of pairs that the samples belong to, if each side has its own encoder: `x` or
            `s`.
        device: Where to compute: `cpu`, `cuda:1`, `mps`, or `auto` for a GPU if there is one.
        json: Print JSON instead of a table.
        weights: Weights from elsewhere to evaluate, instead of a run.
        options: Options for loading the data, if different from the run's: `--column abstract`.
    """
    given: dict[str, Any] = {"labels": labels, "task": task, "groups": groups}
    if run is None or weights.given:
        check_unset("weights", run=run, side=side)
        cut = {"layer": layer, "pool": pool, "device": device, "label_share": label_share}
        _probe_weights(weights, data, given | cut | values_of(options), json=json)
        return
    of_run = not run.is_file()
    if of_run and data is None:
        raise ValueError("`--data` must be given for a run: labelled data, such as digits")

    from nearfar import api

    with StepProgress("probe") as progress:
        record = api.probe(
            run,
            data,
            **given,
            label_share=label_share,
            layer=layer,
            pool=pool,
            side=side,
            device=device,
            progress=progress.show,
            **values_of(options),
        )
    stored = of_run and _store(run, record)
    if json:
        print_json(record.to_json())
        return
    print_probe(record)
    if stored:
        print_line("saved", f"{run / 'probe.json'} · {run / 'report.html'}")
    few = []
    if stored and not label_share:
        same = repeated(data=data, **given, layer=layer, pool=pool, side=side, **options)
        command = shell("probe", run, *same, "--label-share", "0.01", "0.1")
        few = [(command, "scores with few labels")]
    print_steps([*few, *after_probe(api.load(run))] if of_run else after_embedding(run))


def _probe_weights(
    weights: WeightsFlags, data: str | None, how: dict[str, Any], *, json: bool
) -> None:
    """Evaluate weights from elsewhere, without a run."""
    loaded = weights.load()
    if data is None:
        raise ValueError("`--data` must be given with `--weights`: labelled images")
    with StepProgress("probe") as progress:
        record = loaded.probe(data, progress=progress.show, **how)
    if json:
        print_json(record.to_json())
    else:
        print_probe(record)


def _store(run: Path, record: Any) -> bool:
    """Keep the record in the run and draw its report again; a note where that is not possible."""
    from nearfar import api
    from nearfar.records import RunDirectory
    from nearfar.records._run_lock import holding

    try:
        with holding(run, doing="stores a probe of"):
            record.save(RunDirectory(run).probe)
        api.report(run)
    except OSError as error:
        print_note(f"not stored in {run}: {error.strerror or error}")
        return False
    return True

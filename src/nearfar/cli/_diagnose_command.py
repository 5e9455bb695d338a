"""``nearfar diagnose``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from nearfar.cli._console import print_json, print_line
from nearfar.cli._exit_codes import code_of
from nearfar.cli._next_commands import after_diagnosis, print_steps
from nearfar.cli._step_progress import StepProgress
from nearfar.cli._terminal_tables import print_health
from nearfar.cli._weights_flags import NO_WEIGHTS, WeightsFlags, check_unset

__all__ = ["diagnose"]


def diagnose(
    embeddings: Path | None = None,
    second: Path | None = None,
    /,
    *,
    data: str | None = None,
    report: Path | None = None,
    layer: str | None = None,
    pool: Literal["mean", "max", "cls", "last", "flat"] | None = None,
    checkpoint: str | None = None,
    json: bool = False,
    weights: WeightsFlags = NO_WEIGHTS,
) -> int:
    """Check embeddings for collapse without labels; print a verdict and its evidence.

    The exit code is 0 if the verdict is `healthy` or `no collapse seen`, 3 if it is an alarm, and 2
    after an error.

    Args:
        embeddings: Directory of a run, or embeddings from any source: .npy, .npz, .parquet or
            .safetensors of any size, a folder of such files as the parts of a matrix, or a table of
            numbers such as .csv. A file with `z1` and `z2` has two views of each sample. A stopped
            run is measured at its last checkpoint, for which its data must be where they were. Not
            with `--weights`.
        second: Embeddings of a second view of the same samples, in the same order.
        data: Data whose representations by the run are diagnosed instead of its stored verdict;
            with `--weights`, images of which two random views are compared.
        report: HTML page to write.
        layer: Layer of the run's encoder whose features are diagnosed: the name of a module, or its
            number (-1 for the last); of the data that the run was trained on by default.
        pool: Pooling of the layer's tokens, time steps or places to one row per sample.
        checkpoint: Checkpoint to measure instead of the end of the run: `best` (where the other
            view of held-out samples was found best), `last`, or a number of updates.
        json: Print JSON instead of a table.
        weights: Weights from elsewhere to judge, instead of embeddings.
    """
    if embeddings is None or weights.given:
        check_unset("weights", embeddings=embeddings, checkpoint=checkpoint)
        return _diagnose_weights(weights, data, report, layer=layer, pool=pool, json=json)
    from nearfar import api
    from nearfar.api._run_format import names_run

    run = api.load(embeddings) if names_run(embeddings) else None
    judged = embeddings if run is None else run
    with StepProgress("diagnose") as progress:
        health = api.diagnose(
            judged,
            second,
            data=data,
            report=report,
            layer=layer,
            pool=pool,
            checkpoint=checkpoint,
            progress=progress.show,
        )
    if json:
        print_json(health.to_json())
        return code_of(health.verdict)
    print_health(health)
    if report is not None:
        print_line("saved", str(report))
    print_steps(after_diagnosis(embeddings, run, report=report, second=second))
    return code_of(health.verdict)


def _diagnose_weights(
    weights: WeightsFlags, data: str | None, report: Path | None, *, json: bool, **cut: Any
) -> int:
    """Judge weights from elsewhere by two views of images."""
    loaded = weights.load()
    if data is None:
        raise ValueError("`--data` must be given with `--weights`: images, such as a folder")
    health = loaded.diagnose(data, report=report, **cut)
    if json:
        print_json(health.to_json())
        return code_of(health.verdict)
    print_health(health)
    if report is not None:
        print_line("saved", str(report))
    return code_of(health.verdict)

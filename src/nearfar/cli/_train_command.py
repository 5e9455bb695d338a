"""``nearfar train``."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from nearfar._margin_lines import verdict_style
from nearfar._platform import CoreUse
from nearfar._signs import counted
from nearfar.cli._console import print_line
from nearfar.cli._exit_codes import code_of
from nearfar.cli._next_commands import after_training, longer_run, print_steps
from nearfar.cli._recipe_files import was_edited
from nearfar.cli._setting_commands import TRAIN
from nearfar.cli._settings_call import call_with_settings, in_tables
from nearfar.cli._train_plan import TrainPlan

__all__ = ["train"]

MINUTES = "NEARFAR_MINUTES"


def train(
    *words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
) -> int:
    """Pretrain an encoder without labels.

    Args:
        words: The name of the method and its flags, in any order.
    """
    use = CoreUse()  # measured while the modules and the data are loaded
    return call_with_settings(words, TRAIN, partial(_pretrain, use))


def _repeats(plan: TrainPlan) -> bool:
    """Whether the recipe was written by a run, which adds the fingerprint of the data."""
    return "fingerprint" in plan.recipe.get("data", {})


def _pretrain(
    use: CoreUse,
    method: str,
    plan: TrainPlan,
    *,
    resume: Path | None = None,
    recipe: Path | None = None,
    fail_on_alarm: bool | None = None,
    **flags: Any,
) -> int:
    """Call :mod:`nearfar.api` with the given flags; the defaults are set there.

    A run that repeats another has its settings, so there is nothing to choose.

    Returns:
        The exit code: 0, or that of the verdict with `fail_on_alarm`.
    """
    from nearfar import api
    from nearfar.api._live_progress import Display
    from nearfar.training import choose_threads, keep_freed_memory

    keep_freed_memory()
    device = flags.pop("device", None) if resume is not None else None
    if resume is not None and _has_finished(resume, recipe=recipe, flags=flags):
        return code_of(api.load(resume).health.verdict) if fail_on_alarm else 0
    display = Display()
    try:
        if resume is not None:
            run = api.resume(resume, device=device, progress=display)
        else:
            tables = in_tables(flags)
            if "data" not in tables[""]:
                raise ValueError("`--data` must be given: digits, a folder of images, a file, ...")
            tables[""].setdefault("minutes", None if _repeats(plan) else _usual_minutes())
            if recipe is not None and was_edited(recipe):
                print_line("note", f"{recipe} was edited since its run wrote it")
            if chosen := choose_threads(use):
                print_line("note", chosen)
            run = api.pretrain(
                method,
                method_options=tables["method"],
                view_options=tables["views"],
                progress=display,
                **tables[""],
            )
    finally:
        display.close()
    print_line("saved", f"{run.path}/ · open {run.directory.report}")
    print_steps(after_training(run))
    return code_of(run.health.verdict) if fail_on_alarm else 0


def _usual_minutes() -> float | Literal["auto"] | None:
    """The budget without ``--minutes``: that of the environment, else ten minutes on a CPU."""
    text = os.environ.get(MINUTES, "auto").lower()
    if text == "none":
        return None
    try:
        return "auto" if text == "auto" else float(text)
    except ValueError:
        raise ValueError(
            f"{MINUTES} must be a number of minutes, none or auto, got {text!r}"
        ) from None


def _has_finished(path: Path, *, recipe: Path | None, flags: dict[str, Any]) -> bool:
    """Whether a run to resume has finished; if so, say it and what can be done.

    Raises:
        ValueError: Flags in addition to ``--resume``, which keeps the run's settings.
    """
    from nearfar import api

    run = api.load(path)
    given = [f"--{name.replace('__', '.').replace('_', '-')}" for name in flags]
    given += ["--recipe"] if recipe is not None else []
    finished = run.directory.finished()
    if finished:
        epochs = run.record.epochs
        more = flags.get("epochs") or 2 * epochs
        longer = longer_run(run, more if more > epochs else 2 * epochs)
        if given:
            ended = (
                f"{path} has finished its {counted(epochs, 'epoch')}, and its schedule has ended"
            )
            instead = f"start a new run with {longer[0][0]}" if longer else "start a new run"
            raise ValueError(f"`--resume` must be of an unfinished run, but {ended}: {instead}")
        print_line(
            "finished", f"{path} has finished its {counted(epochs, 'epoch')}: nothing to resume"
        )
        print_line("verdict", run.health.summary, style=verdict_style(run.health.verdict))
        print_steps([*after_training(run)[:1], *longer])
    elif given:
        raise ValueError(
            f"`--resume` keeps the run's settings ({counted(run.record.epochs, 'epoch')}): remove"
            f" {', '.join(given)}; only `--device` may differ"
        )
    return finished

"""``nearfar train``."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from nearfar._plugins import refers_to_code
from nearfar.cli._console import print_line
from nearfar.cli._deciding_word import find_word, parse_known, unread
from nearfar.cli._flags import joined_values
from nearfar.cli._live_progress import Display, verdict_style
from nearfar.cli._next_commands import after_training, longer_run, print_steps, shell
from nearfar.cli._recipe_files import read_recipe
from nearfar.cli._train_flags import parser, shared_flags
from nearfar.records import RunDirectory

if TYPE_CHECKING:
    from nearfar.api._run_places import RunExistsError
    from nearfar.modalities import Modality

__all__ = ["train"]


def train(
    *words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
) -> None:
    """Pretrain an encoder without labels.

    Args:
        words: The name of the method and its flags, in any order.
    """
    from nearfar.api._method_listing import find_preset, is_name_of_method
    from nearfar.api._recipe import check_code_in

    known, others = _parse_first(words)
    recipe = read_recipe(known["recipe"]) if "recipe" in known else {}
    typed = find_word(
        others,
        is_name_of_method,
        lambda word: ":" in word and refers_to_code(word, argument="method"),
    )
    method = typed or recipe.get("method", {}).get("name", "simclr")
    if typed:
        find_preset(method)  # a package that was typed is trusted
    check_code_in(recipe)
    find_preset(method)  # report an unknown method before its unknown flags
    kind = _find_kind(method, recipe.get("data", {}) | known)
    app = parser(method, recipe, kind=kind, call=lambda **given: _pretrain(method, **given))
    assert app.default_command is not None
    app(
        joined_values(words, inspect.signature(app.default_command)),
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
    )


def _parse_first(words: tuple[str, ...]) -> tuple[dict[str, Any], list[str]]:
    """The values of flags that decide which other flags exist, and the remaining arguments."""
    from nearfar.data import implying_options

    first = {"recipe": Path, "data": str, "modality": str, **implying_options()}
    deciding = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind | None
        )
        for name, kind in first.items()
    ]
    found, others = parse_known(words, [*deciding, *unread(shared_flags())])
    return {name: found[name] for name in first if name in found}, others


def _find_kind(method: str, known: dict[str, Any]) -> Modality[Any, Any]:
    """The modality whose flags are shown: as given, else that of the data, else the method's."""
    from nearfar.api._choices import find_modality
    from nearfar.api._method_listing import kinds_of
    from nearfar.data import implying_options
    from nearfar.modalities import modality

    data = known.get("data")
    if data is None:
        return modality(known.get("modality") or [*kinds_of(method), "images"][0])
    implying = {name: known.get(name) for name in implying_options()}
    return find_modality(data, modality=known.get("modality"), method=method, given=implying)


def _pretrain(
    method: str,
    *,
    resume: Path | None = None,
    recipe: Path | None = None,
    **flags: Any,
) -> None:
    """Call :mod:`nearfar.api` with the given flags; the defaults are set there."""
    from nearfar import api
    from nearfar.api._run_places import RunExistsError

    if resume is not None and _has_finished(resume, recipe=recipe, flags=flags):
        return
    display = Display()
    try:
        if resume is not None:
            run = api.resume(resume, progress=display)
        else:
            tables: dict[str, dict[str, Any]] = {"method": {}, "views": {}, "": {}}
            for name, value in flags.items():
                table, _, key = name.rpartition("__")
                tables[table][key] = value
            if "data" not in tables[""]:
                raise ValueError("`--data` must be given: digits, a folder of images, a file, ...")
            run = api.pretrain(
                method,
                method_options=tables["method"],
                view_options=tables["views"],
                progress=display,
                **tables[""],
            )
    except RunExistsError as error:
        raise FileExistsError(_taken(error)) from error
    finally:
        display.close()
    print_line("saved", f"{run.path}/ · open {run.directory.report}")
    print_steps(after_training(run))


def _has_finished(path: Path, *, recipe: Path | None, flags: dict[str, Any]) -> bool:
    """Whether a run to resume has finished; if so, say it and what can be done.

    Raises:
        ValueError: Flags beside ``--resume``, which keeps the run's settings.
    """
    from nearfar import api

    if not RunDirectory(path).exists():
        raise ValueError(f"`--resume` must be the directory of a run, got {path}: no recipe.toml")
    run = api.load(path)
    given = [f"--{name.replace('__', '.').replace('_', '-')}" for name in flags]
    given += ["--recipe"] if recipe is not None else []
    finished = run.directory.finished()
    if finished:
        epochs = run.record.epochs
        more = flags.get("epochs") or 2 * epochs
        longer = longer_run(run, more if more > epochs else 2 * epochs)
        if given:
            ended = f"{path} has finished its {epochs:,} epochs, and its schedule has ended"
            instead = f"start a new run with {longer[0][0]}" if longer else "start a new run"
            raise ValueError(f"`--resume` must be of an unfinished run, but {ended}: {instead}")
        print_line("finished", f"{path} has trained all its {epochs:,} epochs: nothing to resume")
        print_line("verdict", run.health.summary, style=verdict_style(run.health))
        print_steps([*after_training(run)[:1], *longer])
    elif given:
        raise ValueError(
            f"`--resume` keeps the run's settings ({run.record.epochs:,} epochs): remove"
            f" {', '.join(given)}"
        )
    return finished


def _taken(error: RunExistsError) -> str:
    """The message of the command line for a directory that is taken."""
    resume = f"resume it with {shell('train', '--resume', error.path)}, or " if error.is_run else ""
    return (
        f"`--out` must be a new directory, but {error.path} exists: {resume}choose another `--out`"
        " or leave it out"
    )

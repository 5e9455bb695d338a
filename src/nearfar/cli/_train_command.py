"""``nearfar train``."""

from __future__ import annotations

import inspect
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, cast

from cyclopts import App, Parameter
from cyclopts.exceptions import CycloptsError

from nearfar.cli._console import print_line
from nearfar.cli._flags import joined_values
from nearfar.cli._live_progress import Display
from nearfar.cli._recipe_files import read_recipe
from nearfar.cli._train_flags import parser

if TYPE_CHECKING:
    from nearfar.api import Run
    from nearfar.modalities import Modality

__all__ = ["train"]


def train(
    *words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
) -> None:
    """Pretrain an encoder without labels.

    Args:
        words: The name of the method, then its flags.
    """
    from nearfar.api._method_listing import find_preset
    from nearfar.api._recipe import check_code_in

    named = bool(words) and not words[0].startswith("-")
    known, others = _parse_first(words[1:] if named else words)
    recipe = read_recipe(known["recipe"]) if "recipe" in known else {}
    method = words[0] if named else recipe.get("method", {}).get("name", "simclr")
    if named:
        find_preset(method)  # a package that was typed is trusted
    check_code_in(recipe)
    find_preset(method)  # report an unknown method before its unknown flags
    kind = _find_kind(method, recipe.get("data", {}) | known)
    app = parser(
        method, recipe, kind=kind, known=known, call=lambda **said: _pretrain(method, **said)
    )
    assert app.default_command is not None
    app(
        joined_values(others, inspect.signature(app.default_command)),
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
    )


def _parse_first(words: tuple[str, ...]) -> tuple[dict[str, Any], list[str]]:
    """The values of flags that decide which other flags exist, and the remaining arguments."""
    from nearfar.data import telling_options

    first = {"recipe": Path, "data": str, "modality": str, **telling_options()}

    def run(**known: Any) -> None:
        """Never called."""

    cast(Any, run).__signature__ = inspect.Signature(
        [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind | None
            )
            for name, kind in first.items()
        ]
    )
    app = App(default_command=run, help_flags=[], version_flags=[])
    app.default_parameter = Parameter(negative=())
    try:
        _, bound, others, _ = app.parse_known_args(joined_values(words, inspect.signature(run)))
    except CycloptsError as error:
        error.verbose = False  # the message only, without the signature of `run`
        raise
    return dict(bound.kwargs), others


def _find_kind(method: str, known: dict[str, Any]) -> Modality[Any, Any]:
    """The modality whose flags are shown: as given, else that of the data, else the method's."""
    from nearfar.api._choices import find_modality
    from nearfar.api._method_listing import kinds_of
    from nearfar.data import telling_options
    from nearfar.modalities import modality

    data = known.get("data")
    if data is None:
        return modality(known.get("modality") or [*kinds_of(method), "images"][0])
    telling = {name: known.get(name) for name in telling_options()}
    return find_modality(data, modality=known.get("modality"), method=method, given=telling)


def _pretrain(
    method: str,
    *,
    resume: Path | None = None,
    recipe: Path | None = None,
    **said: Any,
) -> None:
    """Call :mod:`nearfar.api` with the given flags; the defaults are set there."""
    from nearfar import api

    display = Display()
    try:
        if resume is not None:
            if said or recipe:
                raise ValueError("`--resume` keeps the run's settings: remove all other flags")
            run = api.resume(resume, progress=display)
        else:
            tables: dict[str, dict[str, Any]] = {"method": {}, "views": {}, "": {}}
            for name, value in said.items():
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
    finally:
        display.close()
    print_line("saved", f"{run.path}/ · open {run.directory.report}")
    print_line("next", _next_command(run))


def _next_command(run: Run) -> str:
    """A command for a finished run, and what it does."""
    from nearfar.modalities import modality

    stated = run.directory.read_recipe()["data"]
    data, path = stated["data"], quote(str(run.path))
    if modality(stated["modality"]).paired:
        made = f"nearfar embed {path} --data {quote(data)} --out embeddings.npz"
        return f"{made}     write the embeddings of both sides"
    labeled = "LABELLED" if Path(data).exists() else data
    return f"nearfar probe {path} --data {labeled}     evaluate it with labels"

"""``nearfar train``."""

from __future__ import annotations

import inspect
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from nearfar._plugins import refers_to_code
from nearfar.cli._console import print_line, print_next
from nearfar.cli._deciding_word import find_word, parse_known, unread
from nearfar.cli._flags import joined_values
from nearfar.cli._live_progress import Display
from nearfar.cli._recipe_files import read_recipe
from nearfar.cli._train_flags import parser, shared_flags

if TYPE_CHECKING:
    from nearfar.api import Run
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
    app = parser(
        method, recipe, kind=kind, call=partial(_pretrain, method, repeats=_repeats(recipe))
    )
    assert app.default_command is not None
    app(
        joined_values(words, inspect.signature(app.default_command)),
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
    )


def _repeats(recipe: dict[str, Any]) -> bool:
    """Whether a recipe was written by a run, which adds the fingerprint of the data."""
    return "fingerprint" in recipe.get("data", {})


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
    repeats: bool,
    resume: Path | None = None,
    recipe: Path | None = None,
    **flags: Any,
) -> None:
    """Call :mod:`nearfar.api` with the given flags; the defaults are set there.

    A run that `repeats` another has its settings, so there is nothing to choose.
    """
    from nearfar import api

    display = Display()
    try:
        if resume is not None:
            if flags or recipe:
                raise ValueError("`--resume` keeps the run's settings: remove all other flags")
            run = api.resume(resume, progress=display)
        else:
            tables: dict[str, dict[str, Any]] = {"method": {}, "views": {}, "": {}}
            for name, value in flags.items():
                table, _, key = name.rpartition("__")
                tables[table][key] = value
            if "data" not in tables[""]:
                raise ValueError("`--data` must be given: digits, a folder of images, a file, ...")
            tables[""].setdefault("minutes", None if repeats else "auto")
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
    print_next(*_next_command(run))


def _next_command(run: Run) -> tuple[str, str]:
    """A command for a finished run, and what it does."""
    from nearfar.modalities import modality

    stated = run.directory.read_recipe()["data"]
    data, path = stated["data"], quote(str(run.path))
    if modality(stated["modality"]).paired:
        made = f"nearfar embed {path} --data {quote(data)} --out embeddings.npz"
        return made, "write the embeddings of both sides"
    labeled = "LABELLED" if Path(data).exists() else data
    return f"nearfar probe {path} --data {labeled}", "evaluate it with labels"

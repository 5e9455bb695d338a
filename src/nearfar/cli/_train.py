"""``nearfar train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from nearfar.cli._console import print_line
from nearfar.cli._progress import Display
from nearfar.cli._recipe import read_recipe
from nearfar.cli._train_flags import parser

if TYPE_CHECKING:
    from nearfar.modalities import Modality

__all__ = ["train"]


def train(
    *words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
) -> None:
    """Pretrain an encoder without labels.

    Args:
        words: The method, then the flags that belong to it.
    """
    from nearfar.api._recipe import preset_names
    from nearfar.checks import check_choice

    file = _value_after("--recipe", words)
    recipe = read_recipe(Path(file)) if file else {}
    named = bool(words) and not words[0].startswith("-")
    method = words[0] if named else recipe.get("method", {}).get("name", "simclr")
    check_choice(preset_names(), method=method)
    flags = words[1:] if named else words
    kind = _kind(method, flags, recipe.get("data", {}))
    parser(method, recipe, kind=kind, call=lambda **said: _pretrain(method, **said))(
        flags,
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
    )


def _kind(method: str, words: tuple[str, ...], stated: dict[str, Any]) -> Modality:
    """The modality whose flags these are: as said, as the data are, as the method wants."""
    from nearfar.api._choices import find_modality
    from nearfar.api._recipe import method_class
    from nearfar.modalities import modality

    def said(name: str) -> Any:
        return _value_after(f"--{name.replace('_', '-')}", words) or stated.get(name)

    data = said("data")
    if data is None:
        return modality(said("modality") or [*method_class(method).modalities, "images"][0])
    telling = {name: said(name) for name in ("x", "s", "column", "features", "sample_rate")}
    telling["adjacent"] = True if "--adjacent" in words else stated.get("adjacent")
    return find_modality(data, modality=said("modality"), method=method, given=telling)


def _value_after(flag: str, words: tuple[str, ...]) -> str | None:
    for place, word in enumerate(words):
        if word == flag and place + 1 < len(words):
            return words[place + 1]
        if word.startswith(f"{flag}="):
            return word.removeprefix(f"{flag}=")
    return None


def _pretrain(
    method: str,
    *,
    resume: Path | None = None,
    recipe: Path | None = None,
    **said: Any,
) -> None:
    """Call :mod:`nearfar.api` with what was said; what was not said keeps its default there."""
    from nearfar import api

    display = Display()
    try:
        if resume is not None:
            if said or recipe:
                raise ValueError("`--resume` goes on with a run as it was: leave out other flags")
            run = api.resume(resume, progress=display)
        else:
            tables: dict[str, dict[str, Any]] = {"method": {}, "views": {}, "": {}}
            for name, value in said.items():
                table, _, key = name.rpartition("__")
                tables[table][key] = value
            if "data" not in tables[""]:
                raise ValueError("`--data` must name a source: digits, a folder of images, ...")
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
    data = run.directory.read_recipe()["data"]["data"]
    labelled = "LABELLED" if Path(data).exists() else data
    print_line(
        "next", f"nearfar probe {run.path} --data {labelled}     how good is it, with labels"
    )

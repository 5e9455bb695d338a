"""What the words after ``nearfar train`` or ``views`` mean, and their mistakes, without PyTorch."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cyclopts import App
from cyclopts.exceptions import CycloptsError

from nearfar._index import load_index
from nearfar._plugins import plugins, refers_to_code
from nearfar._suggestions import suggest
from nearfar.cli._deciding_word import find_word, parse_known, unread
from nearfar.cli._file_checks import check_encoder, check_files, prefixes
from nearfar.cli._flags import joined_values
from nearfar.cli._mistakes import parse_all
from nearfar.cli._recipe_files import as_flags, read_recipe
from nearfar.cli._setting_commands import TRAIN, SettingCommand
from nearfar.cli._train_flags import (
    indexed_flags,
    names_in_recipe,
    parser,
    shared_flags,
    unclear_flags,
)
from nearfar.cli._unknown_words import is_data, known_methods, unknown_method

__all__ = ["TrainPlan", "parse_flags", "read_plan"]

HELP = ("--help", "-h")


@dataclass
class TrainPlan:
    """The words of ``nearfar train``, as far as they are understood without a look at the data.

    Attributes:
        method: Name of the method; None if there is none.
        known: Values of the flags that decide which other flags exist.
        recipe: Tables of the recipe.
        typed: Whether the method was typed, not read from a recipe.
        own: Whether the method is one of nearfar's own, whose flags are in the index.
        kinds: Built-in modalities that the data can have; empty if they can have another one.
        said: The mistakes.
        wants_help: Whether the help is asked for.
    """

    method: str | None = None
    known: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    typed: bool = False
    own: bool = False
    kinds: tuple[str, ...] = ()
    said: list[str] = field(default_factory=list)
    wants_help: bool = False


def read_plan(words: Sequence[str], *, command: SettingCommand = TRAIN) -> TrainPlan:
    """Understand the words, and find all mistakes that need neither PyTorch nor the data.

    Args:
        words: The name of the method and its flags, in any order.
        command: The command.
    """
    plan = TrainPlan(wants_help=any(word in HELP for word in words))
    known, others = _parse_first(words, command)
    if "recipe" in known:
        try:
            plan.recipe = read_recipe(known["recipe"])
        except (OSError, ValueError) as error:
            if not isinstance(error, FileNotFoundError):  # which the checks of files report
                plan.said.append(" ".join(str(error).split()))
    plan.known = {**plan.recipe.get("data", {}), **known}
    plan.method = _find_method(others, plan, command)
    index = load_index()
    plan.own = plan.method is None or plan.method in index["methods"]
    plan.kinds = _possible_kinds(plan)
    if plan.own and plan.kinds:
        _check_flags(words, plan, command)
    else:
        plan.said += check_files(command.name, known)
    return plan


def _parse_first(words: Sequence[str], command: SettingCommand) -> tuple[dict[str, Any], list[str]]:
    """The values of flags that decide which other flags exist, and the remaining arguments."""
    first: dict[str, type] = {
        "recipe": Path,
        "resume": Path,
        "data": str,
        "modality": str,
        "out": Path,
    }
    own = {flag.name for flag in command.own}
    first = {
        name: kind for name, kind in first.items() if name in own or name not in command.without
    }
    first |= _implying_options()
    deciding = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind | None
        )
        for name, kind in first.items()
    ]
    flags = [*deciding, *unread(command.flags(shared_flags()))]
    for end in range(len(words), -1, -1):  # a flag at the end may lack its value
        try:
            found, others = parse_known(words[:end], flags)
        except CycloptsError:
            continue
        return {name: found[name] for name in first if name in found}, others
    return {}, list(words)


def _implying_options() -> dict[str, type]:
    """The options that imply a modality, with their types."""
    if plugins("nearfar.modalities"):
        from nearfar.data import implying_options

        return implying_options()
    types: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool, "Path": Path}
    return {
        name: types[kind]
        for modality in load_index()["kinds"].values()
        for name, kind in modality["implied_by"].items()
    }


def _find_method(others: Sequence[str], plan: TrainPlan, command: SettingCommand) -> str | None:
    """The method that was typed, or that of the recipe; an unknown one is a mistake and None."""
    index = load_index()
    known = {*index["methods"], *plugins("nearfar.methods")}
    typed = find_word(
        others,
        known.__contains__,
        lambda word: ":" in word and refers_to_code(word, argument="method"),
    )
    plan.typed = typed is not None
    resumed = "resume" in plan.known
    if typed is None:
        stated = plan.recipe.get("method", {}).get("name")
        if isinstance(stated, str):
            typed = stated
        elif command.method is not None:
            typed = command.method
        elif not resumed and not plan.wants_help and (plan.recipe or "recipe" not in plan.known):
            plan.said.append(
                f"`method` must be given, as in nearfar {command.name} simclr:"
                f" {', '.join(known_methods())}"
            )
    if typed is None or typed in known:
        return typed
    if refers_to_code(typed, argument="method"):
        return typed
    if is_data(typed) and "data" not in plan.known:
        plan.said.append(
            f"`method` must be given before the data, as in nearfar {command.name} simclr --data"
            f" {typed}: {', '.join(known_methods())}"
        )
    else:
        plan.said.append(unknown_method(typed))
    return None


def _possible_kinds(plan: TrainPlan) -> tuple[str, ...]:
    """The modalities that the data can have; empty if one of another package is among them."""
    index = load_index()
    built_in = tuple(index["kinds"])
    given = plan.known
    modality = given.get("modality")
    others = plugins("nearfar.modalities")
    if modality is not None:
        if modality in built_in:
            return (modality,)
        if modality in others:
            return ()
        plan.said.append(
            f"`--modality` must be one of {', '.join((*built_in, *others))}, got"
            f" {modality!r}{suggest(modality, (*built_in, *others))}"
        )
        return built_in
    data = given.get("data")
    implied = [
        name
        for name, kind in index["kinds"].items()
        if any(given.get(option) is not None for option in kind["implied_by"])
        and (kind["composite"] or data not in index["datasets"])
    ]
    if implied and not others:
        return (max(implied, key=lambda name: bool(index["kinds"][name]["composite"])),)
    if data in index["datasets"]:
        return (index["datasets"][data]["modality"],)
    if data is None or (plan.wants_help and not Path(data).expanduser().exists()):
        kinds = index["methods"].get(plan.method or "", {}).get("kinds", [])
        return (*kinds, "images")[:1]
    if others:
        return ()
    if not isinstance(data, str) or data.startswith(prefixes()):
        return built_in
    from nearfar.data._possible_kinds import possible_kinds  # imports NumPy

    return possible_kinds(Path(data).expanduser())


def _check_flags(words: Sequence[str], plan: TrainPlan, command: SettingCommand) -> None:
    """Parse the flags of the method, or of any method if it is unknown, and check their values."""
    methods = [plan.method] if plan.method else list(load_index()["methods"])
    flags = indexed_flags(methods, plan.kinds)
    names = names_in_recipe(flags)
    flags = command.flags(flags)
    stated: dict[str, Any] = {}
    try:
        stated = as_flags(dict(plan.recipe), known=names)
    except ValueError as error:
        plan.said.append(str(error))
    unclear = unclear_flags(methods, plan.kinds)
    if any(word.partition("=")[0] in unclear for word in words):
        plan.said += check_files(command.name, plan.known)
        return
    method = plan.method or "simclr"
    values, said = parse_flags(words, method, flags, stated=stated, command=command)
    plan.said += said
    plan.said += check_files(command.name, {**plan.known, **values})
    if isinstance(values.get("encoder"), str):
        plan.said += check_encoder(values["encoder"], plan.kinds)
    given = {**plan.known, **values}
    if not ({"data", "resume"} & given.keys() or any("--data" in text for text in plan.said)):
        plan.said.append("`--data` must be given: digits, a folder of images, a file, ...")


def parse_flags(
    words: Sequence[str],
    method: str,
    flags: Sequence[inspect.Parameter],
    *,
    stated: Mapping[str, Any],
    command: SettingCommand = TRAIN,
) -> tuple[dict[str, Any], list[str]]:
    """The values of the flags, and a message for each mistake.

    Args:
        words: Command-line arguments.
        method: Name of the method.
        flags: All flags.
        stated: Flags of a recipe.
        command: The command.
    """

    def app_with(stated: Mapping[str, Any]) -> App:
        return parser(method, stated, flags=flags, modality="", example="", call=_never)

    joined = joined_values(words, inspect.Signature(list(flags)))
    return parse_all(
        app_with, joined, stated=stated, unexpected=lambda word: _unexpected(word, command.name)
    )


def _never(**given: Any) -> int:
    raise AssertionError("a command that is only parsed")


def _unexpected(word: str, command: str) -> str:
    if is_data(word):
        return f"`{word}` is not a method (did you mean --data {word}?)"
    return f"`{word}` is one word too many: `nearfar {command}` takes one method, and flags"

"""Mistakes in the words of a command, before it is imported in full.

Those of ``train``, ``views``, ``sweep`` and ``study`` are found there: their flags depend on an
argument.
A command's module imports nothing heavy before the command is called, so its signature is at hand.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Annotated, Any, cast

from cyclopts import App, Parameter

from nearfar._deprecation import OPTIONS
from nearfar._index import load_index
from nearfar._plugins import plugins
from nearfar._suggestions import suggest
from nearfar.cli._file_checks import check_files
from nearfar.cli._flags import UNCHECKED
from nearfar.cli._mistakes import CommandError, parse_all
from nearfar.cli._unknown_words import is_data, unknown_command

__all__ = ["WITH_OWN_FLAGS", "check_words", "function_of"]

WITH_OWN_FLAGS = ("train", "views", "sweep", "study")
HELP = ("--help", "-h", "--version")


def function_of(command: str) -> str:
    """Name of the function of a command, which is spelt as other identifiers are.

    >>> function_of("neighbours"), function_of("probe")
    ('neighbors', 'probe')
    """
    return command.replace("neighbours", "neighbors")


def check_words(words: Sequence[str], commands: Sequence[str]) -> None:
    """Check the words of a command line, as far as this takes neither PyTorch nor the data.

    Args:
        words: Command-line arguments after ``nearfar``.
        commands: Names of the commands.

    Raises:
        CommandError: All mistakes that were found.
    """
    if not words or words[0].startswith("-"):
        return
    command, *others = words
    if command not in commands:
        raise CommandError([unknown_command(command, commands)])
    if command in WITH_OWN_FLAGS or any(word in HELP for word in others):
        return
    name = function_of(command)
    function = getattr(import_module(f"nearfar.cli._{name}_command"), name)
    values, said, required = _parsed(function, command, others)
    said += _check_options(values.pop("options", {}), function)
    for name in required:
        if not any(name in text for text in said):
            said.append(f"`{name}` must be given: nearfar {command} --help")
    said += check_files(command, values)
    if said:
        raise CommandError(said)


def _parsed(
    function: Callable[..., Any], command: str, words: Sequence[str]
) -> tuple[dict[str, Any], list[str], list[str]]:
    """The values of a command's arguments, its mistakes, and what is required but not given."""
    parameters = inspect.signature(function, eval_str=True).parameters.values()
    required = [
        parameter
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    ]

    def run(*given: Any, **values: Any) -> None:
        raise AssertionError("a command that is only parsed")

    cast(Any, run).__signature__ = inspect.Signature(
        [
            parameter.replace(default=None, annotation=Annotated[parameter.annotation, UNCHECKED])
            if parameter in required
            else parameter
            for parameter in parameters
        ]
    )

    def app_with(stated: Mapping[str, Any]) -> App:
        app = App(name=f"nearfar {command}", default_command=run, help_flags=[], version_flags=[])
        app.default_parameter = Parameter(negative=())
        return app

    values, said = parse_all(app_with, words, unexpected=_unexpected)
    absent = [] if said and not values else [p for p in required if p.name not in values]
    return values, said, list(map(_shown, absent))


def _shown(parameter: inspect.Parameter) -> str:
    by_place = parameter.kind is parameter.POSITIONAL_ONLY
    return parameter.name if by_place else f"--{parameter.name.replace('_', '-')}"


def _check_options(options: Mapping[str, Any], function: Callable[..., Any]) -> list[str]:
    """A message for each flag that no modality has as an option for loading data."""
    if plugins("nearfar.modalities"):
        return []
    kinds = load_index()["kinds"].values()
    known = {name for kind in kinds for name in kind["opening"]} | OPTIONS.keys()
    own = [name for name in inspect.signature(function).parameters if name != "options"]
    said = []
    for name in options:
        if name.replace("-", "_") not in known:
            flags = [f"--{other.replace('_', '-')}" for other in (*own, *known)]
            flag = f"--{name.replace('_', '-')}"
            said.append(f"`{flag}` is not a flag of this command{suggest(flag, flags)}")
    return said


def _unexpected(word: str) -> str:
    hint = f" (did you mean --data {word}?)" if is_data(word) else ""
    return f"`{word}` is one word too many{hint}"

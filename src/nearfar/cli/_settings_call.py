"""A call of a command that takes the settings of a run: parsed, checked, completed by a recipe."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nearfar._index import load_index
from nearfar.cli._flags import joined_values
from nearfar.cli._mistakes import CommandError
from nearfar.cli._recipe_files import as_flags
from nearfar.cli._setting_commands import SettingCommand
from nearfar.cli._train_flags import derived_flags, indexed_flags, names_in_recipe, parser
from nearfar.cli._train_plan import TrainPlan, parse_flags, read_plan

if TYPE_CHECKING:
    from nearfar.modalities import Modality

__all__ = ["call_with_settings", "in_tables"]


def call_with_settings(
    words: Sequence[str], command: SettingCommand, call: Callable[..., int]
) -> int:
    """Parse the words of a command, and call a function with the method, the plan and the flags.

    Args:
        words: The name of the method and its flags, in any order.
        command: The command.
        call: Called with the name of the method, the :class:`TrainPlan` and the flags that were
            given, as keyword arguments; returns the exit code.

    Returns:
        The exit code.

    Raises:
        CommandError: All mistakes that were found.
    """
    plan = read_plan(words, command=command)
    if plan.said and not plan.wants_help:
        raise CommandError(plan.said)
    method = plan.method or "simclr"
    if plan.own and len(plan.kinds) == 1:
        kind, example = plan.kinds[0], load_index()["kinds"][plan.kinds[0]]["example"]
        flags = indexed_flags([method], plan.kinds)
    else:
        found = _find_kind(method, plan)
        kind, example = found.name, found.example
        own = plan.own and kind in load_index()["kinds"]
        flags = indexed_flags([method], [kind]) if own else derived_flags(method, found)
    stated = as_flags(dict(plan.recipe), known=names_in_recipe(flags))
    flags = command.flags(flags)
    if not plan.wants_help:
        if plan.recipe:
            _check_code(plan)
        _, said = parse_flags(words, method, flags, stated=stated, command=command)
        if said:
            raise CommandError(said)
    app = parser(
        method,
        stated,
        flags=flags,
        modality=kind,
        example=example,
        call=lambda **given: call(method, plan, **given),
        command=command,
    )
    assert app.default_command is not None
    code: int | None = app(
        joined_values(words, inspect.signature(app.default_command)),
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
    )
    return code or 0  # None for --help


def in_tables(flags: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Flags as tables: those of ``method`` and ``views``, and the others under an empty name.

    >>> in_tables({"data": "digits", "views__flip": 0.5})
    {'method': {}, 'views': {'flip': 0.5}, '': {'data': 'digits'}}
    """
    tables: dict[str, dict[str, Any]] = {"method": {}, "views": {}, "": {}}
    for name, value in flags.items():
        table, _, key = name.rpartition("__")
        tables[table][key] = value
    return tables


def _find_kind(method: str, plan: TrainPlan) -> Modality[Any, Any]:
    """The modality whose flags are shown: as given, else that of the data, else the method's."""
    from nearfar.api._choices import find_modality
    from nearfar.api._method_listing import find_preset, kinds_of
    from nearfar.data import implying_options
    from nearfar.modalities import modality

    if plan.typed:
        find_preset(method)  # a package that was typed is trusted
    _check_code(plan)
    data, named = plan.known.get("data"), plan.known.get("modality")
    if data is None:
        return modality(named or [*kinds_of(method), "images"][0])
    implying = {name: plan.known.get(name) for name in implying_options()}
    return find_modality(data, modality=named, method=method, given=implying)


def _check_code(plan: TrainPlan) -> None:
    from nearfar.api._recipe import check_code_in

    check_code_in(plan.recipe)

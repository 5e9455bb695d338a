"""The flags of ``nearfar train``: those of the data, the method, the views and the training.

Those of nearfar's own methods and modalities are read from the index, without PyTorch. The index is
made from the flags that are derived here from the signatures, as are those of other packages.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Group, Parameter
from cyclopts.config import Dict

from nearfar._index import load_index
from nearfar.cli._deciding_word import decided_by
from nearfar.cli._flags import RENAMED, current, flags_of
from nearfar.cli._setting_commands import TRAIN, SettingCommand
from nearfar.cli._stored_flags import any_of, restored

if TYPE_CHECKING:
    from nearfar.modalities import Modality

__all__ = [
    "derived_flags",
    "general_flags",
    "indexed_flags",
    "method_flags",
    "names_in_recipe",
    "parser",
    "shared_flags",
    "unclear_flags",
    "view_flags",
]

GROUPS = {
    name: Group.create_ordered(name, help=text)
    for name, text in (
        ("Data", ""),
        ("Encoder", ""),
        ("Training", "Unset options default to values suited to the method and the data."),
        ("Method", ""),
        ("Views", "Unset options default to values suited to the method and the data."),
        ("Other", ""),
    )
}
DATA, ENCODER, TRAINING, METHOD, VIEWS, OTHER = GROUPS.values()
DATA_HELP = (
    "Training data: a name (see `nearfar data`), a folder of images or sounds, or a file with"
    " arrays, texts, pairs or a graph."
)
ENCODER_HELP = (
    "Encoder: {kind.encoders}, or a function of your own, package.module:name. By default"
    " {kind.encoder}."
)
RECIPE_HELP = "TOML file or run to read settings from; flags override them."
RESUME_HELP = "Interrupted run to resume; the result is bit-identical."
ALARM_HELP = (
    "Exit with code 3 if the verdict is an alarm, that is neither `healthy` nor `no collapse seen`."
)
# view settings that the data and the method determine
DECIDED = ("size", "channels", "num_views", "length", "normalize")


def parser(
    method: str,
    stated: Mapping[str, Any],
    *,
    flags: Collection[inspect.Parameter],
    modality: str,
    example: str,
    call: Callable[..., int],
    command: SettingCommand = TRAIN,
) -> App:
    """The parser for one method and modality.

    Args:
        method: Name of a method.
        stated: Flags of a recipe, which those of the command line override.
        flags: The flags.
        modality: Modality of the data.
        example: Example of data of this modality.
        call: Function that is called with the given flags only.
        command: The command.
    """
    app = App(
        name=f"nearfar {command.name}",
        default_command=decided_by(
            method, "method", flags, call=lambda **values: call(**current(values))
        ),
        help=command.help.format(known=", ".join(_own_methods()), method=method, modality=modality),
        help_epilogue=command.examples.format(method=method, data=example, name=Path(example).stem),
        help_format="markdown",
        usage=command.usage,
        version_flags=[],
        suppress_keyboard_interrupt=False,
        config=Dict(dict(stated), source="the recipe", use_commands_as_keys=False),
    )
    app["--help"].group = OTHER
    return app


def names_in_recipe(flags: Collection[inspect.Parameter]) -> set[str]:
    """Names of the flags that are keys of a recipe."""
    return {flag.name for flag in flags if not flag.name.endswith(RENAMED)}


def indexed_flags(methods: Collection[str], kinds: Collection[str]) -> list[inspect.Parameter]:
    """The flags of a built-in method for a modality, or those of any of several."""
    return [
        restored(entry, group=GROUPS[name])
        for name, entries in _indexed(methods, kinds).items()
        for entry in entries
    ]


def unclear_flags(methods: Collection[str], kinds: Collection[str]) -> set[str]:
    """Those of several methods and modalities that have another number of values in each."""
    return {
        name
        for entries in _indexed(methods, kinds).values()
        for entry in entries
        if entry.get("unclear")
        for flag in entry["names"]
        for name in (flag, re.sub(r"^(--(?:\w+\.)?)", r"\1no-", flag))
    }


def _indexed(methods: Collection[str], kinds: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """The stored flags by panel."""
    index = load_index()
    settings = {index["methods"][method]["views"][kind] for method in methods for kind in kinds}
    of_kinds = {
        name: [index["kinds"][kind]["flags"].get(name, []) for kind in kinds] for name in GROUPS
    }
    own = {
        METHOD.name: [index["methods"][method]["flags"] for method in methods],
        VIEWS.name: [index["views"][name] for name in sorted(settings)],
    }
    return {name: any_of(alternatives) for name, alternatives in (of_kinds | own).items()}


def shared_flags() -> list[inspect.Parameter]:
    """The flags that do not depend on the method, of all built-in modalities."""
    return [
        restored(entry, group=group)
        for kind in load_index()["kinds"].values()
        for name, group in GROUPS.items()
        for entry in kind["flags"].get(name, [])
    ]


def derived_flags(method: str, kind: Modality[Any, Any]) -> list[inspect.Parameter]:
    """The flags of any method for any modality, from the signatures."""
    general = general_flags(kind)
    return [
        *general[DATA.name],
        *general[ENCODER.name],
        *general[TRAINING.name],
        *method_flags(method),
        *view_flags(method, kind),
        *general[OTHER.name],
    ]


def method_flags(method: str) -> list[inspect.Parameter]:
    """The flags of a method, from the signature of its preset."""
    from nearfar.api._method_listing import find_preset

    return flags_of(find_preset(method), table="method", group=METHOD)


def view_flags(method: str, kind: Modality[Any, Any]) -> list[inspect.Parameter]:
    """The flags of a method's views of a modality, from the signature of their class."""
    from nearfar.api._method_listing import method_class
    from nearfar.api._recipe import view_recipe

    free = {"num_views"} if method_class(method).any_views else set()
    return flags_of(
        kind.view_settings(view_recipe(method, kind.name)),
        table="views",
        group=VIEWS,
        leave_out=set(DECIDED) - free,
        show_defaults=False,
    )


def general_flags(kind: Modality[Any, Any]) -> dict[str, list[inspect.Parameter]]:
    """The flags of a modality that every method has, by panel, from the signatures."""
    from nearfar import api, training

    from_python = {"method_options", "view_options", "views", "progress", "width"}
    places = {"modality": DATA, "groups": DATA, "out": OTHER, "log": OTHER}
    places |= dict.fromkeys(("weights", "weights_key", "preprocess"), ENCODER)
    places |= dict.fromkeys(("setting", "minutes", "device"), TRAINING)
    named = {
        group.name: [
            flag
            for flag in flags_of(api.pretrain, group=group, leave_out=from_python)
            if places.get(flag.name) is group
        ]
        for group in GROUPS.values()
    }
    return {
        DATA.name: [
            _flag("data", str, DATA, DATA_HELP),
            *named[DATA.name],
            *flags_of(kind.options, group=DATA, renamed={"view_style": "views"}),
        ],
        ENCODER.name: [
            _flag("encoder", str, ENCODER, ENCODER_HELP.format(kind=kind)),
            *named[ENCODER.name],
        ],
        TRAINING.name: [
            *named[TRAINING.name],
            *flags_of(training.TrainingOptions, group=TRAINING, show_defaults=kind.loop_defaults),
        ],
        OTHER.name: [
            *named[OTHER.name],
            _flag("recipe", Path, OTHER, RECIPE_HELP),
            _flag("resume", Path, OTHER, RESUME_HELP),
            _flag("fail_on_alarm", bool, OTHER, ALARM_HELP),
        ],
    }


def _own_methods() -> list[str]:
    return [name for name, known in load_index()["methods"].items() if not known["alias_of"]]


def _flag(name: str, kind: type, group: Group, text: str) -> inspect.Parameter:
    flag = Parameter(name=f"--{name.replace('_', '-')}", group=group, help=text)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, flag]
    )

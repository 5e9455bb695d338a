"""The flags of ``nearfar train``: those of the data, the method, the views and the training."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Group, Parameter
from cyclopts.config import Dict

from nearfar.cli._deciding_word import decided_by
from nearfar.cli._flags import RENAMED, current, flags_of
from nearfar.cli._recipe_files import as_flags

if TYPE_CHECKING:
    from nearfar.modalities import Modality

__all__ = ["parser", "shared_flags"]

DATA, ENCODER, TRAINING, METHOD, VIEWS, OTHER = (
    Group.create_ordered(name, help=text)
    for name, text in (
        ("Data", ""),
        ("Encoder", ""),
        ("Training", "Unset options default to values suited to the method and the data."),
        ("Method", ""),
        ("Views", "Unset options default to values suited to the method and the data."),
        ("Other", ""),
    )
)
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
HELP = """\
Pretrain an encoder without labels, and report whether it worked.

METHOD is one of {known}. The flags below are those of {method} on {modality}; they depend on the
data, so pass --data together with --help. Each flag is also a keyword argument in Python and a key
in a recipe. Ctrl-C saves the run; --resume continues it."""
EXAMPLES = """\
Examples:

- `nearfar train simclr --data digits`
- `nearfar train {method} --data {data} --epochs 200`
- `nearfar train {method} --data {data} --help`
- `nearfar train --resume runs/{method}-{name}`"""
# view settings that the data and the method determine
DECIDED = ("size", "channels", "num_views", "length", "normalize")


def parser(
    method: str,
    recipe: dict[str, Any],
    *,
    kind: Modality[Any, Any],
    call: Callable[..., None],
) -> App:
    """The parser for one method and modality.

    Args:
        method: Name of a preset in ``nearfar.methods``.
        kind: The modality of the data.
        recipe: Tables of a recipe file, which flags override; empty without a recipe.
        call: Function that is called with the given flags only.

    Raises:
        ValueError: The recipe has an unknown key (the closest known name is suggested).
    """
    from nearfar.api._recipe import preset_names

    flags = _flags(method, kind)
    example = kind.example
    stated = as_flags(
        recipe, known={flag.name for flag in flags if not flag.name.endswith(RENAMED)}
    )

    app = App(
        name="nearfar train",
        default_command=decided_by(
            method, "method", flags, call=lambda **values: call(**current(values))
        ),
        help=HELP.format(known=", ".join(preset_names()), method=method, modality=kind.name),
        help_epilogue=EXAMPLES.format(method=method, data=example, name=Path(example).stem),
        help_format="markdown",
        usage="Usage: nearfar train METHOD --data SOURCE [flags]",
        version_flags=[],
        suppress_keyboard_interrupt=False,
        config=Dict(stated, source="the recipe", use_commands_as_keys=False),
    )
    app["--help"].group = OTHER
    return app


def shared_flags() -> list[inspect.Parameter]:
    """The flags that do not depend on the method, of all built-in modalities."""
    from nearfar.data import MODALITIES
    from nearfar.modalities import modality

    return [
        flag for name in MODALITIES for flags in _general(modality(name)).values() for flag in flags
    ]


def _flags(method: str, kind: Modality[Any, Any]) -> list[inspect.Parameter]:
    from nearfar.api._method_listing import find_preset, method_class
    from nearfar.api._recipe import view_recipe

    free = {"num_views"} if method_class(method).any_views else set()
    general = _general(kind)
    return [
        *general[DATA],
        *general[ENCODER],
        *general[TRAINING],
        *flags_of(find_preset(method), table="method", group=METHOD),
        *flags_of(
            kind.view_settings(view_recipe(method, kind.name)),
            table="views",
            group=VIEWS,
            leave_out=set(DECIDED) - free,
            show_defaults=False,
        ),
        *general[OTHER],
    ]


def _general(kind: Modality[Any, Any]) -> dict[Group, list[inspect.Parameter]]:
    """The flags of a modality that every method has."""
    from nearfar import api, training

    from_python = {"method_options", "view_options", "views", "progress", "width"}
    places = {"modality": DATA, "setting": TRAINING, "minutes": TRAINING, "out": OTHER}
    named = {
        group: [
            flag
            for flag in flags_of(api.pretrain, group=group, leave_out=from_python)
            if places.get(flag.name) is group
        ]
        for group in (DATA, TRAINING, OTHER)
    }
    return {
        DATA: [
            _flag("data", str, DATA, DATA_HELP),
            *named[DATA],
            *flags_of(kind.options, group=DATA, renamed={"view_style": "views"}),
        ],
        ENCODER: [_flag("encoder", str, ENCODER, ENCODER_HELP.format(kind=kind))],
        TRAINING: [
            *named[TRAINING],
            *flags_of(training.TrainingOptions, group=TRAINING, show_defaults=kind.loop_defaults),
        ],
        OTHER: [
            *named[OTHER],
            _flag("recipe", Path, OTHER, RECIPE_HELP),
            _flag("resume", Path, OTHER, RESUME_HELP),
        ],
    }


def _flag(name: str, kind: type, group: Group, text: str) -> inspect.Parameter:
    flag = Parameter(name=f"--{name}", group=group, help=text)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, flag]
    )

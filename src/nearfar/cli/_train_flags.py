"""The flags of ``nearfar train``: those of the data, the method, the views and the training."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from cyclopts import App, Group, Parameter
from cyclopts.config import Dict

from nearfar.cli._flags import RENAMED, current, flags_of
from nearfar.cli._recipe_files import as_flags

if TYPE_CHECKING:
    from nearfar.modalities import Modality

__all__ = ["parser"]

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
    known: dict[str, Any],
    call: Callable[..., None],
) -> App:
    """The parser for one method and modality.

    Args:
        method: Name of a preset in ``nearfar.methods``.
        kind: The modality of the data.
        recipe: Tables of a recipe file, which flags override; empty without a recipe.
        known: Flags that are already parsed, by name.
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

    def run(**said: Any) -> None:
        call(**current(said) | known)

    cast(Any, run).__signature__ = inspect.Signature(flags)
    app = App(
        name="nearfar train",
        default_command=run,
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


def _flags(method: str, kind: Modality[Any, Any]) -> list[inspect.Parameter]:
    from nearfar import api, training
    from nearfar.api._method_listing import find_preset, method_class
    from nearfar.api._recipe import view_recipe

    from_python = {"method_options", "view_options", "views", "progress", "width"}
    free = {"num_views"} if method_class(method).any_views else set()
    places = {"modality": DATA, "setting": TRAINING, "out": OTHER}
    general = {
        group: [
            flag
            for flag in flags_of(api.pretrain, group=group, leave_out=from_python)
            if places.get(flag.name) is group
        ]
        for group in (DATA, TRAINING, OTHER)
    }
    return [
        _flag("data", str, DATA, DATA_HELP),
        *general[DATA],
        *flags_of(kind.options, group=DATA, renamed={"view_style": "views"}),
        _flag("encoder", str, ENCODER, f"Encoder: {kind.encoders}. By default {kind.encoder}."),
        *general[TRAINING],
        *flags_of(training.TrainingOptions, group=TRAINING, show_defaults=kind.loop_defaults),
        *flags_of(find_preset(method), table="method", group=METHOD),
        *flags_of(
            kind.view_settings(view_recipe(method, kind.name)),
            table="views",
            group=VIEWS,
            leave_out=set(DECIDED) - free,
            show_defaults=False,
        ),
        *general[OTHER],
        _flag(
            "recipe", Path, OTHER, "TOML file or run to read settings from; flags override them."
        ),
        _flag("resume", Path, OTHER, "Interrupted run to resume; the result is bit-identical."),
    ]


def _flag(name: str, kind: type, group: Group, text: str) -> inspect.Parameter:
    flag = Parameter(name=f"--{name}", group=group, help=text)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, flag]
    )

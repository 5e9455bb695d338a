"""The flags of ``nearfar train``: of the data, the method, the views and the training loop."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from cyclopts import App, Group, Parameter
from cyclopts.config import Dict

from nearfar.cli._flags import flags_of
from nearfar.cli._recipe import as_flags

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
    "A name (see `nearfar data`), a folder of images or sounds, or a file of arrays, texts, pairs"
    " or a graph."
)
HELP = """\
Pretrain an encoder without labels, and report whether it worked.

METHOD is one of {known}. The flags below are those of {method} on {modality}; they depend on the
data, so pass --data together with --help. Each flag is also a keyword argument in Python and a key
of a recipe. Ctrl-C saves the run, --resume continues it."""
EXAMPLES = """\
Examples:

- `nearfar train simclr --data digits`
- `nearfar train {method} --data {data} --epochs 200`
- `nearfar train {method} --data {data} --help`
- `nearfar train --resume runs/{method}-{name}`"""
# settings of views that follow from data and method
DECIDED = ("size", "channels", "num_views", "length", "normalise")


def parser(
    method: str,
    recipe: dict[str, Any],
    *,
    kind: Modality[Any, Any],
    known: dict[str, Any],
    call: Callable[..., None],
) -> App:
    """The command line of one method on one kind of data.

    Args:
        method: Name of a preset in ``nearfar.methods``.
        kind: The kind of data.
        recipe: Tables of a recipe file, overridden by flags; empty for none.
        known: Flags that were parsed before, by name.
        call: Receives every flag that was given, and nothing else.

    Raises:
        ValueError: The recipe holds a key that is no flag; the nearest is named.
    """
    from nearfar.api._recipe import preset_names

    flags = _flags(method, kind)
    example = kind.example
    stated = as_flags(recipe, known={flag.name for flag in flags})

    def run(**said: Any) -> None:
        call(**said | known)

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
    from nearfar.api._methods import find_preset, method_class
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
        _flag("encoder", str, ENCODER, f"By name: {kind.encoders}. {kind.encoder} if not given."),
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
            "recipe", Path, OTHER, "Read settings from a TOML file or a run; flags override them."
        ),
        _flag("resume", Path, OTHER, "Resume an interrupted run, bit for bit."),
    ]


def _flag(name: str, kind: type, group: Group, text: str) -> inspect.Parameter:
    says = Parameter(name=f"--{name}", group=group, help=text)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, says]
    )

"""``nearfar views``."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Group, Parameter

from nearfar.cli._console import print_line
from nearfar.cli._flags import flag_parameter
from nearfar.cli._next_commands import print_steps, shell
from nearfar.cli._setting_commands import SettingCommand
from nearfar.cli._settings_call import call_with_settings, in_tables
from nearfar.cli._terminal_tables import print_notes
from nearfar.cli._train_plan import TrainPlan

__all__ = ["views"]

SHEET = Group.create_ordered("Contact sheet")
PAGE = Path("views.html")


def _own(name: str, kind: Any, text: str) -> inspect.Parameter:
    said = flag_parameter(kind, group=SHEET, name=(f"--{name}",), help=text)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, said]
    )


VIEWS = SettingCommand(
    name="views",
    help="""\
Show views of samples, as the method sees them, before any training.

Writes one HTML page: rows of samples, columns of their views. METHOD is one of {known}; simclr
without one. The flags below are those of `nearfar train {method}` on {modality}, so that a command
can be tried here first; they depend on the data, so pass --data together with --help.""",
    examples="""\
Examples:

- `nearfar views --data digits`
- `nearfar views {method} --data {data} --samples 12 --out {name}-views.html`
- `nearfar views {method} --data {data} --help`""",
    method="simclr",
    without=frozenset({"out", "resume", "minutes", "device", "fail_on_alarm"}),
    own=(
        _own("samples", int | None, "Number of samples; 8 by default."),
        _own("draws", int | None, "Draws of each view; by default until a row has 6 views."),
        _own("out", Path | None, f"HTML page to write; {PAGE} by default."),
    ),
)


def views(
    *words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
) -> int:
    """Show views of samples, as the method sees them, before any training.

    Args:
        words: The name of the method and its flags, in any order.
    """
    return call_with_settings(words, VIEWS, partial(_show, _without_own(words)))


def _without_own(words: Sequence[str]) -> list[str]:
    """The words that are for training as well.

    >>> _without_own(["simclr", "--samples", "3", "--data", "digits", "--out=v.html"])
    ['simclr', '--data', 'digits']
    """
    kept, own = [], {f"--{flag.name}" for flag in VIEWS.own}
    left = iter(words)
    for word in left:
        if word in own:
            next(left, None)
        elif word.partition("=")[0] not in own:
            kept.append(word)
    return kept


def _show(
    words: Sequence[str],
    method: str,
    plan: TrainPlan,
    *,
    out: Path = PAGE,
    recipe: Path | None = None,
    **flags: Any,
) -> int:
    """Call :func:`nearfar.show_views` with the given flags; the defaults are set there."""
    from nearfar import api

    tables = in_tables(flags)
    if "data" not in tables[""]:
        raise ValueError("`--data` must be given: digits, a folder of images, a file, ...")
    if out.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"`--out` must end in .html, got {str(out)!r}")
    sheet = api.show_views(
        method,
        method_options=tables["method"],
        view_options=tables["views"],
        report=out,
        **tables[""],
    )
    print_line("data", sheet.data)
    times = "once" if sheet.draws == 1 else f"{sheet.draws} times"
    print_line("views", f"{sheet.views} of each sample, drawn {times}")
    print_notes(sheet.notes)
    print_line("saved", str(out))
    given = [] if method in words or "--recipe" in words else [method]
    print_steps([(shell("train", *given, *words), "train with these views")])
    return 0

"""``nearfar sweep``."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Group, Parameter

from nearfar._platform import CoreUse
from nearfar.cli._console import print_json, print_line, print_note
from nearfar.cli._flags import flag_parameter
from nearfar.cli._mistakes import CommandError
from nearfar.cli._next_commands import after_comparison, print_steps
from nearfar.cli._setting_commands import SettingCommand
from nearfar.cli._settings_call import call_with_settings, in_tables
from nearfar.cli._step_progress import StepProgress
from nearfar.cli._terminal_tables import print_comparison, print_notes
from nearfar.cli._train_plan import TrainPlan

__all__ = ["sweep"]

GROUP = Group.create_ordered("Sweep")
OWN = ("try", "seeds", "out", "report", "json")
SWITCHES = ("json",)


def _own(name: str, kind: Any, text: str) -> inspect.Parameter:
    said = flag_parameter(kind, group=GROUP, name=(f"--{name}",), help=text)
    called = "tries" if name == "try" else name
    return inspect.Parameter(
        called, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, said]
    )


SWEEP = SettingCommand(
    name="sweep",
    help="""\
Train one run for each combination of settings, and say which is best, and how sure that is.

METHOD is one of {known}. The flags below are those of {method} on {modality}; they hold for all
runs. Settings are ranked by how well the representations find the other view of held-out samples,
without labels. The same command continues a sweep: finished runs are not trained again.""",
    examples="""\
Examples:

- `nearfar sweep simclr --data digits --epochs 10 --try temperature=.05,.1,.2 --seeds 3`
- `nearfar sweep {method} --data {data} --try learning_rate=.001,.003 --out {name}-sweep`""",
    without=frozenset({"out", "resume", "minutes", "fail_on_alarm"}),
    own=(
        _own(
            "try",
            tuple[str, ...] | None,
            "Setting and values, `temperature=.05,.1,.2`; again for another setting. `method.`,"
            " `views.` and `training.` may precede its name.",
        ),
        _own("seeds", int | None, "Seeds per combination; 1 by default."),
        _own("out", Path | None, "Directory of the runs; runs/sweep-METHOD-DATA by default."),
        _own("report", Path | None, "HTML page to write."),
        _own("json", bool | None, "Print JSON instead of tables: `runs` and `ranking`."),
    ),
)


def sweep(
    *words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
) -> int:
    """Train one run for each combination of settings, and say which is best, and how sure that is.

    Args:
        words: The name of the method and its flags, in any order.
    """
    use = CoreUse()  # measured while the modules and the data are loaded
    return call_with_settings(words, SWEEP, partial(_sweep, use, _without_own(words)))


def _without_own(words: Sequence[str]) -> list[str]:
    """The words that are for training as well.

    >>> _without_own(["simclr", "--try", "temperature=1,2", "--data", "digits", "--json"])
    ['simclr', '--data', 'digits']
    """
    kept, left = [], iter(words)
    for word in left:
        name = word.partition("=")[0].removeprefix("--")
        if not word.startswith("--") or name not in OWN:
            kept.append(word)
        elif "=" not in word and name not in SWITCHES:
            next(left, None)
    return kept


def _sweep(
    use: CoreUse,
    words: Sequence[str],
    method: str,
    plan: TrainPlan,
    *,
    tries: tuple[str, ...] = (),
    report: Path | None = None,
    json: bool = False,
    recipe: Path | None = None,
    **flags: Any,
) -> int:
    """Call :func:`nearfar.sweep` with the given flags; the defaults are set there."""
    if not tries:
        raise ValueError("`--try` must be given, as in --try temperature=.05,.1,.2")
    values = dict(_read(words, text) for text in tries)

    from nearfar import api
    from nearfar.training import choose_threads, keep_freed_memory

    keep_freed_memory()
    if chosen := choose_threads(use):
        print_note(chosen)
    tables = in_tables(flags)
    if "data" not in tables[""]:
        raise ValueError("`--data` must be given: digits, a folder of images, a file, ...")
    with StepProgress("sweep") as progress:
        found = api.sweep(
            method,
            tries=values,
            report=report,
            progress=progress.show,
            method_options=tables["method"],
            view_options=tables["views"],
            **tables[""],
        )
    if json:
        ranking = None if found.ranking is None else asdict(found.ranking)
        print_json({"runs": list(found), "ranking": ranking})
        return 0
    print_comparison(found)
    print_notes(found.notes)
    if report is not None:
        print_line("saved", str(report))
    if found.paths:
        print_line("saved", f"{found.paths[0].parent}/")
        print_steps(after_comparison(found.paths, report=report))
    return 0


def _read(words: Sequence[str], text: str) -> tuple[str, list[Any]]:
    """The name of a setting as Python has it, and its values, read as the flag of that name is.

    Raises:
        ValueError: A text without values.
        CommandError: No flag of that name, or a value that it does not take.
    """
    key, equals, listed = text.partition("=")
    parts = [part.strip() for part in listed.split(",")]
    if not equals or not key or not all(parts):
        raise ValueError(f"`--try` must be NAME=VALUE,VALUE, got {text!r}")
    table, _, name = key.strip().replace("-", "_").rpartition(".")
    tables = ("method", "", "views") if not table else (table,)
    said: list[str] = []
    for known in tables:
        own = f"{known}." if known in ("method", "views") else ""
        flag = f"--{own}{name.replace('_', '-')}"
        try:
            values = [
                _typed(words, flag, part, f"{own.replace('.', '__')}{name}") for part in parts
            ]
        except CommandError as error:
            missing = any("Unknown option" in each for each in error.said)
            if not missing:
                raise
            said = said or list(error.said)
        else:
            return f"{own}{name}", values
    raise CommandError([f"`--try {key}`: {said[0]}"])


def _typed(words: Sequence[str], flag: str, text: str, name: str) -> Any:
    """A value as the flag reads it."""
    read: dict[str, Any] = {}

    def keep(method: str, plan: TrainPlan, **flags: Any) -> int:
        read.update(flags)
        return 0

    call_with_settings([*words, flag, *text.split()], _TYPED, keep)
    return read[name]


_TYPED = SettingCommand(name="sweep", help="", examples="", without=SWEEP.without)
"""The flags of all runs."""

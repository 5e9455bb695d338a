"""``nearfar study``."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

from cyclopts import App, Group, Parameter

from nearfar.cli._console import print_json, print_line, print_next
from nearfar.cli._deciding_word import decided_by, find_word, parse_known, unread
from nearfar.cli._flags import current, flags_of
from nearfar.cli._terminal_tables import print_rows

__all__ = ["study"]

HELP = """\
Run a study: an experiment that could refute a claim. Finished runs are cached, so the same command
resumes an interrupted study.

The exit code is 1 if a claim did not hold or a cell of the table failed; otherwise it is 0, also
if claims are still open.

"""
STUDY, OTHER = Group.create_ordered("Study"), Group.create_ordered("Output")


def study(*words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)]) -> int:
    """Run a study and write its results; without a name, list the studies.

    Args:
        words: The name of the study and its flags, in any order.
    """
    from nearfar import studies
    from nearfar.checks import check_choice

    _, others = parse_known(words, unread(_flags(*map(_module, studies.__all__))))
    name = find_word(others, studies.__all__.__contains__)
    if name is None:
        print("Usage: nearfar study NAME [flags]\n")
        rows = [{"study": n, "description": _about(_module(n))} for n in studies.__all__]
        print_rows(rows)
        print_next(f"nearfar study {studies.__all__[0]} --help", "its flags")
        return 0
    check_choice(studies.__all__, study=name)
    code: int = _parser(name, _module(name))(
        words, exit_on_error=False, print_error=False, result_action="return_value"
    )
    return code or 0


def _module(name: str) -> ModuleType:
    from nearfar import studies

    found: ModuleType = getattr(studies, name)
    return found


def _flags(*modules: ModuleType) -> list[inspect.Parameter]:
    own = [flag for module in modules for flag in flags_of(module.Config, group=STUDY)]
    return [*own, *flags_of(_run, group=OTHER)]


def _about(module: ModuleType) -> str:
    return (inspect.getdoc(module) or "").splitlines()[0]


def _parser(name: str, module: ModuleType) -> App:
    app = App(
        name=f"nearfar study {name}",
        default_command=decided_by(
            name, "study", _flags(module), call=lambda **given: _run(module, **current(given))
        ),
        help=HELP + (inspect.getdoc(module) or ""),
        help_epilogue=f"Example: `nearfar study {name}`",
        help_format="markdown",
        default_parameter=Parameter(negative=()),
        usage=f"Usage: nearfar study {name} [flags]",
        version_flags=[],
        suppress_keyboard_interrupt=False,
    )
    app["--help"].group = OTHER
    return app


def _run(
    module: ModuleType,
    *,
    out: Path = Path("results"),
    cache: Path = Path("runs/studies"),
    json: bool = False,
    **config: Any,
) -> int:
    """Run a study, then write and print its results.

    Args:
        module: The study.
        out: Directory for the table (.md), the figure (.svg) and the record (.json).
        cache: Directory for the trained runs; several commands may share it.
        json: Print JSON instead of a table.
        config: The study's configuration.
    """
    from nearfar.reports import write_study

    def progress(line: str) -> None:
        if not json:
            print_line("", line)

    record = module.run(module.Config(**config), cache=cache, progress=progress)
    page = write_study(record, out)
    if json:
        print_json(record.to_json())
    else:
        print_study(record)
        print_line("saved", str(page))
        print_next("nearfar study", "the other studies")
    return 0 if record.held else 1


def print_study(record: Any) -> None:
    """Print the table, the failures, and each claim with its verdict."""
    from nearfar.reports import study_cell

    rows = [
        {"": row.name} | {column.title: study_cell(row, column) for column in record.columns}
        for row in record.rows
    ]
    print_rows(rows, title=record.title)
    for row in record.rows:
        for why in row.failures:
            print_line("failed", f"{row.name}, {why}", style="red")
    for claim in record.claims:
        style = {True: "green", False: "red", None: ""}[claim.holds]
        evidence = f"  [{claim.evidence}]" if claim.evidence else ""
        print_line(claim.verdict, f"{claim.text}{evidence}", style=style)

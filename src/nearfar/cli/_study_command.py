"""``nearfar study``."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Group, Parameter

from nearfar.cli._console import print_json, print_line, print_next, print_note
from nearfar.cli._deciding_word import decided_by, find_word, parse_known, unread
from nearfar.cli._flags import current, flags_of
from nearfar.cli._study_output import print_list, print_study, print_summary

__all__ = ["study"]

HELP = """\
Run a study: an experiment that could refute a claim. Finished cells are cached, so the same command
resumes an interrupted study.

The exit code is 1 if a claim did not hold or a cell of the table failed; otherwise it is 0, also
if claims are undecided.

"""
USES = """\
`nearfar study list`: the studies, what they ask, and the state of their pages.
`nearfar study NAME`: run one; `nearfar study NAME --help`: its flags.
`nearfar study show NAME`: its results.
`nearfar study all --budget minutes`: run all.

NAME is a study of nearfar or of an installed package, a module or a file: `mystudy.py`.
"""
STUDY, OTHER = Group.create_ordered("Study"), Group.create_ordered("Output and cells")
_LIST, _SHOW, _ALL = "list", "show", "all"
_WORDS = (_LIST, _SHOW, _ALL)


def study(*words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)]) -> int:
    """Run a study and write its results; without a name, list the studies.

    Args:
        words: The name of a study and its flags, in any order; or ``list``, ``show NAME`` or
            ``all``.
    """
    from nearfar.studies import study_names

    flags = [flag for function in (_run, _list) for flag in flags_of(function, group=OTHER)]
    known = _WORDS + study_names()
    _, others = parse_known(words, unread([*flags, *_config_flags(known)]))
    name = find_word(others, known.__contains__, _names_file)
    if name is None and "--help" in words:
        return _called(_app("", study, help=f"{HELP}{USES}", usage="nearfar study NAME"), words)
    if name is None or name == _LIST:
        return _command(name or _LIST, _list, words)
    if name == _SHOW:
        return _command(_SHOW, _show, words, places=1)
    if name == _ALL:
        return _command(_ALL, _run_all, words)
    return _study_command(name, words)


def _names_file(word: str) -> bool:
    return word.endswith(".py") or ":" in word


def _config_flags(known: tuple[str, ...]) -> list[inspect.Parameter]:
    """Flags of all studies of nearfar, whose values are not the name of a study."""
    from nearfar._plugins import plugins
    from nearfar.studies import find_study
    from nearfar.studies._found_studies import GROUP

    others = plugins(GROUP)
    names = [name for name in known if name not in _WORDS and name not in others]
    return [flag for name in names for flag in _flags_of_config(find_study(name))]


def _flags_of_config(found: Any) -> list[inspect.Parameter]:
    return flags_of(type(found.smoke), group=STUDY, show_defaults=False)


def _study_command(name: str, words: tuple[str, ...]) -> int:
    """Run one study with its flags."""
    from nearfar.studies import find_study

    found = find_study(name)
    flags = [*_flags_of_config(found), *flags_of(_run, group=OTHER)]
    app = _app(
        name,
        decided_by(name, "study", flags, call=lambda **given: _run(found, **current(given))),
        help=f"{HELP}{found.question}\n\n{_about(found)}",
        usage=f"nearfar study {name} [flags]",
    )
    return _called(app, words)


def _about(found: Any) -> str:
    budgets = ", ".join(found.budgets)
    return f"{', '.join(found.ids)}: {found.source}. Budgets: {budgets}."


def _app(name: str, command: Any, *, help: str, usage: str) -> App:
    app = App(
        name=f"nearfar study {name}".strip(),
        default_command=command,
        help=help,
        help_epilogue=f"Example: `{usage.partition(' [')[0]}`",
        help_format="markdown",
        default_parameter=Parameter(negative=()),
        usage=f"Usage: {usage}",
        version_flags=[],
        suppress_keyboard_interrupt=False,
    )
    app["--help"].group = OTHER
    return app


def _called(app: App, words: tuple[str, ...]) -> int:
    code: int = app(words, exit_on_error=False, print_error=False, result_action="return_value")
    return code or 0


def _command(word: str, function: Any, words: tuple[str, ...], *, places: int = 0) -> int:
    """Call one of the commands that are no study."""
    rest = list(words)
    if word in rest:
        rest.remove(word)
    usage = f"nearfar study {word}{' NAME' * places} [flags]"
    app = _app(word, function, help=inspect.getdoc(function) or "", usage=usage)
    return _called(app, tuple(rest))


def _list(*, out: Path = Path("results"), json: bool = False) -> int:
    """List the studies: what each asks, its source, its CPU time, and its page.

    Args:
        out: Directory of the pages; ``docs/results`` is looked at as well.
        json: Print JSON instead of a table.
    """
    from nearfar.studies._study_listing import list_studies

    rows = list_studies((out, Path("docs/results")))
    if json:
        print_json(rows)
    else:
        print_list(rows)
        print_next(f"nearfar study {rows[0]['name']} --help", "its flags")
    return 0


def _show(name: str, /, *, out: Path = Path("results"), json: bool = False) -> int:
    """Show the results of a study that has a page.

    Args:
        name: Name of the study.
        out: Directory of the pages; ``docs/results`` is looked at as well.
        json: Print JSON instead of a table.
    """
    from nearfar.studies import find_study
    from nearfar.studies._study_listing import record_in

    found = find_study(name)
    record = record_in((out, Path("docs/results")), found.name)
    if record is None:
        raise ValueError(
            f"{found.name} has no record in {out} or docs/results: run `nearfar study {name}`"
        )
    if json:
        print_json(record.to_json())
    else:
        print_study(record)
    return 0


def _run(
    found: Any,
    *,
    budget: str | None = None,
    out: Path = Path("results"),
    cache: Path = Path("runs/studies"),
    jobs: int = 0,
    threads: int | None = None,
    only: tuple[str, ...] = (),
    part: str | None = None,
    json: bool = False,
    **config: Any,
) -> int:
    """Run a study, then write and print its results.

    Args:
        found: The study.
        budget: ``smoke`` (seconds), ``minutes``, ``hours`` or ``gpu``; by default the smallest
            above ``smoke``.
        out: Directory for the table (.md), the figure (.svg) and the record (.json).
        cache: Folder of the cells; several commands and computers may share it.
        jobs: Number of cells at a time; 0: as many as cores, with one thread each, or one on a GPU.
        threads: CPU threads of each cell; by default 1 with several jobs, else PyTorch's default.
        only: Rows to compute in this call, separated by commas, in addition to the baselines; the
            table shows all finished cells.
        part: Part of the cells to compute: I/N, such as 2/8 for the second of eight commands.
        json: Print JSON instead of a table.
        config: The study's configuration.
    """
    from nearfar.reports import write_study, write_what_holds

    used = budget or found.usual
    settings = found.config(used, **config)
    (record,) = _filled(
        [(found, used, settings)],
        cache=cache,
        jobs=jobs,
        threads=threads,
        only=[name for words in only for name in words.split(",") if name],
        part=part,
    )
    pages = [write_study(record, out)]
    write_what_holds(out)
    pages += found.pages(settings, cache, out) if found.pages else ()
    if json:
        print_json(record.to_json())
    else:
        print_study(record)
        for page in pages:
            print_line("saved", str(page))
        print_next("nearfar study", "the other studies")
    return 0 if record.held else 1


def _run_all(
    *,
    budget: str = "minutes",
    out: Path = Path("results"),
    cache: Path = Path("runs/studies"),
    jobs: int = 0,
    threads: int | None = None,
    part: str | None = None,
    json: bool = False,
) -> int:
    """Run all studies that have a budget, and write their pages and the page of all claims.

    Args:
        budget: ``smoke`` (seconds), ``minutes``, ``hours`` or ``gpu``.
        out: Directory for the pages, figures and records.
        cache: Folder of the cells; several commands and computers may share it.
        jobs: Number of cells at a time; 0: as many as cores, with one thread each, or one on a GPU.
        threads: CPU threads of each cell; by default 1 with several jobs, else PyTorch's default.
        part: Part of the cells to compute: I/N, such as 2/8 for the second of eight commands.
        json: Print JSON instead of a table.
    """
    from nearfar._suggestions import check_choice
    from nearfar.reports import write_study, write_what_holds
    from nearfar.studies._study import BUDGETS

    check_choice(BUDGETS, budget=budget)
    studies = [(one, budget, one.config(budget)) for one in _all_with(budget)]
    records = _filled(studies, cache=cache, jobs=jobs, threads=threads, part=part)
    for record in records:
        write_study(record, out)
    page = write_what_holds(out)
    if json:
        print_json([record.name for record in records])
    else:
        print_summary(records)
        print_line("saved", str(page))
    return 0 if all(record.held for record in records) else 1


def _all_with(budget: str) -> list[Any]:
    """All studies that have a budget; a note on those that cannot be imported."""
    from nearfar.studies import find_study, study_names

    found = []
    for name in study_names():
        try:
            one = find_study(name)
        except ValueError as error:  # of another package
            print_note(f"{name} is left out: {error}")
        else:
            found += [one] if budget in one.budgets else []
    return found


def _filled(studies: list[Any], *, part: str | None, **how: Any) -> list[Any]:
    """The records of studies, after making their cells."""
    from nearfar.studies import run_studies
    from nearfar.studies._run_study import part_of

    return run_studies(studies, part=None if part is None else part_of(part), **how)

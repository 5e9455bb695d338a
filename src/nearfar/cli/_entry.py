"""The entry point: the commands and their exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stdout
from pathlib import Path

from cyclopts import App, Parameter
from cyclopts.exceptions import CycloptsError

from nearfar._audience import on_command_line
from nearfar._launchers import first_process
from nearfar.cli._command_checks import WITH_OWN_FLAGS, check_words, function_of
from nearfar.cli._console import print_error
from nearfar.cli._lasting_streams import lasting_streams, printable_streams
from nearfar.cli._mistakes import CommandError
from nearfar.version import __version__

__all__ = ["COMMANDS", "app", "main"]

HELP = """\
Pretrain an encoder on your own unlabelled data, and find out whether it worked.

Start: nearfar train simclr --data digits

Each command has --help with an example. --debug shows the traceback of an error."""

app = App(
    name="nearfar",
    help=HELP,
    help_format="markdown",
    default_parameter=Parameter(negative=()),
    version=__version__,
    usage="Usage: nearfar COMMAND",
    suppress_keyboard_interrupt=False,
)
"""The cyclopts application with all commands; :func:`main` adds error messages and exit codes."""
app["--help"].group = app["--version"].group = "Options"

COMMANDS = {
    "train": ("Pretrain an encoder without labels.", ""),
    "embed": (
        "Write the embeddings of a data source to a file, one row per sample.",
        "nearfar embed runs/simclr-digits --data digits --out embeddings.npz",
    ),
    "probe": (
        "Evaluate a run's embeddings with labels, against raw input and the untrained encoder.",
        "nearfar probe runs/simclr-digits --data digits",
    ),
    "diagnose": (
        "Check embeddings for collapse without labels; print a verdict and its evidence.",
        "nearfar diagnose embeddings.npz",
    ),
    "views": ("Show views of samples, as the method sees them, before any training.", ""),
    "neighbours": (
        "Show the nearest neighbours of samples side by side in an HTML page.",
        "nearfar neighbours runs/simclr-photos --of photos/cat.jpg",
    ),
    "duplicates": (
        "Find groups of near duplicates.",
        "nearfar duplicates runs/simclr-photos",
    ),
    "outliers": (
        "Find the samples that are farthest from their nearest neighbours.",
        "nearfar outliers embeddings.npz --top 20",
    ),
    "sweep": ("Train one run for each combination of settings, and rank them without labels.", ""),
    "compare": (
        "Compare the settings, measurements and verdicts of runs, and rank them.",
        "nearfar compare runs/simclr-digits runs/byol-digits",
    ),
    "advise": (
        "Print what theory predicts for a setting: chance, best loss, ceilings, coverage, bounds.",
        "nearfar advise --batch-size 256 --temperature 0.2 --dim 128 --classes 1000",
    ),
    "report": (
        "Regenerate the report of a run: one HTML file that opens offline.",
        "nearfar report runs/simclr-digits",
    ),
    "export": (
        "Export the encoder for use without nearfar.",
        "nearfar export runs/simclr-digits --format onnx --out encoder.onnx",
    ),
    "methods": ("List the methods of `nearfar train`.", "nearfar methods"),
    "data": ("List the named datasets.", "nearfar data"),
    "cite": (
        "Print BibTeX entries for methods, datasets, measurements and runs.",
        "nearfar cite simclr cifar10",
    ),
    "bench": ("Measure the speed of nearfar on this computer.", "nearfar bench views"),
    "study": ("Run a study: an experiment that tests claims of the literature.", ""),
}
"""Description and example of each command, whose module is imported when it is called."""
for _place, (_name, (_help, _example)) in enumerate(COMMANDS.items()):
    _function = function_of(_name)
    app.command(
        f"nearfar.cli._{_function}_command:{_function}",
        name=_name,
        help=_help,
        sort_key=_place,
        help_epilogue=f"Example: `{_example}`",
        # The flags of these depend on their first argument, so they handle --help themselves.
        **({"help_flags": [], "version_flags": []} if _name in WITH_OWN_FLAGS else {}),
    )

_LONG = (["train"], ["sweep"], ["study"])  # commands that outlive the reader of their output

# Errors that a user can correct print one line; any other is a defect and shows its traceback.
EXPECTED = (
    *(CycloptsError, ValueError, TypeError, OSError),
    *(ArithmeticError, MemoryError, ImportError),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Command-line arguments after ``nearfar``; those of the process by default.

    Returns:
        The exit code: 0, or 1 if a study's claim did not hold, 2 after an error, 3 after a verdict
        that is an alarm, 130 after Ctrl-C.
    """
    # Spinning threads starve each other on busy cores. PyTorch reads this once, when it is
    # imported (decision 0003).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    words = list(sys.argv[1:] if arguments is None else arguments)
    with ExitStack() as streams:
        streams.enter_context(printable_streams())
        if words[:1] in _LONG:
            streams.enter_context(lasting_streams())
        if not first_process():  # of a launcher: the first one speaks for all
            nowhere = streams.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
            streams.enter_context(redirect_stdout(nowhere))
        return _run(words)


def _run(words: list[str]) -> int:
    debug = "--debug" in words or os.environ.get("NEARFAR_DEBUG", "0") not in ("", "0")
    words = [word for word in words if word != "--debug"]
    if words[:1] == ["neighbors"]:  # the spelling of the Python function
        words[0] = "neighbours"
    try:
        with on_command_line():
            check_words(words, tuple(COMMANDS))
            code = app(words, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except KeyboardInterrupt as stop:
        with on_command_line():
            if str(stop):  # where training stopped and how to resume it
                print(f"\n{stop}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader closed the pipe: `nearfar methods | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except EXPECTED as error:
        if debug:
            raise
        for said in error.said if isinstance(error, CommandError) else [error]:
            print_error(said)
        return 2
    return code if isinstance(code, int) else 0

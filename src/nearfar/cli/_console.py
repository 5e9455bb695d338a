"""Output of the command line: results to standard output, errors to standard error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nearfar._margin_lines import console, print_line, stream_of
from nearfar._visible_text import shortened_line

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["print_error", "print_json", "print_line", "print_next", "print_note", "stdout"]


def stdout() -> Console:
    """A rich console on standard output."""
    return console("stdout")


def print_next(command: str, purpose: str) -> None:
    """Print a command that works as printed, with what it does as a shell comment.

    Args:
        command: The command; the caller quotes its arguments for the shell (``shlex.quote``).
        purpose: What it does, in a few words.
    """
    from rich.text import Text

    if not stream_of("stdout").isatty():
        print_line("next", f"{command}   # {purpose}")
        return
    line = (
        Text("next     ", style="bold")
        + Text(f"{command}   ", style="")
        + Text(f"# {purpose}", style="dim")
    )
    stdout().print(line, soft_wrap=True)  # a command that is folded cannot be copied


def print_json(value: Any) -> None:
    """Print a JSON string as it is, or any other value as JSON."""
    print(value if isinstance(value, str) else json.dumps(value, indent=1, default=str))


def print_note(text: str) -> None:
    """One line on standard error that is no error."""
    from rich.text import Text

    console("stderr").print(Text(f"note: {shortened_line(text)}"), soft_wrap=True)


def print_error(error: BaseException | str) -> None:
    """Print an error as one red line on standard error."""
    from rich.text import Text

    message = shortened_line(str(error)) or type(error).__name__
    if isinstance(error, OSError) and error.strerror and error.filename:
        message = f"{error.filename}: {error.strerror}"
    console("stderr").print(Text(f"error: {message}", style="red"), soft_wrap=True)

"""The argument that decides which flags a command has: a method or a study, before or after flags.

The command line is first parsed with the flags that are known without it, for whatever is left
over; the command's own parser then parses all of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, cast

from cyclopts import App, Parameter
from cyclopts.exceptions import CycloptsError

from nearfar.cli._flags import joined_values

__all__ = ["decided_by", "find_word", "parse_known", "unread"]


def unread(flags: Iterable[inspect.Parameter]) -> list[inspect.Parameter]:
    """The flags with values of any kind: their number is checked, not what they are."""
    skipped = Parameter(converter=lambda kind, tokens: None)
    return [flag.replace(annotation=Annotated[flag.annotation, skipped]) for flag in flags]


def parse_known(
    words: Sequence[str], flags: Iterable[inspect.Parameter]
) -> tuple[dict[str, Any], list[str]]:
    """The values of some flags, and the arguments that are neither one of them nor its value."""

    def run(**known: Any) -> None:
        """Never called."""

    first_of_name = {flag.name: flag for flag in reversed(list(flags))}
    signature = inspect.Signature(list(first_of_name.values()))
    cast(Any, run).__signature__ = signature
    app = App(default_command=run, help_flags=[], version_flags=[])
    app.default_parameter = Parameter(negative=())
    try:
        _, bound, others, _ = app.parse_known_args(joined_values(words, signature))
    except CycloptsError as error:
        error.verbose = False  # the message only, without the signature of `run`
        raise
    return dict(bound.kwargs), others


def find_word(others: Sequence[str], *tests: Callable[[str], bool]) -> str | None:
    """The deciding word among the arguments left over by :func:`parse_known`; None without one.

    An argument before any unknown flag is the word, known or not. One after it may be that flag's
    value, so it must pass a test; the first test that any argument passes counts.
    """
    if others and not others[0].startswith("-"):
        return others[0]
    return next((word for test in tests for word in others if test(word)), None)


def decided_by(
    word: str, what: str, flags: Iterable[inspect.Parameter], call: Callable[..., Any]
) -> Callable[..., Any]:
    """A command for cyclopts with the flags that a word decides, and the word at any place.

    Args:
        word: The word, or its default.
        what: What the word is: ``method``.
        flags: The flags.
        call: Function that is called with the given flags.
    """

    def run(*given: str, **values: Any) -> Any:
        if given not in ((), (word,)):
            raise ValueError(
                f"`{what}` is ambiguous, {word} or {given[0]}: write it before the flags"
            )
        return call(**values)

    hidden = Annotated[str | None, Parameter(show=False)]
    place = inspect.Parameter(
        what, inspect.Parameter.POSITIONAL_ONLY, default=None, annotation=hidden
    )
    cast(Any, run).__signature__ = inspect.Signature([place, *flags])
    return run

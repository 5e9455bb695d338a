"""All mistakes of one command at once: it is parsed again without each word that is wrong.

cyclopts stops at the first mistake. It stays the only parser: what it refuses is left out and the
rest is parsed again, until nothing is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from cyclopts import App
from cyclopts.exceptions import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownOptionError,
    UnusedCliTokensError,
    ValidationError,
)

__all__ = ["CommandError", "parse_all"]

MOST = 50  # mistakes of one command


class CommandError(ValueError):
    """The mistakes of one command, each with a message of one line.

    Args:
        said: The messages.
    """

    def __init__(self, said: Iterable[str]) -> None:
        self.said = tuple(dict.fromkeys(said))
        super().__init__("\n".join(self.said))

    def __reduce__(self) -> tuple[type[CommandError], tuple[tuple[str, ...]]]:
        return type(self), (self.said,)


def parse_all(
    app_with: Callable[[Mapping[str, Any]], App],
    words: Sequence[str],
    *,
    stated: Mapping[str, Any] | None = None,
    unexpected: Callable[[str], str] = "`{}` is one word too many".format,
) -> tuple[dict[str, Any], list[str]]:
    """The values of a command line, and what is wrong with it.

    Args:
        app_with: The parser, with the flags that a recipe states as defaults.
        words: Command-line arguments.
        stated: Flags of a recipe.
        unexpected: What is wrong with an argument that the command does not have.

    Returns:
        The values of the arguments that are right, by name, and a message for each mistake.
    """
    left, stated = list(words), deepcopy(dict(stated or {}))
    said: list[str] = []
    for _ in range(MOST):
        try:
            _, bound, _ = app_with(stated).parse_args(left, print_error=False, exit_on_error=False)
        except UnusedCliTokensError:  # all others are read by now
            _, bound, extra, _ = app_with(stated).parse_known_args(left)
            return dict(bound.arguments), [*said, *map(unexpected, extra)]
        except CycloptsError as error:
            error.verbose = False
            said.append(_message(error))
            shorter = _without(left, error)
            if shorter == left and _drop_stated(stated, error):
                continue
        else:
            return dict(bound.arguments), said
        if shorter == left:  # the wrong word was not found
            break
        left = shorter
    return {}, said


def _message(error: CycloptsError) -> str:
    argument = error.argument
    if isinstance(error, ValidationError) and argument is not None and argument.tokens:
        token = argument.tokens[0]
        given = " ".join(other.value for other in argument.tokens)
        if token.source != "cli":
            return f"`{argument.name}` {error.exception_message}, got {given} in {token.source}"
        return f"`{token.keyword or argument.name}` {error.exception_message}, got {given}"
    if type(error) is MissingArgumentError and argument is not None and not _is_absent(error):
        count, _ = argument.token_count()
        got = error.tokens_so_far[-(len(error.tokens_so_far) % max(count, 1)) or 1 :]
        values = f"{count} values" if count > 1 else "a value"
        found = f", got {' '.join(got)}" if error.tokens_so_far and count > 1 else ""
        return f"`{error.keyword or argument.name}` needs {values}{found}"
    return " ".join(str(error).split())


def _is_absent(error: MissingArgumentError) -> bool:
    """Whether an argument that is required was not given at all."""
    return error.keyword is None and not error.tokens_so_far


def _without(words: list[str], error: CycloptsError) -> list[str]:
    """The words without those that the error is about."""
    token = getattr(error, "token", None)
    if token is None and error.argument is not None and error.argument.tokens:
        token = error.argument.tokens[-1]
    if isinstance(error, UnknownOptionError):
        return _dropped(words, error.token.keyword or error.token.value, values=_arity(error))
    names: list[str] = []
    if isinstance(error, MissingArgumentError) and error.keyword:
        names = [error.keyword]
    elif token is not None and token.source == "cli" and token.keyword:
        names = [token.keyword]
    elif error.argument is not None and isinstance(error, (CoercionError, ValidationError)):
        names = list(error.argument.names)
    count, every = error.argument.token_count() if error.argument is not None else (1, False)
    last = isinstance(error, RepeatArgumentError)
    for name in names:
        shorter = _dropped(words, name, values=len(words) if every else count, last=last)
        if shorter != words:
            return shorter
    return words


def _arity(error: UnknownOptionError) -> int:
    """The number of values that follow an unknown flag: those of the closest known one."""
    import difflib

    given = error.token.keyword or error.token.value
    known = {name: argument for argument in error.argument_collection for name in argument.names}
    near = difflib.get_close_matches(given, known, n=1)
    if not near:
        return 1
    count, every = known[near[0]].token_count()
    return MOST if every else count


def _dropped(words: list[str], name: str, *, values: int, last: bool = False) -> list[str]:
    """The words without a flag and its values, which are the words after it that are no flags."""
    places = [
        place for place, word in enumerate(words) if word == name or word.startswith(f"{name}=")
    ]
    if not places:
        return words
    start = places[-1 if last else 0]
    end = start + 1
    if words[start] == name:
        while end < len(words) and end - start <= values and not _is_flag(words[end]):
            end += 1
    return words[:start] + words[end:]


def _is_flag(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return word.startswith("-") and len(word) > 1
    return False


def _drop_stated(stated: dict[str, Any], error: CycloptsError) -> bool:
    """Leave out the flag of a recipe that the error is about; False if there is none."""
    names = [] if error.argument is None else [name.lstrip("-") for name in error.argument.names]
    for name in names:
        table, _, key = name.rpartition(".")
        entries = stated.get(table, {}) if table else stated
        if key in entries:
            del entries[key]
            return True
    return False

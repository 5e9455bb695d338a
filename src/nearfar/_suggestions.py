"""Unknown words: the error that lists the known ones, and the closest of them.

Nothing here imports PyTorch, so that the command line answers a misspelling at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["UnknownChoiceError", "check_choice", "suggest"]


class UnknownChoiceError(ValueError):
    """A name that is none of the known ones.

    Args:
        argument: The argument.
        problem: What it must be, and what it was.
    """

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(f"`{argument}` {problem}")
        self.argument, self.problem = argument, problem

    def __reduce__(self) -> tuple[type[UnknownChoiceError], tuple[str, str]]:
        return type(self), (self.argument, self.problem)


def suggest(word: object, known: Iterable[str]) -> str:
    """“ (did you mean …?)” with the closest known word, or an empty string.

    >>> suggest("simlcr", ["byol", "simclr"])
    " (did you mean 'simclr'?)"
    """
    if not isinstance(word, str):
        return ""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def check_choice(known: Iterable[str], **values: str) -> None:
    """Raise unless every value is a known word; the message suggests the closest."""
    words = sorted(known)
    for name, value in values.items():
        if not isinstance(value, str) or value not in words:
            raise UnknownChoiceError(
                name, f"must be one of {', '.join(words)}, got {value!r}{suggest(value, words)}"
            )

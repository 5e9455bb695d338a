"""Checks that invalid arguments raise errors with informative messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jaxtyping

from nearfar.testing._check import fail

__all__ = ["refuses", "without_shape_checks"]


def refuses(
    call: Callable[[], Any], *kinds: type[Exception], words: str, what: str, needs: str = ""
) -> None:
    """Fail unless `call` raises one of `kinds` with `words` in its message.

    Args:
        call: Function with the invalid call.
        kinds: Accepted exception types.
        words: Part of the error message; ``.*`` matches anything.
        what: Description of the mistake, which begins the message of a failure: ``a vector``.
        needs: Reason why the words are required, if it needs an explanation.
    """
    names = " or ".join(kind.__name__ for kind in kinds)
    with without_shape_checks():
        try:
            value = call()
        except kinds as error:
            if not re.search(re.escape(words).replace(r"\.\*", ".*"), str(error)):
                because = f" ({needs})" if needs else ""
                fail(f"{what} must be refused with {words!r} in the message{because}, got {error}")
        except Exception as error:
            fail(f"{what} must be refused with a {names}, got {type(error).__name__}: {error}")
        else:
            fail(f"{what} must be refused with a {names} about {words!r}, but gave {value!r}")


@contextmanager
def without_shape_checks() -> Iterator[None]:
    """Disable jaxtyping's run-time checks of annotations, which tests enable.

    They would raise before the part's own checks, draw random numbers, and break graphs.
    """
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", before)

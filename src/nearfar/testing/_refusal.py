"""Mistakes that a part must refuse, in words that show the mistake."""

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
    """Fail unless `call` raises one of `kinds` with these words in its message.

    Args:
        call: Makes the mistake.
        kinds: Which errors will do.
        words: Part of the message; ``.*`` stands for anything.
        what: The mistake, as the start of a failure's message: ``a vector``.
        needs: Why the words must be there, if that has to be explained.
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
    """Annotations are not checked inside, where tests have jaxtyping check them.

    They would refuse a mistake before the part itself can, draw random numbers, and break graphs.
    """
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", before)

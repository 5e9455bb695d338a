"""Notes of sources on samples that were left out."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["OmittedSamplesWarning", "omissions"]

_LEFT_OUT = re.compile(r"\b(left out|skipped|excluded|omitted)\b")


class OmittedSamplesWarning(UserWarning):
    """Samples of the data have no row in the result."""


def omissions(notes: Iterable[str]) -> tuple[str, ...]:
    """Those notes that report samples left out: they contain "left out", "skipped" or "excluded".

    >>> omissions(["2 of 40 texts skipped as empty: line 5, line 9", "1 edge made undirected"])
    ('2 of 40 texts skipped as empty: line 5, line 9',)
    """
    return tuple(note for note in notes if _LEFT_OUT.search(note))

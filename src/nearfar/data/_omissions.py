"""Notes of sources on samples that were left out."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Omission", "OmittedSamplesWarning", "omissions"]


class OmittedSamplesWarning(UserWarning):
    """Samples of the data have no row in the result."""


class Omission(str):
    """A note on samples of the data that a source does not have, such as unreadable files.

    A source has it among its :attr:`nearfar.data.Source.notes`. Notes on other things that are not
    read, such as columns, edges or frames, are plain strings.

    Example:
        >>> Omission("1 of 3 texts skipped: row 1") == "1 of 3 texts skipped: row 1"
        True
    """

    __slots__ = ()


def omissions(notes: Iterable[str]) -> tuple[str, ...]:
    """Those notes that report samples left out, each an :class:`Omission`.

    >>> omissions([Omission("2 of 40 texts skipped as empty"), "1 column left out as labels: y"])
    ('2 of 40 texts skipped as empty',)
    """
    return tuple(note for note in notes if isinstance(note, Omission))

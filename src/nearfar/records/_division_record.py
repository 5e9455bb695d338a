"""Which samples of the data a run holds out, and what it keeps apart."""

from __future__ import annotations

from dataclasses import dataclass

from nearfar._signs import counted
from nearfar.records._record import Record

__all__ = ["DivisionRecord"]


@dataclass(frozen=True)
class DivisionRecord(Record):
    """Samples that a run holds out, where groups or copies were kept apart (``division.json``).

    Attributes:
        watched: Positions of the watched samples.
        left_out: Positions of the samples that are neither watched nor trained on: copies of
            watched samples, and further samples of the groups that are held out.
        groups: What the groups are: a column, a file; empty without groups.
        groups_in_all: Number of groups.
        groups_held_out: Names of the groups that are held out.
        exact_copies: Number of training samples with the content of a watched one.
        near_copies: Number of those with nearly the same content.
        copies_trained_on: Whether they are trained on, being more than half of the samples.
        compared: What was compared to find copies: ``contents`` or ``files``, and ``features`` or
            ``words`` for near copies.

    Example:
        >>> DivisionRecord(watched=(3, 8), left_out=(4,), exact_copies=1, compared=("contents",))
        <division: 2 watched samples, 1 left out>
    """

    watched: tuple[int, ...]
    left_out: tuple[int, ...] = ()
    groups: str = ""
    groups_in_all: int = 0
    groups_held_out: tuple[str, ...] = ()
    exact_copies: int = 0
    near_copies: int = 0
    copies_trained_on: bool = False
    compared: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Numbers of samples; the fields have the rest."""
        watched = counted(len(self.watched), "watched sample")
        return f"<division: {watched}, {len(self.left_out):,} left out>"

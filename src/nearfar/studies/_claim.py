"""Falsifiable claims about a study's record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from nearfar.records import ClaimRecord, StudyRecord

__all__ = ["Claim", "judge"]


@dataclass(frozen=True)
class Claim:
    """A claim and its test.

    Attributes:
        text: The claim, one sentence.
        holds: Function of the record: whether the claim holds; None if the record cannot decide.
        evidence: Function of the record: the numbers behind the verdict, as text.
        about: Name of the row that the claim is about; the claim is skipped if it has no values.
    """

    text: str
    holds: Callable[[StudyRecord], bool | None]
    evidence: Callable[[StudyRecord], str] = lambda record: ""
    about: str = ""


def judge(claims: Iterable[Claim], record: StudyRecord) -> tuple[ClaimRecord, ...]:
    """Verdicts on all claims that apply to the record."""
    names = {row.name for row in record.rows if row.values or row.failures}
    return tuple(
        ClaimRecord(claim.text, claim.holds(record), claim.evidence(record))
        for claim in claims
        if not claim.about or claim.about in names
    )

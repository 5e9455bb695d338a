"""A sentence that a study's record can prove wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from nearfar.records import ClaimRecord, StudyRecord

__all__ = ["Claim", "judge"]


@dataclass(frozen=True)
class Claim:
    """What is claimed, and how to tell.

    Attributes:
        text: The claim, one sentence.
        holds: From the record to whether it holds; None where the record cannot say.
        evidence: From the record to the numbers, in words.
        about: The row it speaks of; without a value there the claim is left out.
    """

    text: str
    holds: Callable[[StudyRecord], bool | None]
    evidence: Callable[[StudyRecord], str] = lambda record: ""
    about: str = ""


def judge(claims: Iterable[Claim], record: StudyRecord) -> tuple[ClaimRecord, ...]:
    """What the record says of each claim that it can be asked for."""
    names = {row.name for row in record.rows if row.values or row.failures}
    return tuple(
        ClaimRecord(claim.text, claim.holds(record), claim.evidence(record))
        for claim in claims
        if not claim.about or claim.about in names
    )

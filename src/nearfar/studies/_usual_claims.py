"""Claims that studies of ablations share: what collapses, what is behind, equal, or untrained."""

from __future__ import annotations

from nearfar.studies._claim import Claim
from nearfar.studies._effects import AllOf, Difference, Level

__all__ = ["behind", "collapses", "equals", "no_better", "spread_out"]


def collapses(row: str, published: str = "") -> Claim:
    """The projections of a row are one point: std·√d below 0.1."""
    effect = Level("spread", row, minus=0.1, sign=-1)
    return Claim(f"{row}: collapses, std·√d below 0.1", effect, least=0, published=published)


def spread_out(row: str, bound: float, published: str = "") -> Claim:
    """The projections of a row are spread out: std·√d above a bound, which is 1 if isotropic."""
    effect = Level("spread", row, minus=bound)
    return Claim(
        f"{row}: does not collapse, std·√d above {bound:g}", effect, least=0, published=published
    )


def no_better(rows: tuple[str, ...], probe: str = "kNN", *, published: str = "") -> Claim:
    """All rows are at most 1 point above the untrained encoder."""
    effects = [Difference(probe.lower(), row, "untrained") for row in rows]
    text = f"{', '.join(rows)}: no better than the untrained encoder by {probe}"
    return Claim.at_most(text, AllOf(effects), 1, published=published)


def behind(row: str, than: str, *, least: float = 3, published: str = "") -> Claim:
    """A row is below another by a linear probe, by at least some points."""
    effect = Difference("linear", than, row)
    return Claim(f"{row}: behind {than} by linear", effect, least=least, published=published)


def equals(row: str, than: str, *, within: float = 2, published: str = "") -> Claim:
    """A row is as good as another by a linear probe, within some points of either sign."""
    text = f"{row}: within {within:g} points of {than} by linear"
    return Claim.equal(text, Difference("linear", row, than), within, published=published)

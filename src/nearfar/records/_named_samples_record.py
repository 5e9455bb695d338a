"""The samples that a finding is about, by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nearfar._signs import counted
from nearfar.records._notebook import figure
from nearfar.records._record import Record

__all__ = ["NamedSamples"]

_ALWAYS = 2  # members of a group that a sentence names


@dataclass(frozen=True)
class NamedSamples(Record):
    """Samples that a finding of the verdict is about.

    Attributes:
        finding: Name of the finding: ``largest_hub``.
        about: What the samples have in common: "neighbours of 20 % of the others or more".
        ids: Name of each sample (file name, row or line), the most notable first; at most 200.
        rows: Row of each of them in the embeddings.
        values: What was measured of each sample; empty for groups.
        unit: What the values are: "of the others".
        groups: Numbers of names that belong together, in the order of `ids`; empty without groups.
        sizes: Numbers of samples in these groups, including those without a name here.
        total: Number of such samples, including those without a name here.
        compared: Number of samples that were examined.
    """

    finding: str
    about: str
    ids: tuple[str, ...]
    rows: tuple[int, ...]
    values: tuple[float, ...] = ()
    unit: str = ""
    groups: tuple[int, ...] = ()
    sizes: tuple[int, ...] = ()
    total: int = 0
    compared: int = 0

    @property
    def left(self) -> int:
        """Number of samples without a name here."""
        return max(0, self.total - len(self.ids))

    @property
    def members(self) -> Iterator[tuple[str, ...]]:
        """The names, one tuple per group; without groups one per sample.

        Example:
            >>> found = NamedSamples("repeated_share", "one point", tuple("abcde"), tuple(range(5)),
            ...                      groups=(2, 3))
            >>> list(found.members)
            [('a', 'b'), ('c', 'd', 'e')]
        """
        start = 0
        for size in self.groups or (1,) * len(self.ids):
            yield self.ids[start : start + size]
            start += size

    def described(self, place: int) -> str:
        """What was measured of the sample at a place of `ids`: ``31 times the median``."""
        if place >= len(self.values):
            return ""
        value = self.values[place]
        text = f"{value:.0%}" if self.unit.startswith("of ") else figure(value)
        return f"{text} {self.unit}".strip()

    def sentence(self, *, most: int = 4) -> str:
        """A line with the first names and the number of the others.

        Args:
            most: Number of samples or groups to name.

        Example:
            >>> NamedSamples("longest", "long rows", ("a.png", "b.png"), (0, 1), (250.0, 120.0),
            ...              "times the median", total=7).sentence(most=1)
            'long rows: a.png (250 times the median) and 6 more'
        """
        shown = list(self.members)[:most]
        if self.groups:
            sizes = self.sizes or self.groups
            parts = [_group(names, size) for names, size in zip(shown, sizes, strict=False)]
            named = sum(sizes[:most])
        else:
            parts = [
                f"{names[0]} ({said})" if (said := self.described(place)) else names[0]
                for place, names in enumerate(shown)
            ]
            named = len(shown)
        left = self.total - named
        more = f" and {left:,} more" if left > 0 else ""
        return f"{self.about}: {('; ' if self.groups else ', ').join(parts)}{more}"

    def __repr__(self) -> str:
        """The finding and the number of samples."""
        return f"<{counted(self.total, 'sample')} of {self.finding}: {', '.join(self.ids[:3])} …>"


def _group(names: tuple[str, ...], size: int) -> str:
    """A group of samples: its first names, and its size."""
    first = " = ".join(names[:_ALWAYS])
    return first if size <= _ALWAYS else f"{first} = … ({size:,} samples)"

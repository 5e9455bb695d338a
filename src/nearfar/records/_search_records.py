"""Results of searches in embeddings: neighbours, near duplicates, outliers."""

from __future__ import annotations

from dataclasses import dataclass

from nearfar.records._record import Record

__all__ = [
    "DuplicatesRecord",
    "DuplicatesRow",
    "Neighbor",
    "NeighborsRecord",
    "NeighborsRow",
    "OutlierRow",
    "OutliersRecord",
]


@dataclass(frozen=True)
class Neighbor(Record):
    """One of the nearest neighbours of a sample.

    Attributes:
        row: Its row in the embeddings.
        id: Its name: file, row or line.
        similarity: Cosine similarity to the sample.
        text: The text, if samples are texts.
    """

    row: int
    id: str
    similarity: float
    text: str = ""


@dataclass(frozen=True)
class NeighborsRow(Record):
    """A sample and its nearest neighbours.

    Attributes:
        id: Name of the sample.
        neighbors: Its nearest neighbours, the nearest first.
        row: Row of the sample in the embeddings; None for a sample that is not among them.
        text: The text, if samples are texts.
    """

    id: str
    neighbors: tuple[Neighbor, ...]
    row: int | None = None
    text: str = ""


@dataclass(frozen=True)
class NeighborsRecord(Record):
    """Nearest neighbours of some samples.

    Attributes:
        data: What was searched.
        samples: Number of embeddings searched.
        dim: Their dimension.
        k: Neighbours per sample.
        queries: The samples and their neighbours.
        direction: Sides of pairs: ``x → s`` for neighbours of inputs among signals; empty for
            other data.
        notes: Notes on the data and on the choice of the samples.
    """

    data: str
    samples: int
    dim: int
    k: int
    queries: tuple[NeighborsRow, ...]
    direction: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DuplicatesRow(Record):
    """A group of near duplicates.

    Attributes:
        rows: Rows of the samples in the embeddings.
        ids: Names of the samples.
        first: For each sample the first row of an equal embedding in the group.
        lowest: Lowest cosine similarity of two of them.
        copies: Whether all have equal embeddings.
        texts: The texts, if samples are texts.
    """

    rows: tuple[int, ...]
    ids: tuple[str, ...]
    first: tuple[int, ...]
    lowest: float
    copies: bool
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class DuplicatesRecord(Record):
    """Groups of near duplicates.

    Attributes:
        data: What was searched.
        samples: Number of embeddings.
        dim: Their dimension.
        threshold: Lowest cosine similarity of near duplicates.
        chosen: Whether the threshold was chosen from the data.
        groups: The groups: those of equal embeddings first, then by similarity.
        notes: Notes on the data.
    """

    data: str
    samples: int
    dim: int
    threshold: float
    chosen: bool
    groups: tuple[DuplicatesRow, ...]
    notes: tuple[str, ...] = ()

    @property
    def surplus(self) -> int:
        """Number of samples that remain surplus if one of each group is kept."""
        return sum(len(group.rows) - 1 for group in self.groups)


@dataclass(frozen=True)
class OutlierRow(Record):
    """A sample that is far from its nearest neighbours.

    Attributes:
        row: Its row in the embeddings.
        id: Its name.
        distance: Mean cosine distance to its nearest neighbours.
        ratio: That distance divided by its median over all samples.
        deviations: Robust standard deviations of the distance's logarithm above the median.
        neighbors: Its nearest neighbours.
        text: The text, if samples are texts.
    """

    row: int
    id: str
    distance: float
    ratio: float
    deviations: float
    neighbors: tuple[Neighbor, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class OutliersRecord(Record):
    """The samples that are farthest from their nearest neighbours.

    Attributes:
        data: What was searched.
        samples: Number of embeddings.
        dim: Their dimension.
        k: Neighbours per sample.
        median: Median of the mean distance to the neighbours.
        unusual: Number of samples of more than 3.5 deviations.
        outliers: The samples, the farthest first.
        notes: Notes on the data.
    """

    data: str
    samples: int
    dim: int
    k: int
    median: float
    unusual: int
    outliers: tuple[OutlierRow, ...]
    notes: tuple[str, ...] = ()

"""What a report draws of the hypersphere: points, distances, spectrum."""

from __future__ import annotations

from dataclasses import dataclass

from nearfar.records._record import Record

__all__ = ["GeometryRecord"]


@dataclass(frozen=True)
class GeometryRecord(Record):
    """Shape of a cloud of unit vectors, small enough to be drawn.

    Attributes:
        dim: Dimension of the sphere's ambient space.
        points: Unit vectors seen from their principal directions: three coordinates a point, or
            the exact two where ``dim`` is 2. At most 2,000 points.
        explained: Share of the variance in each coordinate of ``points``.
        ids: What each point is (file name or row), in the order of ``points``.
        positive_distances: Euclidean distance on the sphere for each positive pair, in [0, 2];
            empty where only one view was given.
        random_distances: The same for random pairs of different samples.
        eigenvalues: Of the covariance of the unit vectors, largest first.
    """

    dim: int
    points: tuple[tuple[float, ...], ...]
    explained: tuple[float, ...]
    ids: tuple[str, ...]
    positive_distances: tuple[float, ...]
    random_distances: tuple[float, ...]
    eigenvalues: tuple[float, ...]

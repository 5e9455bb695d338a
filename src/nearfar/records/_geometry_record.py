"""Data for a report's figures of the hypersphere: points, distances, spectrum, local structure."""

from __future__ import annotations

from dataclasses import dataclass, field

from nearfar._signs import counted
from nearfar.records._record import Record

__all__ = ["GeometryRecord"]


@dataclass(frozen=True)
class GeometryRecord(Record):
    """Geometry of a set of unit vectors, subsampled for figures.

    Attributes:
        dim: Dimension of the sphere's ambient space.
        points: At most 2,000 unit vectors, projected to their first three principal directions;
            with ``dim`` 2, the exact two coordinates.
        explained: Fraction of the variance explained by each coordinate of ``points``.
        ids: Name of each point's sample (file name or row), in the order of ``points``.
        positive_distances: Euclidean distance between the unit vectors of each positive pair, in
            [0, 2]; empty if only one view was given.
        random_distances: Euclidean distance between the unit vectors of random pairs of different
            samples, in [0, 2].
        eigenvalues: Eigenvalues of the covariance of the unit vectors, largest first.
        samples: Number of all samples; 0 in a record of an older version.
        layout: Two coordinates of each point in a map that keeps neighbours; empty if there are too
            few points, and in a record of an older version.
        readings: Measurements of each point, by name: ``local_dimension``, ``length`` (relative to
            the median), ``neighbors_kept`` (share of the nearest neighbours that both views have in
            common) and ``partner_rank`` (share of other samples whose second view is nearer than
            its own). NaN where a measurement is undefined.
        representation_dim: Dimension of the representations; 0 if they were not given.
        representation_eigenvalues: Eigenvalues of the covariance of their unit vectors.
    """

    dim: int
    points: tuple[tuple[float, ...], ...]
    explained: tuple[float, ...]
    ids: tuple[str, ...]
    positive_distances: tuple[float, ...]
    random_distances: tuple[float, ...]
    eigenvalues: tuple[float, ...]
    samples: int = 0
    layout: tuple[tuple[float, ...], ...] = ()
    readings: dict[str, tuple[float, ...]] = field(default_factory=dict)
    representation_dim: int = 0
    representation_eigenvalues: tuple[float, ...] = ()

    def __repr__(self) -> str:
        """Numbers of points and pairs."""
        return (
            f"<geometry: {counted(len(self.points), 'point')} of {counted(self.dim, 'dimension')},"
            f" {counted(len(self.positive_distances), 'positive pair')}>"
        )

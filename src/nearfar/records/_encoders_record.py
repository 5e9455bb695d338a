"""Encoders of several runs on the same samples."""

from __future__ import annotations

from dataclasses import dataclass

from nearfar._signs import counted
from nearfar.records._gallery_record import Exhibit
from nearfar.records._geometry_record import GeometryRecord
from nearfar.records._record import Record

__all__ = ["EncodersRecord"]


@dataclass(frozen=True)
class EncodersRecord(Record):
    """How similar the representations of several encoders are, and a map of each.

    Attributes:
        runs: Names of the runs.
        data: Description of the data that all of them embed.
        samples: Number of samples.
        neighbors: Number of neighbours that are compared.
        overlap: For each pair of runs, the share of nearest neighbours in common.
        cka: For each pair of runs, linear centred kernel alignment.
        geometries: Points and readings of each run, of the same samples in the same order; the
            reading ``neighbors_kept`` is the share of neighbours in common with the first run, of
            the first run with the second.
        pictures: The samples as small pictures or texts, each with its name as the caption.
        notes: Runs that are left out, each with the reason.
    """

    runs: tuple[str, ...] = ()
    data: str = ""
    samples: int = 0
    neighbors: int = 0
    overlap: tuple[tuple[float, ...], ...] = ()
    cka: tuple[tuple[float, ...], ...] = ()
    geometries: tuple[GeometryRecord, ...] = ()
    pictures: tuple[Exhibit, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Numbers of runs and samples."""
        return f"<{counted(len(self.runs), 'encoder')} on {counted(self.samples, 'sample')}>"

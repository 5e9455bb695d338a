"""Rows of a benchmark: measurements with their provenance."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from nearfar.records import Provenance, Record, write_text

__all__ = ["BenchRow", "ObjectiveRow", "write_csv"]


@dataclass(frozen=True)
class BenchRow(Record):
    """The speed of one variant, measured in turns with the others of its benchmark.

    Attributes:
        name: Name of the benchmark.
        variant: Implementation.
        batch: Images per batch.
        size: Side of an image in pixels.
        dtype: Data type of the result.
        median_seconds: Seconds per batch, median over the rounds.
        images_per_second: Views or training images per second.
        ratio: Speed of nearfar over that of this variant, median over the rounds.
        peak_memory: Additional peak memory in MiB; 0 if not measured.
        provenance: Versions, machine, commit, date.
        note: Conditions of the measurement, or why a variant was not measured.
    """

    name: str
    variant: str
    batch: int
    size: int
    dtype: str
    median_seconds: float
    images_per_second: float
    ratio: float
    peak_memory: float
    provenance: Provenance
    note: str = ""

    shown: ClassVar = ("variant", "images_per_second", "ratio", "peak_memory", "note")


@dataclass(frozen=True)
class ObjectiveRow(Record):
    """The speed of one implementation of an objective, forward and backward.

    Attributes:
        name: Name of the objective.
        variant: Implementation.
        batch: Samples per batch, or keys of a queue.
        dim: Dimensions of the vectors.
        dtype: Data type of the vectors.
        median_seconds: Seconds per batch, median over the rounds.
        pairs_per_second: Pairs of vectors compared per second.
        ratio: Pairs per second of nearfar over those of this variant.
        peak_memory: Additional peak memory of one run in MiB.
        provenance: Versions, machine, commit, date.
        note: Conditions of the measurement, or why a variant was not measured.
    """

    name: str
    variant: str
    batch: int
    dim: int
    dtype: str
    median_seconds: float
    pairs_per_second: float
    ratio: float
    peak_memory: float
    provenance: Provenance
    note: str = ""

    shown: ClassVar = ("name", "batch", "variant", "median_seconds", "ratio", "peak_memory", "note")


def write_csv(rows: Sequence[BenchRow] | Sequence[ObjectiveRow], path: Path) -> None:
    """Write one line per row, with columns for the provenance; atomically."""
    columns = [field.name for field in dataclasses.fields(rows[0]) if field.name != "provenance"]
    origin = [field.name for field in dataclasses.fields(Provenance)]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*columns, *origin])
    for row in rows:
        numbers = [getattr(row, name) for name in columns]
        shown = [f"{value:.6g}" if isinstance(value, float) else value for value in numbers]
        table.writerow([*shown, *(getattr(row.provenance, name) for name in origin)])
    write_text(path, text.getvalue())

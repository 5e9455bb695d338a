"""Tables of near duplicates and outliers, as CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from nearfar.records import DuplicatesRecord, OutliersRecord, write_text

__all__ = ["write_table"]


def write_table(path: str | Path, record: DuplicatesRecord | OutliersRecord) -> None:
    """Write duplicates or outliers as a table, one line per sample.

    Args:
        path: The ``.csv`` file.
        record: The duplicates or outliers.
    """
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    if isinstance(record, DuplicatesRecord):
        write(["group", "row", "id", "copy_of_row", "lowest_similarity"])
        for number, group in enumerate(record.groups):
            for row, name, first in zip(group.rows, group.ids, group.first, strict=True):
                write([number, row, name, "" if first == row else first, f"{group.lowest:.6f}"])
    else:
        write(["row", "id", "distance", "ratio_to_median", "deviations"])
        for found in record.outliers:
            numbers = (found.distance, found.ratio, found.deviations)
            write([found.row, found.id, *(f"{value:.6g}" for value in numbers)])
    write_text(Path(path), text.getvalue())

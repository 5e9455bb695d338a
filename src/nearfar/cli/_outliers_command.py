"""``nearfar outliers``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from nearfar.cli._console import print_json, print_line
from nearfar.cli._flags import values_of
from nearfar.cli._next_commands import print_steps, repeated, shell
from nearfar.cli._search_output import excerpt, page_of
from nearfar.cli._terminal_tables import cell, print_notes, print_rows

__all__ = ["outliers"]


def outliers(
    embeddings: Path,
    /,
    *,
    top: int = 20,
    k: int = 10,
    data: str | None = None,
    out: Path | None = None,
    side: Literal["x", "s"] | None = None,
    json: bool = False,
    **options: str,
) -> None:
    """Find the samples that are farthest from their nearest neighbours.

    The distance of a sample is the mean of 1 − cosine to its k nearest neighbours. Its deviations
    are (ln distance − median) / (1.4826 · median absolute deviation), over all samples; above 3.5 a
    sample is unusual.

    Args:
        embeddings: Directory of a run, whose encoder embeds its data; or a file of embeddings from
            any source: .npz, .npy, .parquet or a table of numbers.
        top: Number of samples.
        k: Neighbours per sample.
        data: The samples, if not those that the run was trained on; for a file of embeddings, the
            samples to show.
        out: HTML page to write; by default `outliers.html` in the run, or next to the file. The
            table is in a .csv file of the same name.
        side: Side of pairs: the inputs `x` (the default) or the signals `s`.
        json: Print JSON instead of a table.
        options: Options for loading the data, if different from the run's: `--column abstract`.
    """
    from nearfar import api

    page = page_of(embeddings, "outliers", out)
    record = api.outliers(
        embeddings, top=top, k=k, data=data, side=side, report=page, **values_of(options)
    )
    table = page.with_suffix(".csv")
    api.write_table(table, record)
    if json:
        print_json(record.to_json())
        return
    print_line("data", f"{record.data} · {record.samples:,} × {record.dim:,} dimensions")
    print_notes(record.notes)
    print_line(
        "found",
        f"{record.unusual:,} of {record.samples:,} samples are unusual (more than 3.5 deviations);"
        f" median distance {cell(record.median)}",
    )
    rows = [
        {"row": found.row, "id": found.id}
        | ({"text": excerpt(found.text)} if found.text else {})
        | {
            "distance": found.distance,
            "× median": f"{found.ratio:.1f}",
            "deviations": f"{found.deviations:.1f}",
        }
        for found in record.outliers
    ]
    print_rows(rows, title=f"mean distance to the {record.k} nearest neighbours")
    print_line("saved", f"{page} · {table}")
    same = [str(embeddings), *repeated(data=data, side=side, **options)]
    row = record.outliers[0].row
    nearest = (shell("neighbours", *same, "--of", str(row)), "what the first is nearest to")
    print_steps([nearest, (shell("duplicates", *same), "find near duplicates")])
